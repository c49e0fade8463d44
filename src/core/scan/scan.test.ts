import assert from 'node:assert/strict';
import { test } from 'node:test';
import { combine } from './combine.ts';
import { maskedRules, maskOf } from './masked-rules.ts';
import type { ScanReport } from './report.ts';

const quiet = { missing: [], scans: 1, reused: 0, tookMs: 5 };
const spamassassin: ScanReport = {
  scanner: 'spamassassin',
  score: 9.4,
  required: 5,
  rules: [
    { name: 'RDNS_NONE', points: 0.8 },
    { name: 'RCVD_IN_PBL', points: 3.3 },
    { name: 'FREEMAIL_FROM', points: 0 },
    { name: 'URI_PHISH', points: 4 },
    { name: 'ALL_TRUSTED', points: -1 },
  ],
  virus: '',
};

test('rules about where the client sits are masked, those about what is written are not', () => {
  const isMasked = maskOf(maskedRules);
  for (const name of ['RDNS_NONE', 'RDNS_DYNAMIC', 'HELO_DYNAMIC_IPADDR2', 'RCVD_IN_SBL_CSS']) {
    assert.ok(isMasked(name), name);
  }
  for (const name of [
    'BAYES_99',
    'GTUBE',
    'URIBL_BLACK',
    'SUBJ_ALL_CAPS',
    'MISSING_MID',
    'FUZZY_DENIED',
  ]) {
    assert.ok(!isMasked(name), name);
  }
});

test('a pattern is a pattern, not an expression', () => {
  const isMasked = maskOf(['A.B', 'C+*']);
  assert.deepEqual(['A.B', 'AxB', 'C+D', 'CCD'].map(isMasked), [true, false, true, false]);
  assert.equal(maskOf([])('ANY'), false);
});

test('masked points are taken off, whichever sign they have', () => {
  const scan = combine({ reports: [spamassassin], ...quiet }, maskOf(maskedRules));
  assert.equal(scan.score, 6.3);
  assert.equal(scan.likeness, 6.3 / 5);
  assert.deepEqual(
    scan.rules.map(({ name }) => name),
    ['URI_PHISH', 'FREEMAIL_FROM'],
  );
  assert.deepEqual(
    scan.masked.map(({ name }) => name),
    ['RCVD_IN_PBL', 'RDNS_NONE', 'ALL_TRUSTED'],
  );
});

test('of two scanners the one counts that finds it worse by its own measure', () => {
  const rspamd: ScanReport = {
    ...spamassassin,
    scanner: 'rspamd',
    score: 6,
    required: 6,
    rules: [],
  };
  const clamav: ScanReport = {
    scanner: 'clamav',
    score: 0,
    required: 0,
    rules: [],
    virus: 'Eicar',
  };
  const scan = combine({ reports: [rspamd, spamassassin, clamav], ...quiet }, maskOf(maskedRules));
  assert.deepEqual([scan.by, scan.virus], ['spamassassin', 'Eicar']);
  const alone = combine({ reports: [clamav], ...quiet, missing: ['spamassassin'] }, maskOf([]));
  assert.deepEqual([alone.by, alone.likeness, alone.missing], ['', 0, ['spamassassin']]);
});
