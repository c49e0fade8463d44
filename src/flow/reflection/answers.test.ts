/** Automatic answers: none to forged senders and spam, one a week to an address. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scriptedStart } from '../../../test/doubles/start.ts';
import { quietWorld } from '../../../test/doubles/world.ts';
import type { Known } from '../../core/inbound/greylist/knowledge.ts';
import type { InboundResults } from '../../core/inbound/results.ts';
import { dayMs, type Millis } from '../../lib/time.ts';
import { Answers } from './answers.ts';

function rig(known = new Map<string, Known>(), observes = false) {
  const state = { now: 1_795_000_000_000 };
  const counted: string[] = [];
  const answers = new Answers({
    world: quietWorld({
      clock: { now: () => state.now as Millis },
      count: (_name, _by, label = '') => void counted.push(label),
    }),
    isJudged: () => true,
    observes: () => observes,
    known: {
      find: (kind, name) => known.get(`${kind} ${name}`),
      see: (kind, name, at) =>
        void known.set(`${kind} ${name}`, { firstAt: at, lastAt: at, times: 1 }),
    },
  });
  let nth = 0;
  const cameIn = (
    id: string,
    spf: string,
    dmarc: string,
    more: readonly string[] = [],
    sender = `${nth}@elsewhere.example`,
  ): void => {
    const queueId = `4IN${nth++}`;
    const reader = answers.open(scriptedStart({ queueId, sender }));
    if (id !== '') reader?.header('Message-ID', ` <${id}>`);
    for (const name of more) reader?.header(name, ' YES');
    answers.heard({ queueId, spf: { result: spf }, dmarc: { result: dmarc } } as InboundResults);
  };
  const answer = (id: string, to = 'joe@there.example', field = 'Auto-Submitted'): string => {
    const reader = answers.open(scriptedStart({ by: 'local', sender: '' }));
    reader?.header('From', ' Ann <ann@ours.example>');
    reader?.header('To', ` <${to}>`);
    reader?.header(field, ' auto-replied (vacation)');
    if (id !== '') reader?.header('In-Reply-To', ` <${id}>`);
    let said = 'nothing';
    reader?.finish((_edits, refused, instead) => {
      said = refused ?? instead?.kind ?? 'passed';
    });
    return said;
  };
  return { answer, answers, cameIn, counted, state };
}

test('none to mail that failed SPF and DMARC, or that a filter calls spam', () => {
  const { answer, cameIn, counted } = rig();
  cameIn('good@x', 'pass', 'pass');
  cameIn('forged@x', 'fail', 'fail');
  cameIn('spam@x', 'pass', 'pass', ['X-Spam-Flag']);
  assert.equal(answer('good@x', 'a@there.example'), 'passed');
  assert.equal(answer('forged@x', 'b@there.example'), 'discard');
  assert.equal(answer('spam@x', 'c@there.example'), 'discard');
  assert.equal(answer('never-seen@x', 'd@there.example'), 'passed');
  assert.deepEqual(counted, ['passed', 'forged', 'spam', 'passed']);
});

test('forged mail without a Message-ID is known by its sender, until they write themselves', () => {
  const { answer, cameIn } = rig();
  cameIn('', 'fail', 'fail', [], 'joe@there.example');
  assert.equal(answer(''), 'discard');
  cameIn('', 'pass', 'pass', [], 'joe@there.example');
  assert.equal(answer(''), 'passed');
});

test('good mail with the Message-ID of forged mail changes nothing', () => {
  const { answer, cameIn } = rig();
  cameIn('same@x', 'fail', 'fail');
  cameIn('same@x', 'pass', 'pass');
  assert.equal(answer('same@x'), 'discard');
});

test('mail that was judged before a restart gets no answer either', () => {
  const known = new Map<string, Known>();
  const before = rig(known);
  before.cameIn('forged@x', 'fail', 'fail');
  before.cameIn('spam@x', 'pass', 'pass', ['X-Spam-Flag']);
  const { answer, state } = rig(known);
  assert.equal(answer('forged@x', 'a@there.example'), 'discard');
  assert.equal(answer('spam@x', 'b@there.example'), 'discard');
  state.now += 8 * dayMs;
  assert.equal(answer('forged@x', 'a@there.example'), 'passed');
});

test('observed: every answer leaves, and is counted as what it would have been', () => {
  const { answer, cameIn, counted } = rig(new Map(), true);
  cameIn('forged@x', 'fail', 'fail');
  assert.equal(answer('forged@x'), 'passed');
  assert.deepEqual(counted, ['forged']);
});

test('what the content filter says later counts too', () => {
  const { answer, answers, cameIn } = rig();
  cameIn('late@x', 'pass', 'pass');
  answers.isSpam('4IN0');
  assert.equal(answer('late@x'), 'discard');
});

test('one a week from an account to an address', () => {
  const { answer, cameIn, state } = rig();
  cameIn('one@x', 'pass', 'pass');
  assert.equal(answer('one@x'), 'passed');
  assert.equal(answer('one@x'), 'discard');
  assert.equal(answer('one@x', 'other@there.example'), 'passed');
  state.now += 8 * dayMs;
  assert.equal(answer('one@x'), 'passed');
});

test('mail that is no automatic answer, and mail of a login, passes', () => {
  const { answer, answers, cameIn } = rig();
  cameIn('forged@x', 'fail', 'fail');
  assert.equal(answer('forged@x', 'joe@there.example', 'X-Other'), 'passed');
  assert.equal(answers.open(scriptedStart({ by: 'login' })), undefined);
});

test('one a week over a restart', () => {
  const known = new Map<string, Known>();
  assert.equal(rig(known).answer('one@x'), 'passed');
  const { answer, state } = rig(known);
  assert.equal(answer('one@x'), 'discard');
  state.now += 8 * dayMs;
  assert.equal(answer('one@x'), 'passed');
});

test('a notice of Postfix says that it is automatic, and is no answer', () => {
  const { answers, cameIn } = rig();
  cameIn('forged@x', 'fail', 'fail');
  for (let nth = 0; nth < 2; nth++) {
    const reader = answers.open(scriptedStart({ by: 'local', sender: '' }));
    reader?.header('From', ' MAILER-DAEMON@mail.test (Mail Delivery System)');
    reader?.header('To', ' joe@there.example');
    reader?.header('Auto-Submitted', ' auto-replied');
    reader?.header(
      'Content-Type',
      ' multipart/report; report-type=delivery-status;\n\tboundary="B"',
    );
    reader?.finish((_edits, refused, instead) => {
      assert.equal(refused ?? instead, undefined);
    });
  }
});
