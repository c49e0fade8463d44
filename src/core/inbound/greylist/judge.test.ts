import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dayMs, type Millis, minuteMs } from '../../../lib/time.ts';
import type { InboundFacts } from './facts.ts';
import { judgeDue, judgeMessage, rememberMessage } from './judge.ts';
import type { JudgePolicy } from './judgement.ts';
import type { InboundKnowledge, Known, KnownKind } from './knowledge.ts';

const at = (day: number): Millis => (day * dayMs) as Millis;
const policy: JudgePolicy = {
  stance: 'wait',
  waitMs: 10 * minuteMs,
  learningUntil: at(0),
  isOurs: (domain) => domain === 'here.example',
  organisationOf: (domain) => domain.split('.').slice(-2).join('.'),
};

/** A bot: no name, a private HELO name, nothing that proves its domain. */
const bot = (more: Partial<InboundFacts> = {}): InboundFacts => ({
  at: at(10),
  client: '192.0.2.66',
  clientName: '',
  reverseName: '',
  helo: 'pc.lan',
  sender: 'win@shop.example',
  recipients: ['ann@here.example'],
  spf: 'none',
  spfDomain: 'shop.example',
  dnswl: undefined,
  dnsbl: undefined,
  isEarlyTalker: false,
  badRecipients: 0,
  signers: [],
  answers: [],
  isProvenReturn: false,
  saysCode: false,
  likeness: 0.2,
  ...more,
});
const honest: Partial<InboundFacts> = {
  clientName: 'out.shop.example',
  reverseName: 'out.shop.example',
  helo: 'out.shop.example',
  spf: 'pass',
};

function knowing(...names: readonly (readonly [KnownKind, string])[]): InboundKnowledge {
  const all = new Map<string, Known>();
  const see: InboundKnowledge['see'] = (kind, name, when) => {
    const before = all.get(`${kind} ${name}`);
    const times = (before?.times ?? 0) + 1;
    all.set(`${kind} ${name}`, { firstAt: before?.firstAt ?? when, lastAt: when, times });
  };
  for (const [kind, name] of names) see(kind, name, at(1));
  return {
    find: (kind, name) => all.get(`${kind} ${name}`),
    see,
    forget: (kind, name) => void all.delete(`${kind} ${name}`),
  };
}
const action = (facts: InboundFacts, known = knowing(), more: Partial<JudgePolicy> = {}): string =>
  judgeMessage(facts, known, { ...policy, ...more }).action;

test('a bot waits, a proper first-seen sender passes, and spam by its content is junk', () => {
  assert.equal(action(bot()), 'wait');
  assert.equal(action(bot(honest)), 'pass');
  assert.equal(action(bot({ ...honest, likeness: 1.3 })), 'junk');
  assert.equal(action(bot(), knowing(), { stance: 'defer' }), 'defer');
  assert.equal(action(bot(), knowing(), { waitMs: 0 }), 'pass');
  const { action: done, would } = judgeMessage(bot(), knowing(), { ...policy, stance: 'observe' });
  assert.deepEqual([done, would], ['pass', 'wait']);
});

for (const [what, more, known] of [
  ['someone here has written to it', {}, ['written-to', 'win@shop.example']],
  ['it answers our mail', { answers: ['<1@here.example>'] }, ['message-id', '<1@here.example>']],
  ['the operator lists it', {}, ['allowed', '@shop.example']],
  ['the operator lists its address', {}, ['allowed', '192.0.2.66']],
  ['its client is on a list of good senders', { dnswl: 'low' }, undefined],
  ['one recipient is postmaster', { recipients: ['a@b.c', 'postmaster@b.c'] }, undefined],
  ['it proves that it is a return of ours', { isProvenReturn: true }, undefined],
] as const) {
  test(`a bot passes if ${what}`, () => {
    const knowledge = known === undefined ? knowing() : knowing(known);
    assert.equal(action(bot(more), knowledge), 'pass');
  });
}

test('a domain that sent mail which the filter liked never waits from the next day on', () => {
  const known = knowing();
  const signed = { signers: ['mail.shop.example'] };
  for (const day of [1, 1, 1]) rememberMessage(bot({ ...signed, at: at(day) }), known, policy);
  assert.equal(action(bot({ ...signed, at: at(9), client: '203.0.113.9' }), known), 'pass');
});

test('when its time is over: a list that has it by then keeps it, else it is released', () => {
  const first = bot({ likeness: 0.7 });
  const due = { at: at(10), dnsbl: undefined, likeness: undefined };
  assert.equal(judgeDue(first, due, knowing(), policy).action, 'release');
  assert.equal(judgeDue(first, { ...due, dnsbl: true }, knowing(), policy).action, 'quarantine');
  assert.equal(judgeDue(first, { ...due, likeness: 1 }, knowing(), policy).action, 'quarantine');
});
