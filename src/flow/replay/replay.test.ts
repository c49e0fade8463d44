/** Recorded events through the guard: verdicts, an operator who clears, what a summary counts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scriptedScan } from '../../../test/doubles/scan.ts';
import { noCeilings } from '../../core/account/policy.ts';
import type { Account } from '../../core/account-name.ts';
import { mailProviders } from '../../core/deliverability/providers.ts';
import type { Submission } from '../../core/event.ts';
import type { ReplyRule } from '../../core/replies/rule.ts';
import { hourMs, type Millis, minuteMs, secondMs } from '../../lib/time.ts';
import { openReplay, type Replay, type ReplayVerdict } from './replay.ts';

const start = 1_767_603_600_000;
const ann = 'ann@here.example' as Account;
const bob = 'bob@here.example' as Account;
let people = 0;
const stranger = (): string => `person${++people}@elsewhere.example`;

function message(at: number, to: readonly string[], account = ann): Submission {
  return {
    kind: 'send',
    id: `m${at}`,
    at: (start + at) as Millis,
    account,
    outside: to,
    local: [],
  };
}

const open = (operatorClearsMs?: number): Replay =>
  openReplay({ policy: noCeilings, operatorClearsMs });

/** A message of spam to a stranger each minute from `from` on, so many of them; the verdicts. */
function spam(
  replay: Replay,
  from: number,
  count: number,
  account = ann,
): readonly ReplayVerdict[] {
  return Array.from({ length: count }, (_, i) => {
    const sent = message(from + i * minuteMs, [stranger()], account);
    const verdict = replay.apply({ ...sent, scan: scriptedScan(9) });
    assert.ok(verdict !== undefined);
    return verdict;
  });
}

const kinds = (verdicts: readonly ReplayVerdict[]): string =>
  [...new Set(verdicts.map(({ verdict }) => verdict))].join(' ');

test('a hijack passes, then is held; each verdict but pass has its reasons', () => {
  const verdicts = spam(open(), 0, 60);
  assert.equal(kinds(verdicts), 'pass hold');
  for (const { verdict, because } of verdicts) {
    assert.equal(because.length > 0, verdict !== 'pass');
  }
  assert.equal(verdicts.at(-1)?.account, 'suspended');
});

test('an event more than a minute back in time is not applied; up to a minute it is', () => {
  const replay = open();
  replay.apply(message(5 * minuteMs, [stranger()]));
  assert.notEqual(replay.apply(message(4 * minuteMs, [stranger()])), undefined);
  assert.equal(replay.now(), start + 5 * minuteMs);
  assert.equal(replay.apply(message(4 * minuteMs - 1, [stranger()])), undefined);
  assert.equal(replay.summary.messages, 2);
});

test('a clear lifts the suspension, and what was seen is usual from then on', () => {
  const replay = open();
  spam(replay, 0, 60);
  replay.apply({ kind: 'clear', at: (start + hourMs) as Millis, account: ann });
  const later = Array.from({ length: 20 }, (_, i) =>
    replay.apply(message(hourMs + i * minuteMs, [stranger()])),
  );
  assert.deepEqual(new Set(later.map((one) => one?.verdict)), new Set(['pass']));
});

test('a clear of an account that is not suspended, or not known, changes nothing', () => {
  const [cleared, left] = [open(), open()];
  const verdicts = [cleared, left].map((replay) => {
    const before = spam(replay, 0, 4);
    for (const account of replay === cleared ? [ann, bob] : []) {
      replay.apply({ kind: 'clear', at: (start + 4 * minuteMs) as Millis, account });
    }
    return [...before, ...spam(replay, 5 * minuteMs, 60)].map(({ verdict }) => verdict);
  });
  assert.deepEqual(verdicts[0], verdicts[1]);
});

test('an operator clears an hour after the suspension, to the millisecond', () => {
  const replay = open(hourMs);
  spam(replay, 0, 60);
  const at = (replay.summary.suspensions[0]?.at ?? 0) - start;
  const state = (ms: number) => replay.apply(message(ms, [stranger()]))?.account;
  assert.equal(state(at + hourMs - 1), 'suspended');
  assert.notEqual(state(at + hourMs), 'suspended');
});

