/** What nsupdate is told; test/integration/name-servers.test.ts runs the real one. */
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { anyName, anyRecord } from '../../../test/doubles/records.ts';
import { nsupdateInput, openNsupdate } from './nsupdate.ts';

const add = [
  { name: 's1._domainkey.example.test', type: 'TXT', strings: ['a"b\\', 'c'], ttlSeconds: 60 },
] as const;
const update = { zone: 'example.test', remove: [], add };

test('servers by address and name, with port and without', () => {
  const first = (server: string): string => {
    const input = nsupdateInput(server, update);
    return input.ok ? (input.value.split('\n')[0] ?? '') : input.error;
  };
  assert.equal(first('127.0.0.1:5353'), 'server 127.0.0.1 5353');
  assert.equal(first('ns1.example.test'), 'server ns1.example.test 53');
  assert.equal(first('[2001:db8::1]:5353'), 'server 2001:db8::1 5353');
  assert.equal(first('2001:db8::1'), 'server 2001:db8::1 53');
  assert.equal(first('a b'), 'a b is not a name server');
});

test('removed first, then added, and only if nothing is there', () => {
  const input = nsupdateInput('ns1.example.test', {
    ...update,
    remove: [{ name: 'old.example.test', type: 'MX', preference: 0, exchange: '', ttlSeconds: 5 }],
    absent: [{ name: 's1._domainkey.example.test', type: 'TXT' }],
    standing: [{ name: 'example.test', type: 'TXT', strings: ['v=spf1 -all'], ttlSeconds: 5 }],
    unused: ['shop.example.test'],
  });
  assert.ok(input.ok);
  assert.equal(
    input.value,
    `server ns1.example.test 53
zone example.test.
prereq nxrrset s1._domainkey.example.test. IN TXT
prereq nxdomain shop.example.test.
prereq yxrrset example.test. IN TXT "v=spf1 -all"
update delete old.example.test. IN MX 0 .
update add s1._domainkey.example.test. 60 IN TXT "a\\"b\\\\" "c"
send
`,
  );
  assert.ok(!nsupdateInput('ns1.example.test', { zone: 'example.test', remove: [], add: [] }).ok);
});

test('no value of a record becomes a command', () => {
  fc.assert(
    fc.property(
      fc.array(anyRecord(anyName), { minLength: 1, maxLength: 5 }),
      anyName,
      (records, zone) => {
        const input = nsupdateInput('127.0.0.1', { zone, remove: records, add: records });
        assert.ok(input.ok && /^[\n -~]*$/.test(input.value));
        const words = input.value
          .trim()
          .split('\n')
          .map((line) => line.split(' ')[0]);
        const want = ['server', 'zone', ...[...records, ...records].map(() => 'update'), 'send'];
        assert.deepEqual(words, want);
      },
    ),
  );
});

test('a key that anybody can read, or that is not there, is refused', () => {
  const dir = mkdtempSync(join(tmpdir(), 'pnk-'));
  try {
    const keyFile = join(dir, 'key');
    const open = (): unknown => openNsupdate({ server: '127.0.0.1', keyFile });
    assert.throws(open, /the TSIG key .* cannot be read/);
    writeFileSync(keyFile, 'key "x" { };');
    chmodSync(keyFile, 0o644);
    assert.throws(open, /every user can read/);
    chmodSync(keyFile, 0o640);
    assert.doesNotThrow(open);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test('a program that is not there is a failure in one line', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'pnk-'));
  try {
    const keyFile = join(dir, 'key');
    writeFileSync(keyFile, 'key "x" { };', { mode: 0o600 });
    const change = openNsupdate({ server: '127.0.0.1', keyFile, program: '/nonexistent' });
    const done = await change(update);
    assert.ok(!done.ok);
    assert.match(
      done.error,
      /^127\.0\.0\.1 did not change example\.test: nsupdate failed .*is not installed/,
    );
    assert.ok(!done.error.includes('\n'));
  } finally {
    rmSync(dir, { recursive: true });
  }
});
