/** `--compare` says only what was compared. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { minuteMs } from '../../lib/time.ts';
import { askOld, type ComparedDomain, comparedText } from './import-compare.ts';
import { type ImportReport, leftOut } from './import-text.ts';

const one = (from: string, more: Partial<ComparedDomain> = {}): ComparedDomain => ({
  from,
  old: [],
  postern: [`s of ${from}`],
  same: false,
  loses: false,
  fault: '',
  ...more,
});
const report = (compared: readonly ComparedDomain[]): ImportReport => ({
  lines: [{ key: 's._domainkey.a.example', taken: true, text: 'is known already' }],
  takeover: {
    rules: { identity: '', domains: new Map() },
    missing: { identity: '', domains: new Map() },
    unsigned: [],
    notes: [],
  },
  allowed: [],
  proposals: [],
  declared: [],
  notes: [],
  gaps: [],
  compared,
});

test('a signer that cannot be asked differs in nothing, and the reason is said once', () => {
  const fault = 'rspamd cannot be asked: connect ECONNREFUSED';
  const compared = [one('a.example', { fault }), one('b.example', { fault })];
  const text = stripVTControlCharacters(comparedText('rspamd', compared));
  assert.match(text, /^a\.example +not asked +s of a\.example +not compared$/m);
  assert.match(text, /^nothing was compared\n2 not compared: rspamd cannot be asked: .*\n$/m);
  assert.equal(text.split(fault).length, 2);
  assert.equal(leftOut(report(compared)), '2 domains not compared');
});

test('what was compared is counted apart', () => {
  const compared = [
    one('a.example', { same: true }),
    one('b.example', { loses: true, old: ['t of b.example'] }),
    one('c.example', { fault: 'defers the message' }),
    one('d.example'),
  ];
  const text = stripVTControlCharacters(comparedText('opendkim', compared));
  assert.match(text, /^a\.example .* same$/m);
  assert.match(text, /^b\.example .* differs$/m);
  assert.match(text, /^d\.example .* Postern signs more$/m);
  assert.match(text, /^3 compared, 2 with a difference\n1 not compared: defers the message\n$/m);
  assert.equal(leftOut(report(compared)), '1 domain signed differently; 1 domain not compared');
});

const setup = (count: number) => ({
  froms: Array.from({ length: count }, (_, n) => ({ host: `d${n}.example`, user: undefined })),
});

test('beyond 1,000 domains none is tried, and each is named', async () => {
  const asked: string[] = [];
  const ask = async (
    _: string,
    { host }: { readonly host: string },
  ): Promise<readonly string[]> => {
    asked.push(host);
    return [];
  };
  const answers = await askOld(setup(1_003), ask, () => 0);
  assert.equal(asked.length, 1_000);
  assert.deepEqual(
    answers.filter(({ fault }) => fault !== '').map(({ from, fault }) => `${from}: ${fault}`),
    [1_000, 1_001, 1_002].map((n) => `d${n}.example: only 1000 domains are tried`),
  );
  const compared = answers.map(({ from, fault }) => one(from, { fault, same: fault === '' }));
  assert.match(
    comparedText('opendkim', compared),
    /^3 not compared: only 1000 domains are tried$/m,
  );
  assert.equal(leftOut(report(compared)), '3 domains not compared');
});

test('after two minutes of failures the signer is not asked again', async () => {
  let now = 0;
  let asked = 0;
  const ask = async (): Promise<readonly string[]> => {
    asked++;
    now += minuteMs;
    if (asked > 5) throw new Error('no answer in time');
    return [];
  };
  const answers = await askOld(setup(20), ask, () => now);
  assert.equal(asked, 7);
  assert.deepEqual(
    answers.map(({ fault }) => fault),
    [...Array(5).fill(''), ...Array(15).fill('no answer in time')],
  );
});
