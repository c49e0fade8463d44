import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openZoneFinder, updatableZones } from './zone-updates.ts';

test('the closest of the configured zones is the one to change', () => {
  const zones = updatableZones([
    { zones: ['Example.org.', 'sub.example.org'], server: 'a' },
    { zones: ['example.org'], server: 'b' },
  ]);
  const zoneOf = openZoneFinder(zones);
  const found = (name: string): string | undefined => {
    const one = zoneOf(name);
    return one && `${one.zone} on ${one.update.server}`;
  };
  assert.equal(found('S1._domainkey.example.ORG'), 'example.org on a');
  assert.equal(found('s1._domainkey.sub.example.org'), 'sub.example.org on a');
  assert.equal(found('example.org'), 'example.org on a');
  assert.equal(found('badexample.org'), undefined);
});
