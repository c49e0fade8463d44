import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Finding, fine } from '../finding.ts';
import { requirements } from './requirements.ts';

const good = ['spf', 'dkim', 'dmarc', 'host.reverse.192.0.2.1', 'host.helo'].map((id) =>
  fine(id, '', ''),
);
const but = (id: string, kind: Finding['kind']): readonly Finding[] => [
  ...good.filter((one) => one.id !== id),
  { id, kind, title: '', found: '', wanted: '', fix: '' },
];
const said = (findings: readonly Finding[], bulk: boolean): string =>
  requirements(findings, { bulk })
    .map(({ met }) => met)
    .join(' ');

const rows: readonly (readonly [string, readonly Finding[], boolean, string])[] = [
  ['a small sender in order', good, false, 'yes yes yes unseen'],
  ['a big one in order', good, true, 'yes yes yes yes yes yes unseen unseen unseen'],
  ['no SPF, small', but('spf', 'fail'), false, 'yes yes yes unseen'],
  ['no SPF, big', but('spf', 'fail'), true, 'yes yes yes no yes yes unseen unseen unseen'],
  [
    'nobody knows',
    but('dmarc', 'unknown'),
    true,
    'yes yes yes yes unknown yes unseen unseen unseen',
  ],
  ['only untidy', but('dmarc', 'warn'), true, 'yes yes yes yes yes yes unseen unseen unseen'],
  ['no PTR', but('host.reverse.192.0.2.1', 'fail'), false, 'yes no no unseen'],
  ['nothing was looked at', [], false, 'unknown unknown unknown unseen'],
];
for (const [name, findings, bulk, wanted] of rows) {
  test(`what providers require: ${name}`, () => assert.equal(said(findings, bulk), wanted));
}
