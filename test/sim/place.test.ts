/**
 * A whole made-up place through the replay: what the guard costs honest people, and how much spam
 * gets out of hijacked accounts. The bounds are loose: another seed must not break them. SEED=n
 * plays another place.
 */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { noCeilings } from '../../src/core/account/policy.ts';
import { openReplay, type ReplayVerdict } from '../../src/flow/replay/replay.ts';
import { dayMs, hourMs } from '../../src/lib/time.ts';
import { days, type Hijack, hijacked, honestMail, type Sent } from './place.ts';

const seed = Number(process.env['SEED'] ?? 1);
const accounts = 160;
const named = (what: string): string => `${what} (SEED=${seed})`;

let honest: readonly Sent[] = [];
before(() => {
  honest = honestMail(seed, accounts);
});

function play(
  mail: readonly Sent[],
  operatorClearsMs: number | undefined,
): readonly ReplayVerdict[] {
  const replay = openReplay({ policy: noCeilings, operatorClearsMs });
  return mail.map((message) => {
    const verdict = replay.apply(message);
    assert.ok(verdict !== undefined);
    return verdict;
  });
}

const quantile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[
    Math.min(values.length - 1, Math.floor(share * values.length))
  ] ?? 0;

test(named('honest mail: few messages wait after two weeks, few accounts are suspended'), (t) => {
  const verdicts = play(honest, hourMs);
  // A new installation watches first: what it would do before it knows anybody costs nobody
  // anything.
  const learned = (honest[0]?.at ?? 0) + 14 * dayMs;
  const after = honest.findIndex(({ at }) => at >= learned);
  const stopped = verdicts.slice(after).filter(({ verdict }) => verdict !== 'pass').length;
  let suspensions = 0;
  const state = new Map<string, string>();
  for (const [i, { account }] of verdicts.entries()) {
    const who = honest[i]?.account ?? '';
    if (account === 'suspended' && state.get(who) !== 'suspended') suspensions++;
    state.set(who, account);
  }
  const months = (accounts * days) / 30;
  const perThousand = (1_000 * suspensions) / months;
  const share = (100 * stopped) / (honest.length - after);
  t.diagnostic(
    `${honest.length} messages, ${share.toFixed(2)} % stopped after two weeks, ` +
      `${perThousand.toFixed(1)} suspensions per 1,000 account-months`,
  );
  assert.ok(share <= 5, `${share} % of honest messages did not pass`);
  assert.ok(perThousand <= 150, `${perThousand} suspensions per 1,000 account-months`);
});

test(named('hijacks: every one is stopped, and few recipients are reached'), (t) => {
  const { mail, hijacks } = hijacked(honest, seed, 56);
  const verdicts = play(mail, undefined);
  const leaks = hijacks.map(() => 0);
  const caught = hijacks.map(() => false);
  for (const [i, { hijack, outside }] of mail.entries()) {
    if (hijack === undefined) continue;
    if (verdicts[i]?.verdict === 'pass') leaks[hijack] = (leaks[hijack] ?? 0) + outside.length;
    else caught[hijack] = true;
  }
  const escaped = hijacks.filter((_: Hijack, i) => caught[i] !== true);
  const [median, p90, worst] = [0.5, 0.9, 1].map((share) => quantile(leaks, share));
  t.diagnostic(`leaked: median ${median}, 90th percentile ${p90}, worst ${worst}`);
  assert.deepEqual(escaped, []);
  assert.ok((p90 ?? 0) <= 30, `90th percentile ${p90}: ${leaks.join(' ')}`);
  assert.ok((worst ?? 0) <= 150, `worst ${worst}`);
});

test(named('the same seed is the same place'), () => {
  const again = honestMail(seed, 10);
  assert.deepEqual(honestMail(seed, 10), again);
  assert.notDeepEqual(honestMail(seed + 1, 10), again);
});
