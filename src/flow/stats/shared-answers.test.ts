/** Answers for statistics that pages share. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Millis } from '../../lib/time.ts';
import type { StatsAnswer, StatsQuery } from '../../ports/stats.ts';
import { shareAnswers } from './shared-answers.ts';

const question: StatsQuery = { by: 'day', order: 'messages', since: 1, until: 30, limit: 30 };

function rig() {
  const clock = { at: 1_000_000 };
  const state = { asked: 0, fails: false };
  const ask = shareAnswers(
    async (query) => {
      state.asked++;
      if (state.fails) throw new Error('not now');
      return { query, keys: state.asked } as StatsAnswer;
    },
    { now: () => clock.at as Millis },
  );
  return { ask, clock, state };
}

test('pages that ask the same share one answer, for less than a minute', async () => {
  const { ask, clock, state } = rig();
  await Promise.all(Array.from({ length: 10 }, () => ask({ ...question })));
  clock.at += 49_999;
  assert.equal((await ask(question)).keys, 1);
  clock.at += 1;
  assert.equal((await ask(question)).keys, 2);
  assert.equal(state.asked, 2);
});

test('other questions are asked for themselves', async () => {
  const { ask, state } = rig();
  const others = [{ by: 'rule' }, { order: 'spam' }, { since: 2 }, { until: 31 }, { limit: 5 }];
  for (const other of [{}, ...others]) await ask({ ...question, ...other } as StatsQuery);
  assert.equal(state.asked, 6);
});

test('a failure is shared too, and tried again soon', async () => {
  const { ask, clock, state } = rig();
  state.fails = true;
  await assert.rejects(ask(question), /not now/);
  await assert.rejects(ask(question), /not now/);
  assert.equal(state.asked, 1);
  state.fails = false;
  clock.at += 10_000;
  assert.equal((await ask(question)).keys, 2);
});

test('a clock that is set back does not keep an answer for hours', async () => {
  const { ask, clock, state } = rig();
  await ask(question);
  clock.at -= 500_000;
  await ask(question);
  assert.equal(state.asked, 2);
});

test('of many questions the oldest answer is forgotten', async () => {
  const { ask, state } = rig();
  for (let limit = 1; limit <= 33; limit++) await ask({ ...question, limit });
  await ask({ ...question, limit: 33 });
  assert.equal(state.asked, 33);
  await ask({ ...question, limit: 1 });
  assert.equal(state.asked, 34);
});