test('where a clear was quicker, the next suspension has its own hour', () => {
  const replay = open(hourMs);
  const suspended = (which: number) => (replay.summary.suspensions[which]?.at ?? 0) - start;
  const state = (at: number) => replay.apply(message(at, [stranger()]))?.account;
  spam(replay, 0, 20);
  const first = suspended(0);
  const cleared = first + 50 * minuteMs;
  replay.apply({ kind: 'clear', at: (start + cleared) as Millis, account: ann });
  for (let at = cleared; at < cleared + 9 * minuteMs; at += secondMs) {
    const sent = message(at, [stranger(), stranger(), stranger(), stranger(), stranger()]);
    replay.apply({ ...sent, scan: scriptedScan(9) });
  }
  const second = suspended(1);
  assert.ok(second > cleared && second < first + hourMs);
  assert.equal(state(first + hourMs + 1), 'suspended');
  assert.notEqual(state(second + hourMs), 'suspended');
});

test('unknown users count against the account of the message, whichever came back', () => {
  const [quiet, failing] = [open(), open()];
  for (const replay of [quiet, failing]) {
    replay.apply(message(0, Array.from({ length: 16 }, stranger)));
    for (let i = 0; i < 20; i++) {
      replay.apply({
        kind: 'delivery',
        at: (start + 10 * minuteMs) as Millis,
        id: replay === failing ? 'm0' : 'never seen',
        recipient: `gone${i}@elsewhere${i}.example`,
        outcome: 'bounced',
        reply: '550 5.1.1 user unknown',
      });
    }
  }
  const next = message(11 * minuteMs, ['friend@elsewhere.example']);
  assert.equal(quiet.apply(next)?.verdict, 'pass');
  const judged = failing.apply(next);
  assert.equal(judged?.because[0]?.signal, 'failed-recipients');
});

test("the operator's rules for replies count, unless no other server answered", () => {
  const rule: ReplyRule = {
    id: 'plork',
    from: [],
    words: ['plork'],
    without: [],
    codes: [],
    steps: [],
    scope: 'content',
    severity: 'slowed',
    wait: '1h',
    filter: '',
    cure: 'Ask.',
    link: '',
    source: '',
    verified: '',
    yes: '550 plork',
    no: '',
  };
  const domains = mailProviders.flatMap((one) => one.domains.slice(0, 1));
  const signals = (replay: Replay, mxHost?: string): readonly string[] => {
    replay.apply(message(0, Array.from({ length: 16 }, stranger)));
    for (const domain of domains) {
      replay.apply({
        kind: 'delivery',
        at: (start + 10 * minuteMs) as Millis,
        id: 'm0',
        recipient: `joe@${domain}`,
        outcome: 'bounced',
        reply: '550 plork',
        ...(mxHost === undefined ? {} : { mxHost }),
      });
    }
    const next = replay.apply(message(11 * minuteMs, [stranger()]));
    return next?.because.map(({ signal }) => signal) ?? [];
  };
  const own = (): Replay =>
    openReplay({ policy: noCeilings, operatorClearsMs: undefined, replyRules: [rule] });
  assert.ok(domains.length >= 8);
  assert.ok(signals(own()).includes('provider-replies'));
  assert.ok(!signals(own(), '').includes('provider-replies'));
  assert.ok(!signals(open()).includes('provider-replies'));
});

test('a recipient is told once, and no more of them than a message had', () => {
  const replay = open();
  replay.apply(message(0, Array.from({ length: 4 }, stranger)));
  for (let i = 0; i < 60; i++) {
    replay.apply({
      kind: 'delivery',
      at: (start + minuteMs) as Millis,
      id: 'm0',
      recipient: i < 16 ? 'gone@elsewhere.example' : `gone${i}@elsewhere${i}.example`,
      outcome: 'bounced',
      reply: '550 5.1.1 user unknown',
    });
  }
  const judged = replay.apply(message(2 * minuteMs, ['friend@elsewhere.example']));
  assert.deepEqual([judged?.verdict, judged?.account], ['pass', 'watched']);
});

