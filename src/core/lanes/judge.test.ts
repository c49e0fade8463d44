/** A lane over scripted minutes: what makes it slowed or blocked, and when it recovers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dayMs, hourMs, type Millis, minuteMs, secondMs } from '../../lib/time.ts';
import type { AnswerKind } from './answers.ts';
import { judgeLane } from './judge.ts';
import { mostBadBy, newLane, noteAnswer, usualDeferrals } from './memory.ts';
import { decodeLane, encodeLane } from './stored.ts';
import { isToTell, setTold } from './telling.ts';

const start = 1_700_000_000_000 as Millis;

/** A lane on a clock that the test turns; judged every five seconds, as the guard does. */
function rig() {
  const lane = newLane(start);
  let now = start;
  const states: string[] = [];
  const turn = (ms: number): void => {
    for (const end = now + ms; now < end; ) {
      now = Math.min(end, now + 5 * secondMs) as Millis;
      if (judgeLane(lane, now)) states.push(lane.state);
    }
  };
  const answer = (kind: AnswerKind, count = 1, by = ''): void => {
    for (let nth = 0; nth < count; nth++) {
      const words = { reply: `${kind} said`, rule: `${kind}-rule`, cure: '', link: '' };
      noteAnswer(lane, kind, { at: now, by, words });
    }
  };
  /** So many of each kind in each minute. */
  const minutes = (count: number, each: Partial<Record<AnswerKind, number>>): void => {
    for (let nth = 0; nth < count; nth++) {
      for (const [kind, many] of Object.entries(each)) answer(kind as AnswerKind, many);
      turn(minuteMs);
    }
  };
  return { lane, states, turn, answer, minutes, now: () => now };
}

test('a lane is unknown with too little mail, then healthy, and unknown after a day', () => {
  const { answer, lane, states, turn } = rig();
  answer('taken', 4);
  turn(minuteMs);
  assert.match(lane.why, /too little mail: 4 answers/);
  answer('taken');
  turn(minuteMs);
  turn(dayMs + 2 * hourMs);
  assert.deepEqual(states, ['healthy', 'unknown']);
  assert.equal(lane.why, 'no mail in the last 24 hours');
});

test('clear words and nothing taken since: slowed within a minute, and healthy soon after', () => {
  const { answer, lane, minutes, states, turn, now } = rig();
  minutes(10, { taken: 20 });
  const began = now();
  answer('slowed', 3, 'joe@example.org');
  answer('slowed', 1, 'ann@example.org');
  turn(minuteMs);
  assert.deepEqual(states, ['healthy', 'slowed']);
  assert.ok(lane.since - began < minuteMs);
  assert.equal(lane.decided?.rule, 'slowed-rule');
  assert.deepEqual(mostBadBy(lane), { account: 'joe@example.org', share: 0.75 });
  minutes(3, { taken: 2 });
  assert.deepEqual(states, ['healthy', 'slowed', 'healthy']);
  assert.equal(lane.decided, undefined);
  assert.equal(mostBadBy(lane), undefined);
});

test('one clear reply blocks a lane if nothing is taken after it, and not if mail is taken', () => {
  const one = rig();
  one.minutes(1, { taken: 20 });
  one.answer('blocked');
  one.turn(5 * secondMs);
  one.answer('taken', 3);
  one.turn(10 * minuteMs);
  assert.deepEqual(one.states, ['healthy']);
  one.answer('blocked');
  one.turn(minuteMs);
  one.minutes(5, { blocked: 2 });
  assert.deepEqual(one.states, ['healthy', 'blocked']);
  assert.equal(one.lane.decided?.reply, 'blocked said');
  one.minutes(3, { taken: 1 });
  assert.deepEqual(one.states, ['healthy', 'blocked', 'healthy']);
});

test('refused while other mail is taken: slowed, with its share', () => {
  const { lane, minutes, states } = rig();
  minutes(10, { taken: 20 });
  minutes(3, { slowed: 3, taken: 20 });
  assert.deepEqual(states, ['healthy', 'slowed']);
  assert.match(lane.why, /^they put off or refused \d+ of \d+ messages \(\d+ %\) lately$/);
  minutes(40, { slowed: 3, taken: 20 });
  assert.deepEqual(states, ['healthy', 'slowed'], 'it does not flap');
});

test('a provider that always defers 3 % is healthy; from 0 to 20 % is slowed', () => {
  const always = rig();
  always.minutes(600, { taken: 32, unclear: 1 });
  assert.deepEqual(always.states, ['healthy']);
  assert.ok(Math.abs(usualDeferrals(always.lane) - 0.03) < 0.005);
  const never = rig();
  never.minutes(600, { taken: 10 });
  never.minutes(10, { taken: 8, unclear: 2 });
  assert.deepEqual(never.states, ['healthy', 'slowed']);
  assert.match(never.lane.why, /^they put off .*; usual is 0 %$/);
  never.minutes(20, { taken: 10 });
  assert.deepEqual(never.states, ['healthy', 'slowed', 'healthy']);
});

test('one clear reply after much mail needs half a minute in which nothing is taken', () => {
  const { answer, minutes, states, turn } = rig();
  minutes(10, { taken: 20 });
  answer('slowed');
  turn(25 * secondMs);
  assert.deepEqual(states, ['healthy']);
  turn(6 * secondMs);
  assert.deepEqual(states, ['healthy', 'slowed']);
});

