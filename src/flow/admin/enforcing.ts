/**
 * What mode guard would have changed: the verdicts of the last days that were only observed. They
 * are what was judged then; once mail is really held, people act on it, so later mail may differ.
 */
import type { Account } from '../../core/account-name.ts';
import {
  domainOfAccount,
  type Enforcement,
  enforcementOf,
  isEnforced,
} from '../../core/enforcement/enforcement.ts';
import { dayMs, type Millis } from '../../lib/time.ts';
import type { EnforcingView } from '../../ports/acting/enforcing.ts';
import type { StatusView } from '../../ports/admin.ts';
import type { Ledger } from '../../ports/ledger.ts';

const days = 7;
/** Accounts that are read. Nobody observes that many for long. */
const accountsMax = 10_000;
/** Accounts that are named, and incidents that are looked through. */
const namedMax = 20;
const incidentsMax = 1_000;
/** The page asks every few seconds. */
const keptMs = 5_000;
/** Mail waits while the sums are read: they take at most this part of the time. */
const partOfTime = 1 / 50;

export function enforcingView(
  live: Pick<Ledger, 'incidents' | 'observedSince'>,
  mode: StatusView['mode'],
  now: Millis,
  part: EnforcedPart = nobody,
): EnforcingView {
  const since = (now - days * dayMs) as Millis;
  const suspended = new Set(
    live
      .incidents({ limit: incidentsMax })
      .filter(({ observed, suspendedAt }) => observed && suspendedAt >= since)
      .map(({ account }) => account),
  );
  const sums = live.observedSince(since, accountsMax);
  const named = sums.map(({ delay, hold, refuse, ...one }) => ({
    ...one,
    messages: delay + hold + refuse,
    wouldBeSuspended: suspended.has(one.account),
  }));
  const total = (of: 'delay' | 'hold' | 'refuse'): number =>
    sums.reduce((sum, one) => sum + one[of], 0);
  const counts = { delay: total('delay'), hold: total('hold'), refuse: total('refuse') };
  const view = {
    mode,
    days,
    since,
    ...counts,
    messages: counts.delay + counts.hold + counts.refuse,
    accounts: sums.length,
    wouldBeSuspended: suspended.size,
    most: named.slice(0, namedMax),
    enforce: mode === 'observe' ? part.enforce : [],
    domains: byDomain(named, part),
    command: mode === 'observe' ? 'postern mode guard' : '',
  };
  return { ...view, text: enforcingText(view) };
}

/** The part that Postern acts on in mode observe. */
type EnforcedPart = {
  readonly enforce: readonly string[];
  readonly enforced: Enforcement;
  readonly seed: number;
};

const nobody: EnforcedPart = { enforce: [], enforced: enforcementOf([]), seed: 0 };

/** What would change in each domain, most messages first. */
function byDomain(
  accounts: readonly (Omit<EnforcingView['most'][number], 'account'> & {
    readonly account: Account;
  })[],
  { enforced, seed }: EnforcedPart,
): EnforcingView['domains'] {
  const domains = new Map<string, { accounts: number; messages: number; suspended: number }>();
  for (const { account, messages, wouldBeSuspended } of accounts) {
    if (isEnforced(enforced, account, seed)) continue;
    const name = domainOfAccount(account);
    const sum = domains.get(name) ?? { accounts: 0, messages: 0, suspended: 0 };
    sum.accounts++;
    sum.messages += messages;
    if (wouldBeSuspended) sum.suspended++;
    domains.set(name, sum);
  }
  return [...domains]
    .map(([domain, { suspended, ...sum }]) => ({ domain, ...sum, wouldBeSuspended: suspended }))
    .sort((one, other) => other.messages - one.messages)
    .slice(0, namedMax);
}

type EnforceSetting = Pick<StatusView, 'mode'> & { readonly enforce: readonly string[] };

/**
 * The view, made again only every few seconds, later if that takes long, and at once when the mode
 * or the enforced part has changed.
 */
export function keptEnforcing(
  make: () => EnforcingView,
  { now, setting }: { readonly setting: () => EnforceSetting; readonly now: () => Millis },
): () => EnforcingView {
  let kept:
    | {
        readonly at: Millis;
        readonly lastsMs: number;
        readonly of: string;
        readonly view: EnforcingView;
      }
    | undefined;
  return () => {
    const at = now();
    const { enforce, mode } = setting();
    const of = [mode, ...enforce].join();
    const isFresh = kept !== undefined && at >= kept.at && at - kept.at < kept.lastsMs;
    if (kept !== undefined && isFresh && kept.of === of) return kept.view;
    const view = make();
    const tookMs = Math.max(0, now() - at);
    kept = { at, of, view, lastsMs: Math.max(keptMs, tookMs / partOfTime) };
    return view;
  };
}

function enforcingText(view: Omit<EnforcingView, 'text'>): string {
  const { accounts, delay, hold, messages, mode, refuse, wouldBeSuspended } = view;
  const time = `in the last ${days} days`;
  if (messages === 0) {
    return mode === 'observe'
      ? `Nothing would have been stopped ${time}.`
      : `Mode observe has let no message pass ${time} that mode guard would have stopped.`;
  }
  const parts = [
    hold > 0 ? `${hold} held` : '',
    refuse > 0 ? `${refuse} refused` : '',
    delay > 0 ? `${delay} delayed` : '',
  ].filter((part) => part !== '');
  const who =
    wouldBeSuspended === 0 ? '' : `, and suspended ${counted(wouldBeSuspended, 'account')}`;
  return (
    `Mode guard would have stopped ${counted(messages, 'message')} of ` +
    `${counted(accounts, 'account')} ${time} (${parts.join(', ')})${who}.`
  );
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
