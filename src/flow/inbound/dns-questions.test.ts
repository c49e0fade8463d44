import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quietWorld } from '../../../test/doubles/world.ts';
import { ManualTime } from '../../../test/ledger/manual-time.ts';
import { answeredLater, type DnsAnswer, type DnsQuestion } from '../../formats/dns/question.ts';
import { openQuestions } from './dns-questions.ts';

const nothing: DnsAnswer = { kind: 'none', exists: false, secure: false };
const question = (name: string): DnsQuestion => ({ name, type: 'A' });

test('nothing is asked twice, and what was asked for is answered', async () => {
  let asked = 0;
  const questions = openQuestions({
    world: quietWorld({ timers: new ManualTime(0) }),
    deadlineMs: 8_000,
    resolve: async () => {
      asked++;
      return nothing;
    },
  });
  assert.deepEqual(await questions.ask(question('a.example')), nothing);
  assert.deepEqual(await questions.ask(question('a.example')), nothing);
  assert.deepEqual(await questions.ask({ name: 'a.example', type: 'MX' }), nothing);
  assert.deepEqual([asked, questions.late], [2, false]);
  questions.close();
});

test('at the deadline all that is open, and all that comes after, has failed', async () => {
  const time = new ManualTime(0);
  const questions = openQuestions({
    world: quietWorld({ timers: time }),
    deadlineMs: 8_000,
    resolve: ({ name }) =>
      name === 'quick.example' ? Promise.resolve(nothing) : new Promise(() => undefined),
  });
  function* asking(): Generator<readonly DnsQuestion[], string[], readonly DnsAnswer[]> {
    const first = yield [question('quick.example'), question('silent.example')];
    const second = yield [question('quick.example'), question('other.example')];
    return [...first, ...second].map(({ kind }) => kind);
  }
  let kinds: readonly string[] | undefined;
  const done = answeredLater(asking(), questions.ask).then((found) => {
    kinds = found;
  });
  await time.pass(7_999);
  assert.equal(kinds, undefined);
  await time.pass(1);
  await done;
  assert.deepEqual(kinds, ['none', 'failure', 'none', 'failure']);
  assert.equal(questions.late, true);
});

test('a message that needs hundreds of names gets no more answers than the limit', async () => {
  let asked = 0;
  const questions = openQuestions({
    world: quietWorld({ timers: new ManualTime(0) }),
    deadlineMs: 8_000,
    resolve: async () => {
      asked++;
      throw new Error('no network');
    },
  });
  const answers = await Promise.all(
    Array.from({ length: 1_000 }, (_, n) => questions.ask(question(`n${n}.example`))),
  );
  assert.equal(asked, 200);
  assert.ok(answers.every(({ kind }) => kind === 'failure'));
  questions.close();
});
