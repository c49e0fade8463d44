/** What is noted of a script, and which rule it would fit. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { header, scriptMail, scriptRule } from '../../../test/doubles/mail.ts';
import type { Millis } from '../../lib/time.ts';
import type { ScriptFinding } from '../script-mail.ts';
import { countedMax, noted, type ScriptSeen, suggested } from './register.ts';
import { judgeScriptMail } from './rules.ts';

const nothing: ScriptFinding = { verdict: 'pass', reasons: [], findings: [], rule: '' };

function seen(
  mails: readonly { readonly to: readonly string[]; readonly from?: string }[],
  finding = nothing,
): ScriptSeen {
  let row: ScriptSeen | undefined;
  mails.forEach(({ to, from = 'web@shop.example' }, number) => {
    const mail = scriptMail({ recipients: to, header: header(`From: ${from}\nTo: x@y.example`) });
    row = noted(row, mail, finding, number as Millis);
  });
  assert.ok(row !== undefined);
  return row;
}

const owner = 'owner@shop.example';
const visitors = Array.from({ length: 100 }, (_, n) => ({ to: [owner, `v${n}@sit.example`] }));

test('a form: its owner is seen among a hundred visitors, and suggested', () => {
  const row = seen(visitors);
  assert.deepEqual([row.messages, row.recipients, row.recipientsMost], [100, 200, 2]);
  assert.deepEqual([row.firstAt, row.lastAt, row.to.length], [0, 99, countedMax]);
  assert.deepEqual(row.to[0], { key: owner, count: 100 });
  assert.deepEqual(suggested(row), {
    recipients: { kind: 'owner-and-visitor', owners: [owner] },
    from: ['web@shop.example'],
  });
});

test('a report to the same two people: they are the list', () => {
  const row = seen(Array.from({ length: 5 }, () => ({ to: [owner, 'admin@shop.example'] })));
  assert.deepEqual(suggested(row)?.recipients, {
    kind: 'listed',
    entries: [owner, 'admin@shop.example'],
  });
});

test('no suggestion for a newsletter or after two messages; a From that varies is left out', () => {
  const crowd = Array.from({ length: 30 }, (_, n) => ({
    to: [`a${n}@x.example`, `b${n}@x.example`],
  }));
  assert.equal(suggested(seen(crowd)), undefined);
  assert.equal(suggested(seen(visitors.slice(0, 2))), undefined);
  const asVisitor = visitors.map((mail, n) => ({ ...mail, from: `v${n}@sit${n}.example` }));
  assert.deepEqual(suggested(seen(asVisitor))?.from, []);
  const sameDomain = visitors
    .slice(0, 9)
    .map((mail, n) => ({ ...mail, from: `v${n}@shop.example` }));
  assert.deepEqual(suggested(seen(sameDomain))?.from, ['@shop.example']);
});

test('what was odd last stays told; that no rule knows it is not odd', () => {
  const unknown: ScriptFinding = {
    ...nothing,
    findings: [{ signal: 'script-unknown', script: '/x.php', user: 'shop' }],
  };
  assert.deepEqual([seen(visitors, unknown).odd, seen(visitors, unknown).oddAt], [0, undefined]);
  const odd: ScriptFinding = {
    ...nothing,
    findings: [...unknown.findings, { signal: 'header-injection', found: 'x'.repeat(1_000) }],
  };
  const row = noted(seen([{ to: [owner] }], odd), scriptMail(), nothing, 9 as Millis);
  assert.deepEqual([row.odd, row.oddAt, row.oddText.length, row.messages], [1, 0, 300, 2]);
});

test('nothing is learned from an attack: its owner is still seen, and suggested', () => {
  let row: ScriptSeen | undefined;
  const odd: ScriptFinding = {
    ...nothing,
    findings: [{ signal: 'header-injection', found: 'x' }],
  };
  for (let n = 0; n < 60; n++) {
    const honest = scriptMail({ recipients: [owner, `v${n}@sit.example`] });
    const crowd = Array.from({ length: 40 }, (_, i) => `s${n}-${i}@x.example`);
    row = noted(row, honest, nothing, n as Millis);
    row = noted(row, scriptMail({ recipients: [...crowd, owner] }), odd, n as Millis);
  }
  assert.deepEqual([row?.messages, row?.odd, row?.recipientsMost], [120, 60, 2]);
  assert.deepEqual(row?.to[0], { key: owner, count: 60 });
  assert.deepEqual(row === undefined ? undefined : suggested(row)?.recipients, {
    kind: 'owner-and-visitor',
    owners: [owner],
  });
});

test('what is suggested lets pass what was seen', () => {
  const address = fc.integer({ min: 0, max: 20 }).map((n) => `a${n}@x.example`);
  const mail = fc.record({ to: fc.uniqueArray(address, { minLength: 1, maxLength: 3 }) });
  fc.assert(
    fc.property(fc.array(mail, { minLength: 1, maxLength: 60 }), (mails) => {
      const row = seen(mails);
      assert.ok(row.to.length <= countedMax);
      const rule = suggested(row);
      if (rule === undefined) return;
      for (const { to } of mails) {
        const found = judgeScriptMail(
          {
            mode: 'guard',
            trustedUsers: new Set<string>(),
            sentLately: () => 0,
            rules: [scriptRule(rule)],
          },
          scriptMail({ recipients: to, header: header('From: web@shop.example') }),
        );
        const strangers = to.filter((one) => !owners(rule).includes(one));
        if (rule.recipients.kind === 'listed' || strangers.length <= 1) {
          assert.deepEqual(found.reasons, []);
        }
      }
    }),
  );
});

function owners({ recipients }: NonNullable<ReturnType<typeof suggested>>): readonly string[] {
  return recipients.kind === 'owner-and-visitor' ? recipients.owners : [];
}