test('a guessed login counts', () => {
  const replay = open();
  const login = (at: number, client: string, ok: boolean) =>
    replay.apply({ kind: 'login', at: (start + at) as Millis, account: ann, client, ok });
  login(0, '192.0.2.1', true);
  const day = 25 * hourMs;
  for (let i = 0; i < 9; i++) login(day + i, '198.51.100.9', false);
  login(day + 10, '198.51.100.9', true);
  const held = spam(replay, day + 20, 12).find(({ verdict }) => verdict === 'hold');
  assert.ok(held?.because.some(({ signal }) => signal === 'guessed-login'));
});

test('a recipient of another account stays known when a hijacked account is stopped', () => {
  const replay = open();
  const known = Array.from({ length: 12 }, (_, i) => `known${i}@elsewhere.example`);
  for (const [i, one] of known.entries()) replay.apply(message(i * 6 * hourMs, [one], bob));
  const later = 20 * 24 * hourMs;
  for (const [i, one] of known.entries()) replay.apply(message(later + i, [one]));
  spam(replay, later + minuteMs, 60);
  assert.equal(replay.summary.suspensions.length, 1);
  // A third account writes to the same people: twelve that Bob has long known are not twelve
  // strangers.
  const judged = replay.apply(message(later + 2 * hourMs, known, 'cleo@here.example' as Account));
  assert.deepEqual([judged?.verdict, judged?.account], ['pass', 'clear']);
});

test('the summary counts each message once', () => {
  const replay = open();
  const verdicts = spam(replay, 0, 60);
  const count = (kind: string): number => verdicts.filter(({ verdict }) => verdict === kind).length;
  const { summary } = replay;
  assert.deepEqual(summary.verdicts, {
    pass: count('pass'),
    delay: 0,
    hold: count('hold'),
    refuse: count('refuse'),
  });
  assert.equal(summary.messages, 60);
  const [suspension] = summary.suspensions;
  assert.equal(suspension?.stopped, count('hold') + count('refuse'));
  assert.ok((suspension?.leakedMessages ?? 0) <= count('pass'));
  assert.equal(summary.touched.size, 0);
});

test('the summary names accounts that were held and never suspended', () => {
  const replay = open();
  replay.apply(message(0, Array.from({ length: 30 }, stranger)));
  spam(replay, minuteMs, 60, bob);
  assert.deepEqual([...replay.summary.touched], [[ann, 1]]);
});

test('the operator is told of mail that a sum holds', () => {
  const replay = open();
  const verdicts = Array.from({ length: 200 }, (_, nth) =>
    replay.apply(message(nth * minuteMs, [stranger()], `local:w${nth}@here.example` as Account)),
  );
  const [first, ...others] = verdicts.filter((one) => one?.verdict === 'hold');
  assert.deepEqual(first?.told, ['operator']);
  assert.ok(others.length > 0 && others.every((one) => one?.told === undefined));
});

test('an announced mailing passes, is used up, and ends', () => {
  const replay = open();
  const until = (start + 10 * hourMs) as Millis;
  replay.apply({ kind: 'expect', at: start as Millis, account: ann, recipients: 300, until });
  const mailing = (at: number, count: number, account = ann): string => {
    const to = Array.from({ length: count }, stranger);
    return replay.apply(message(at, to, account))?.verdict ?? '';
  };
  assert.equal(mailing(minuteMs, 200), 'pass');
  assert.equal(mailing(2 * minuteMs, 200, bob), 'hold', 'another account announced nothing');
  assert.equal(mailing(3 * minuteMs, 100), 'pass');
  assert.equal(mailing(4 * minuteMs, 100), 'hold', 'it is used up');
  const other = open();
  other.apply({ kind: 'expect', at: start as Millis, account: ann, recipients: 300, until });
  const late = message(10 * hourMs, Array.from({ length: 200 }, stranger));
  assert.equal(other.apply(late)?.verdict, 'hold', 'it has ended');
});
