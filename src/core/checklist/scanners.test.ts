import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkScanner, type ScannerFacts } from './scanners.ts';

const well: ScannerFacts = {
  name: 'clamav',
  address: 'unix:/run/clamd',
  guard: 'unix:/run/clamd',
  tried: { kind: 'known', tookMs: 12 },
};
const rows: readonly (readonly [string, Partial<ScannerFacts>, string, RegExp, RegExp])[] = [
  ['all is well', {}, 'ok', /12 ms/, /^$/],
  ['no guard runs', { guard: 'no guard' }, 'ok', /12 ms/, /^$/],
  [
    'nobody there',
    { tried: { kind: 'failed', why: 'connect ENOENT' } },
    'fail',
    /^connect ENOENT; mail goes without it$/,
    /clamav-daemon/,
  ],
  ['it finds nothing', { tried: { kind: 'unknown' } }, 'fail', /finds nothing/, /freshclam/],
  ['the guard was not told', { guard: undefined }, 'fail', /does not ask it/, /reload/],
  [
    'only root may open it',
    { guard: 'unix:/run/clamd (does not answer)' },
    'fail',
    /answers me, and to the guard it is unix:\/run\/clamd \(does not answer\)/,
    /guard's user open \/run\/clamd/,
  ],
];
for (const [name, more, kind, found, mend] of rows) {
  test(`doctor on scanners: ${name}`, () => {
    const finding = checkScanner({ ...well, ...more }, 'pass');
    assert.equal(finding.kind, kind);
    assert.match(finding.found, found);
    assert.match(finding.mend, mend);
  });
}

test('doctor says what becomes of mail meanwhile', () => {
  const finding = checkScanner({ ...well, tried: { kind: 'unknown' } }, 'delay');
  assert.match(finding.found, /mail is delayed \(scan\.when_down\)$/);
});
