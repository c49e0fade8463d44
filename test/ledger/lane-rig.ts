/** A watch of lanes over a real ledger, on a clock that the test sets. */
import assert from 'node:assert/strict';
import type { Account } from '../../src/core/account-name.ts';
import { providerOfMx } from '../../src/core/deliverability/providers.ts';
import type { Attempt } from '../../src/core/fate/attempt.ts';
import type { Notice } from '../../src/core/notice.ts';
import { openReplyClassifier } from '../../src/core/replies/classifier.ts';
import { allReplyRules } from '../../src/core/replies/rules/all.ts';
import { openJournal } from '../../src/flow/journal/journal.ts';
import { openBulkMissing } from '../../src/flow/lanes/bulk-missing.ts';
import { openBulkSenders } from '../../src/flow/lanes/bulk-senders.ts';
import { openLaneNotices } from '../../src/flow/lanes/lane-notices.ts';
import { openLaneWatch } from '../../src/flow/lanes/lane-watch.ts';
import { openLedger } from '../../src/ledger/sqlite/open.ts';
import { dayMs, type Millis, secondMs } from '../../src/lib/time.ts';
import { organisationOf } from '../../src/partners/dns/public-suffix.ts';
import { quietWorld } from '../doubles/world.ts';
import { scratchFiles } from '../scratch-files.ts';

export const files: ReturnType<typeof scratchFiles> = scratchFiles('lanes');
export const start: Millis = (1_800_000_000_000 - (1_800_000_000_000 % dayMs)) as Millis;
export const gmail = 'gmail-smtp-in.l.google.com';
export const gmx = 'mx00.emig.gmx.net';
const slower =
  `host ${gmail}[192.0.2.26] said: 421-4.7.28 Gmail has detected an unusual rate of mail ` +
  'originating from your IP address. To protect our users from spam, mail sent from your IP ' +
  'address has been temporarily rate limited. 421 4.7.28 - gsmtp (in reply to end of DATA command)';
export const refused: string =
  'host mx00.emig.gmx.net[192.0.2.4] refused to talk to me: 554-gmx.net (mxgmx016) Nemesis ESMTP ' +
  'Service not available 554-No SMTP service 554-IP address is block listed. 554 For explanation ' +
  'visit https://postmaster.gmx.net/en/case?c=r0303&i=ip&v=192.0.2.99&r=1N7';

export type LaneRig = {
  readonly clock: { now: Millis };
  readonly ledger: ReturnType<typeof openLedger>;
  readonly watch: ReturnType<typeof openLaneWatch>;
  readonly notices: readonly Notice[];
  /** All that was read until now is written, with its place. */
  taken(): void;
  /** Time passes, and lanes are judged. */
  turn(ms: number): void;
  attempt(outcome: Attempt['outcome'], more?: Partial<Attempt>): void;
  sums(): readonly number[];
};

/** A watch over a ledger in a file, on a clock in the test's hand. */
export function openRig(
  path: string,
  clock: { now: Millis },
  check: (domain: string) => Promise<readonly string[]> = async () => [],
): LaneRig {
  const ledger = openLedger(path);
  const world = quietWorld({ clock: { now: () => clock.now } });
  const journal = openJournal({ ledger, world, onState: () => {} });
  const notices: Notice[] = [];
  const missing = openBulkMissing({ ledger: journal.live, check, world });
  const told = openLaneNotices({
    notices: { send: (notice) => void notices.push(notice) },
    world,
    host: 'mail.example.org',
    nameOf: (provider) => provider,
    missing: missing.now,
    iso: (at) => new Date(at).toISOString(),
  });
  const bulk = openBulkSenders({ ledger, journal, organisationOf, clock: world.clock });
  const watch = openLaneWatch({
    classifier: openReplyClassifier(allReplyRules([])),
    providerOf: (mxHost) => providerOfMx(mxHost)?.id,
    organisationOf,
    ledger,
    journal,
    world,
    told,
    bulk,
    missing,
  });
  let place = 0;
  return {
    clock,
    ledger,
    watch,
    notices,
    taken() {
      watch.cut()('mail-log test', String(++place));
      assert.ok(journal.flushNow());
    },
    turn(ms: number) {
      for (const end = clock.now + ms; clock.now < end; ) {
        clock.now = Math.min(end, clock.now + 5 * secondMs) as Millis;
        watch.look();
      }
      assert.ok(journal.flushNow());
    },
    attempt(outcome: Attempt['outcome'], more: Partial<Attempt> = {}) {
      watch.attempted({
        at: clock.now,
        host: 'mail',
        queueId: 'Q1',
        account: 'joe@example.org' as Account,
        recipient: 'ann@gmail.com',
        original: 'ann@gmail.com',
        outcome,
        isLocal: false,
        mxHost: gmail,
        mxAddress: '192.0.2.26',
        from: '',
        status: '',
        reply: outcome === 'sent' ? '250 2.0.0 OK gsmtp' : slower,
        delaySeconds: 3,
        ...more,
      });
    },
    sums() {
      const [detail] = watch.show('google', 0 as Millis);
      const all = detail?.samples ?? [];
      const sum = (name: 'sent' | 'deferred' | 'bounced'): number =>
        all.reduce((total, one) => total + one[name], 0);
      return [sum('sent'), sum('deferred'), sum('bounced')];
    },
  };
}
