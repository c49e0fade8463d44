import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clamavEvidence } from './clamav-evidence.ts';
import { combine } from './combine.ts';
import { looksLikeSpam } from './likeness.ts';
import { maskedRules, maskOf } from './masked-rules.ts';
import type { ScanReport } from './report.ts';

const quiet = { missing: [], tooBig: [], scans: 1, reused: 0, tookMs: 5 };
const weights = { isMasked: maskOf(maskedRules), isEvidence: maskOf(clamavEvidence) };
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
  const scan = combine({ reports: [spamassassin], ...quiet }, weights);
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
  const scan = combine({ reports: [rspamd, spamassassin, clamav], ...quiet }, weights);
  assert.deepEqual([scan.by, scan.virus], ['spamassassin', 'Eicar']);
  const alone = combine({ reports: [clamav], ...quiet, missing: ['spamassassin'] }, weights);
  assert.deepEqual([alone.by, alone.likeness, alone.missing], ['', 0, ['spamassassin']]);
});

/** What rspamd says: its score, its action, required_score, where it marks if it says so. */
function rspamdSays(
  score: number,
  name: string,
  highest: number,
  more: { readonly required?: number; readonly masked?: number } = {},
): ScanReport {
  const { required = 0, masked = 0 } = more;
  const isSpam = ['add header', 'rewrite subject', 'reject'].includes(name);
  const rules = masked === 0 ? [] : [{ name: 'RBL_X', points: masked }];
  return {
    scanner: 'rspamd',
    score,
    required,
    action: { name, isSpam, highest },
    rules,
    virus: '',
  };
}

const rspamdCases: readonly (readonly [string, ScanReport, likeness: number])[] = [
  ['reject = 500, marked', rspamdSays(17.6, 'add header', 500), 1],
  ['reject = 500, not marked', rspamdSays(5, 'greylist', 500), 0.01],
  ['only add_header = 6', rspamdSays(4.5, 'no action', 6), 0.75],
  ['only add_header = 6, marked', rspamdSays(9, 'add header', 6), 1.5],
  ['twice the limit of its refusal', rspamdSays(30, 'reject', 15), 2],
  ['its answer names the limits', rspamdSays(8, 'add header', 15, { required: 8 }), 1],
  ['below the named limit', rspamdSays(6, 'greylist', 15, { required: 8 }), 0.75],
  ['an action that a rule forces', rspamdSays(0, 'reject', 6), 1],
  ['forced, with the limits', rspamdSays(2, 'reject', 15, { required: 6, masked: 2 }), 1],
  ['no limit at all', rspamdSays(9, 'no action', 0), 0],
  ['a limit that is not for spam', rspamdSays(9, 'greylist', 4), 0],
  [
    'a rule that does not count led to the mark',
    rspamdSays(8, 'add header', 15, { masked: 2 }),
    0.75,
  ],
];
for (const [what, report, likeness] of rspamdCases) {
  test(`rspamd, ${what}: ${likeness}`, () => {
    const scan = combine({ reports: [report], ...quiet }, weights);
    assert.deepEqual([scan.by, scan.likeness], ['rspamd', likeness]);
  });
}

test('ClamAV: what is only a sign is evidence, and a virus beside it is still a virus', () => {
  const nothing: ScanReport = { scanner: 'clamav', score: 0, required: 0, rules: [], virus: '' };
  const found = (virus: string): ScanReport => ({ ...nothing, virus });
  const scanOf = (...names: readonly string[]) =>
    combine({ reports: names.map(found), ...quiet }, weights);
  for (const name of [
    'Heuristics.Phishing.Email.SpoofedDomain',
    'PUA.Win.Packer.Upx-4',
    'Html.Phishing.Bank-532',
    'Sanesecurity.Junk.4711.UNOFFICIAL',
    'SecuriteInfo.com.Spam.UNOFFICIAL',
  ]) {
    const scan = scanOf(name);
    assert.deepEqual([scan.virus, scan.suspected, looksLikeSpam(scan)], ['', name, true]);
  }
  for (const name of ['Win.Test.EICAR_HDB-1', 'Eicar-Test-Signature', 'Our.Own.UNOFFICIAL']) {
    assert.deepEqual([scanOf(name).virus, scanOf(name).suspected], [name, '']);
  }
  const both = scanOf('PUA.Doc.Macro', 'Doc.Dropper.Agent-1');
  assert.deepEqual([both.virus, both.suspected], ['Doc.Dropper.Agent-1', 'PUA.Doc.Macro']);
});
