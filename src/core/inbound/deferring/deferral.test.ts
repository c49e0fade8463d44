import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hourMs, type Millis, minuteMs } from '../../../lib/time.ts';
import type { Deferral, Deferrals, InboundKnowledge, Known } from '../greylist/knowledge.ts';
import { type DeferralBooks, type DeferredFacts, deferUntil, noteArrival } from './deferral.ts';

const facts = (at: number, more: Partial<DeferredFacts> = {}): DeferredFacts => ({
  at: at as Millis,
  client: '192.0.2.7',
  sender: 'scan@office.example',
  recipients: ['ann@here.example'],
  spf: 'none',
  spfDomain: '',
  signers: [],
  ...more,
});

function books(): DeferralBooks {
  const deferrals = (): Deferrals => {
    const all = new Map<string, Deferral>();
    return { find: (key) => all.get(key), put: (key, one) => void all.set(key, one) };
  };
  const known = new Map<string, Known>();
  const knowledge: InboundKnowledge = {
    find: (kind, name) => known.get(`${kind} ${name}`),
    see: (kind, name, at) =>
      void known.set(`${kind} ${name}`, { firstAt: at, lastAt: at, times: 1 }),
    forget: (kind, name) => void known.delete(`${kind} ${name}`),
  };
  return { knowledge, messages: deferrals(), senders: deferrals() };
}

const organisation = (name: string): string => name.split('.').slice(-2).join('.');
const ask = (of: DeferralBooks, one: DeferredFacts, points = 5): number | undefined =>
  deferUntil(one, points, of, organisation);

test('the time is graded, and a try that comes early changes nothing', () => {
  const of = books();
  assert.equal(ask(of, facts(0)), minuteMs);
  assert.equal(ask(of, facts(10_000), 50), minuteMs);
  assert.equal(ask(of, facts(minuteMs)), undefined);
  assert.equal(ask(books(), facts(0), 10), 7 * minuteMs);
  assert.equal(ask(books(), facts(0), 500), 15 * minuteMs);
});

test('after one success the network, or the domain that SPF proved, is known', () => {
  const of = books();
  ask(of, facts(0));
  ask(of, facts(2 * minuteMs));
  const other = { client: '192.0.2.200', sender: 'x@y.example', recipients: ['joe@here.example'] };
  assert.equal(ask(of, facts(3 * minuteMs, other)), undefined);
  const pool = { spf: 'pass', spfDomain: 'out.shop.example', sender: 'a@shop.example' } as const;
  ask(of, facts(0, { ...pool, client: '198.51.100.1' }));
  assert.equal(ask(of, facts(minuteMs, { ...pool, client: '203.0.113.9' })), undefined);
  const next = { ...pool, sender: 'b@shop.example', client: '198.51.200.1' };
  assert.equal(ask(of, facts(2 * minuteMs, next)), undefined);
});

test('what arrives because its sender was allowed has come back, and frees nobody else', () => {
  const of = books();
  ask(of, facts(0));
  const key = 'v4:192.0.2 scan@office.example ann@here.example';
  assert.equal(of.messages.find(key)?.returnedAt, 0);
  noteArrival(facts(10_000), of.messages, organisation);
  assert.deepEqual(of.messages.find(key), {
    firstAt: 0,
    lastAt: 10_000,
    until: minuteMs,
    tries: 2,
    returnedAt: 10_000,
  });
  noteArrival(facts(20_000), of.messages, organisation);
  assert.equal(of.messages.find(key)?.lastAt, 10_000);
  const other = facts(30_000, { sender: 'bot@office.example' });
  noteArrival(other, of.messages, organisation);
  assert.equal(ask(of, other), 30_000 + minuteMs);
});

test('a sender that did not come back, and writes another day, is never put off again', () => {
  const of = books();
  ask(of, facts(0));
  const next = { recipients: ['joe@here.example'] };
  assert.equal(ask(of, facts(hourMs, next)), hourMs + minuteMs);
  assert.equal(ask(of, facts(24 * hourMs, { recipients: ['eve@here.example'] })), undefined);
  assert.equal(ask(of, facts(90 * 24 * hourMs, { sender: 'new@office.example' })), undefined);
});
