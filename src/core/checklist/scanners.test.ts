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
    /^connect ENOENT; mail goes out without its scan \(scan\.when_down\)$/,
    /clamav-daemon/,
  ],
  ['it finds nothing', { tried: { kind: 'unknown' } }, 'fail', /does not recognise/, /freshclam/],
  ['the guard was not told', { guard: undefined }, 'fail', /does not use it/, /reload/],
  [
    'only root may open it',
    { guard: 'unix:/run/clamd (does not answer)' },
    'fail',
    /answers this command, but the guard has unix:\/run\/clamd \(does not answer\)/,
    /guard's user open \/run\/clamd/,
  ],
];
for (const [name, more, kind, found, fix] of rows) {
  test(`doctor on scanners: ${name}`, () => {
    const finding = checkScanner({ ...well, ...more }, 'pass');
    assert.equal(finding.kind, kind);
    assert.match(finding.found, found);
    assert.match(finding.fix, fix);
  });
}

test('doctor says what happens to mail meanwhile', () => {
  const finding = checkScanner({ ...well, tried: { kind: 'unknown' } }, 'delay');
  assert.match(finding.found, /mail is delayed \(scan\.when_down\)$/);
});
