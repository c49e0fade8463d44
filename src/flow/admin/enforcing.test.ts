/** Mode observe: operators are shown what happened, and apart from that what would have been. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FlowRig, openRig } from '../../../test/ledger/flow-rig.ts';
import { enforcementOf } from '../../core/enforcement/enforcement.ts';
import { dayMs, type Millis } from '../../lib/time.ts';
import type { EnforcingView } from '../../ports/acting/enforcing.ts';
import { enforcingView, keptEnforcing } from './enforcing.ts';

const joe = 'joe@here.test';

async function hijacked(mode: 'observe' | 'guard'): Promise<FlowRig> {
  const rig = openRig({ settings: { mode } });
  await rig.mail({ account: 'ann@here.test', to: ['friend@elsewhere.test'] });
  await rig.hijack(joe);
  await rig.time.pass(5_000);
  return rig;
}

test('observing: all mail passed, nobody is suspended, and nothing was stopped', async () => {
  const rig = await hijacked('observe');
  const { accounts, held, observedVerdicts, verdicts } = rig.admin.status();
  assert.deepEqual([accounts.suspended, accounts.wouldBeSuspended, held], [0, 1, 0]);
  assert.deepEqual([verdicts.delay, verdicts.hold, verdicts.refuse], [0, 0, 0]);
  assert.ok(observedVerdicts.hold > 0);
  const sent = rig.admin.recent(200).length;
  assert.equal(verdicts.pass, sent);
  const minutes = rig.admin.minutes();
  assert.equal(
    minutes.reduce((sum, one) => sum + one.pass, 0),
    sent,
  );
  const noted = minutes.reduce((sum, one) => sum + one.observed.hold, 0);
  assert.equal(noted, observedVerdicts.hold);
  const found = rig.admin.account(joe);
  assert.deepEqual([found?.account.state, found?.account.observed], ['suspended', true]);
  const [incident] = found?.incidents ?? [];
  assert.equal(incident?.stoppedMessages, 0);
  assert.equal(incident?.wouldStopMessages, found?.stories.length);
  const stopped = found?.stories.reduce((sum, { recipients }) => sum + recipients, 0) ?? 0;
  assert.ok((incident?.leakedMessages ?? 0) > (incident?.wouldStopMessages ?? 0));
  assert.ok((incident?.leakedRecipients ?? 0) >= stopped);
  const [listed] = rig.admin.asking.incidents({ limit: 1 });
  assert.deepEqual(
    [listed?.stoppedMessages, listed?.wouldStopMessages, listed?.leakedMessages],
    [0, incident?.wouldStopMessages, incident?.leakedMessages],
  );
});

test('observing: one sentence and one command say what guarding would change', async () => {
  const rig = await hijacked('observe');
  const view = rig.admin.enforcing();
  const stories = rig.journal.live.stories({ limit: 500 });
  assert.equal(view.messages, stories.length);
  assert.equal(view.hold + view.refuse + view.delay, view.messages);
  assert.deepEqual([view.accounts, view.wouldBeSuspended], [1, 1]);
  assert.deepEqual(
    view.most.map(({ account, messages, wouldBeSuspended }) => [
      account,
      messages,
      wouldBeSuspended,
    ]),
    [[joe, stories.length, true]],
  );
  assert.equal(view.command, 'postern mode guard');
  assert.match(
    view.text,
    /^Mode guard would have stopped \d+ messages of 1 account in the last 7 /,
  );
  assert.match(view.text, /, and suspended 1 account\.$/);
  rig.time.jump(8 * dayMs);
  assert.equal(rig.admin.enforcing().text, 'Nothing would have been stopped in the last 7 days.');
});

test('guarding: what is stopped counts as stopped, and nothing is only observed', async () => {
  const rig = await hijacked('guard');
  const { accounts, observedVerdicts, verdicts } = rig.admin.status();
  assert.deepEqual([accounts.suspended, accounts.wouldBeSuspended], [1, 0]);
  assert.deepEqual(observedVerdicts, { delay: 0, hold: 0, refuse: 0 });
  assert.ok(verdicts.hold > 0);
  const [incident] = rig.admin.account(joe)?.incidents ?? [];
  assert.ok((incident?.stoppedMessages ?? 0) > 0);
  assert.deepEqual([incident?.wouldStopMessages, rig.admin.enforcing().messages], [0, 0]);
  assert.equal(rig.admin.account(joe)?.account.observed, false);
});

test('what is kept for a few seconds does not outlive a change of the mode', () => {
  let mode: 'observe' | 'guard' = 'observe';
  const rig = openRig();
  const now = (): Millis => 1_000_000 as Millis;
  let enforce: readonly string[] = [];
  const part = { enforced: enforcementOf([]), seed: 0 };
  const kept = keptEnforcing(
    () => enforcingView(rig.journal.live, mode, now(), { ...part, enforce }),
    { setting: () => ({ enforce, mode }), now },
  );
  assert.equal(kept().mode, 'observe');
  enforce = ['5%'];
  assert.deepEqual(kept().enforce, ['5%'], 'at once');
  mode = 'guard';
  assert.equal(kept().mode, 'guard');
  assert.equal(kept(), kept());
});

test('sums that take long are kept for longer, so that mail does not wait for them', () => {
  let at = 1_000_000;
  let made = 0;
  let tookMs = 0;
  const view = keptEnforcing(
    () => {
      made++;
      at += tookMs;
      return { messages: made, mode: 'observe' } as EnforcingView;
    },
    { setting: () => ({ enforce: [], mode: 'observe' }), now: () => at as Millis },
  );
  const after = (ms: number): number => {
    at += ms;
    return view().messages;
  };
  assert.deepEqual([after(0), after(4_999), after(1)], [1, 1, 2]);
  tookMs = 1_000;
  assert.deepEqual([after(5_000), after(40_000), after(9_000)], [3, 3, 4]);
  assert.equal(after(-200_000), 5, 'the clock was set back');
});
