/**
 * What mode guard would have changed: the verdicts of the last days that were only observed. They
 * are what was judged then; once mail is really held, people act on it, so later mail may differ.
 */
import { dayMs, type Millis } from '../../lib/time.ts';
import type { EnforcingView, StatusView } from '../../ports/admin.ts';
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
    command: mode === 'observe' ? 'postern mode guard' : '',
  };
  return { ...view, text: enforcingText(view) };
}

/**
 * The view, made again only every few seconds, later if that takes long, and at once when the mode
 * has changed.
 */
export function keptEnforcing(
  make: () => EnforcingView,
  { mode, now }: { readonly mode: () => StatusView['mode']; readonly now: () => Millis },
): () => EnforcingView {
  let kept:
    | { readonly at: Millis; readonly lastsMs: number; readonly view: EnforcingView }
    | undefined;
  return () => {
    const at = now();
    const isFresh = kept !== undefined && at >= kept.at && at - kept.at < kept.lastsMs;
    if (kept !== undefined && isFresh && kept.view.mode === mode()) return kept.view;
    const view = make();
    const tookMs = Math.max(0, now() - at);
    kept = { at, view, lastsMs: Math.max(keptMs, tookMs / partOfTime) };
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
