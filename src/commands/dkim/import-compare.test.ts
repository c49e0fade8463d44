/** `--compare` says only what was compared. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { type ComparedDomain, comparedText } from './import-compare.ts';
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