test('a provider that always defers a quarter is healthy, and slowed at a half', () => {
  const { minutes, states } = rig();
  minutes(30, { taken: 20 });
  states.length = 0;
  const { lane } = rig();
  lane.past = { answers: 10_000, deferred: 2_500, at: start };
  const much = rig();
  much.lane.past = lane.past;
  much.minutes(60, { taken: 15, unclear: 5 });
  assert.deepEqual(much.states, ['healthy']);
  much.minutes(20, { taken: 8, unclear: 12 });
  assert.deepEqual(much.states, ['healthy', 'slowed']);
});

test('replies about recipients, greylists and the like never make a lane bad', () => {
  const { minutes, states } = rig();
  minutes(60, { taken: 1, harmless: 30 });
  assert.deepEqual(states, ['healthy']);
});

test('some refusals for content are normal; a fifth of the mail is not', () => {
  const { minutes, states } = rig();
  minutes(60, { taken: 50, part: 2 });
  assert.deepEqual(states, ['healthy']);
  minutes(30, { taken: 50, part: 20 });
  assert.deepEqual(states, ['healthy', 'slowed']);
  minutes(45, { taken: 50 });
  assert.deepEqual(states, ['healthy', 'slowed', 'healthy']);
});

test('a lane without mail stays blocked for a day', () => {
  const { answer, states, turn } = rig();
  answer('blocked');
  turn(20 * hourMs);
  assert.deepEqual(states, ['blocked']);
  turn(6 * hourMs);
  assert.deepEqual(states, ['blocked', 'unknown']);
});

test('the memory is stored and read, and any other text makes a new lane', () => {
  const { answer, lane, now, turn } = rig();
  answer('taken', 7);
  answer('slowed', 2, 'joe@example.org');
  turn(minuteMs);
  assert.deepEqual(decodeLane(encodeLane(lane), now()), lane);
  assert.deepEqual(decodeLane('{}', start), newLane(start));
  assert.deepEqual(decodeLane('not JSON', start), newLane(start));
});

test('a lane that flaps is told once in ten minutes, unless it gets worse', () => {
  const lane = newLane(start);
  let now = start;
  const told: string[] = [];
  const become = (state: typeof lane.state, afterMs: number): void => {
    now = (now + afterMs) as Millis;
    lane.state = state;
    if (!isToTell(lane, now)) return;
    setTold(lane, now);
    told.push(state);
  };
  become('healthy', 0);
  become('slowed', minuteMs);
  become('healthy', minuteMs);
  become('slowed', minuteMs);
  become('blocked', minuteMs);
  become('unknown', 20 * minuteMs);
  become('healthy', minuteMs);
  assert.deepEqual(told, ['slowed', 'blocked', 'healthy']);
});

test('a few replies of a server that anybody may run block no lane', () => {
  const { answer, lane, now } = rig();
  answer('blocked', 4);
  for (let ms = 0; ms < hourMs; ms += minuteMs) judgeLane(lane, (now() + ms) as Millis, true);
  assert.equal(lane.state, 'unknown');
  assert.match(lane.why, /no message was taken|too little mail/);
  answer('blocked');
  judgeLane(lane, (now() + minuteMs) as Millis, true);
  assert.equal(lane.state, 'blocked');
});

test('who comes after many accounts with a bad reply each is still named', () => {
  const { answer, lane } = rig();
  for (let nth = 0; nth < 60; nth++) answer('slowed', 1, `one${nth}@example.org`);
  answer('slowed', 90, 'thief@example.org');
  assert.deepEqual(mostBadBy(lane), { account: 'thief@example.org', share: 0.6 });
  assert.ok(Object.keys(lane.badBy).length <= 31);
});

test('a clock that was ahead, and lines of tomorrow, do not stop the judgement', () => {
  const { answer, lane, minutes, states, now } = rig();
  const words = { reply: 'later', rule: 'later', cure: '', link: '' };
  for (const kind of ['taken', 'slowed', 'blocked'] as const) {
    noteAnswer(lane, kind, { at: (now() + 300 * dayMs) as Millis, by: '', words });
  }
  minutes(30, { taken: 10 });
  answer('blocked', 3);
  minutes(2, { blocked: 3 });
  assert.equal(states.at(-1), 'blocked');
  minutes(10, { taken: 10 });
  assert.equal(states.at(-1), 'healthy');
  assert.ok(lane.lastTakenAt <= now());
});

test('memory has limits, whoever writes the log', () => {
  const { lane, now } = rig();
  const words = { reply: '', rule: '', cure: '', link: '' };
  for (let nth = 0; nth < 20_000; nth++) {
    const at = (now() + (nth % 7) * hourMs + nth * minuteMs) as Millis;
    noteAnswer(lane, nth % 2 === 0 ? 'taken' : 'part', { at, by: `a${nth}@example.org`, words });
  }
  assert.ok(lane.minutes.length <= 70, `${lane.minutes.length} minutes`);
  assert.ok(lane.hours.length <= 24);
  assert.ok(Object.keys(lane.badBy).length <= 31);
});
