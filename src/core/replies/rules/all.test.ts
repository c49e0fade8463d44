import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mailProviders } from '../../deliverability/providers.ts';
import { openReplyClassifier } from '../classifier.ts';
import { type ReplyRule, waits } from '../rule.ts';
import { allReplyRules, ourReplyRules } from './all.ts';

const classifier = openReplyClassifier(allReplyRules([]));

/** The example in the frame of Postfix, from a host of the rule's provider. */
function ruleFor({ from, steps }: ReplyRule, reply: string): string {
  const provider = mailProviders.find(({ id }) => from.includes(id));
  const end = provider?.mx.at(-1);
  const host = `mx1.${(typeof end === 'string' ? end : end?.[0]) ?? 'example.net'}`;
  const words = { mail: 'MAIL FROM', data: 'end of DATA', helo: 'EHLO' } as Record<string, string>;
  const step = words[steps[0] ?? ''] ?? 'RCPT TO';
  const isBare = /^[245]\d\d/.test(reply);
  const text =
    steps[0] === 'greeting'
      ? `host ${host}[203.0.113.9] refused to talk to me: ${reply}`
      : `host ${host}[203.0.113.9] said: ${reply} (in reply to ${step} command)`;
  const mxHost = from.includes('own') ? '' : host;
  return classifier.classify({ reply: isBare ? text : reply, mxHost, status: 'bounced' }).rule;
}

test('each rule decides its example, and not the example that it must not fit', () => {
  const wrong = ourReplyRules.flatMap((rule) => {
    const yes = ruleFor(rule, rule.yes);
    const no = ruleFor(rule, rule.no);
    return [
      ...(yes === rule.id ? [] : [`${rule.id}: its example is decided by ${yes || 'no rule'}`]),
      ...(no === rule.id ? [`${rule.id} decides the example that it must not fit`] : []),
    ];
  });
  assert.deepEqual(wrong, []);
});

test('each rule has an id of its own, a cure, a source, a day, and providers that exist', () => {
  const ids = new Set<string>();
  const known = new Set(['own', 'other', ...mailProviders.map(({ id }) => id)]);
  const wrong = ourReplyRules.flatMap((rule) => {
    const faults = [
      ...(ids.has(rule.id) ? ['its id is not its own'] : []),
      ...(rule.cure === '' ? ['it has no cure'] : []),
      ...(rule.source === '' ? ['it has no source'] : []),
      ...(/^\d{4}-\d\d-\d\d$/.test(rule.verified) ? [] : ['it has no day']),
      ...(rule.link === '' || /^https?:\/\//.test(rule.link) ? [] : ['its link is no link']),
      ...rule.from.filter((id) => !known.has(id)).map((id) => `no provider is called ${id}`),
      ...(rule.wait in waits ? [] : ['it has no wait']),
      ...(rule.words.length + rule.codes.length > 0 ? [] : ['it fits everything']),
    ];
    ids.add(rule.id);
    return faults.map((fault) => `${rule.id}: ${fault}`);
  });
  assert.deepEqual(wrong, []);
});

test('each cure is one or two whole sentences, and no code', () => {
  const wrong = ourReplyRules.filter(({ cure }) => {
    const sentences = cure.match(/[.!](?= [A-Z]|$)/g) ?? [];
    const isPlain = !/ {2}|[+`{}"]|^'|'$| '|' /.test(cure);
    return !isPlain || !cure.endsWith('.') || sentences.length > 2;
  });
  assert.deepEqual(
    wrong.map(({ id, cure }) => `${id}: ${cure}`),
    [],
  );
});

test('a cure that names a check names the domain too', () => {
  const wrong = ourReplyRules.filter(({ cure }) => /dns check(?! DOMAIN)/.test(cure));
  assert.deepEqual(wrong, []);
});
