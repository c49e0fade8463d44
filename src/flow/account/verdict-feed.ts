/**
 * The live feed: the last verdicts and counts for each minute, for the status page and listeners.
 * All of them have a limit. A listener that throws is removed.
 */
import type { VerdictKind } from '../../core/verdict.ts';
import { type Millis, minuteMs } from '../../lib/time.ts';
import type { FeedItem, FlowMinute, ObservedVerdicts } from '../../ports/admin.ts';

const itemsMax = 200;
const minutesMax = 120;
const listenersMax = 64;

export type Feed = {
  add(item: FeedItem): void;
  /** Newest first. */
  recent(limit: number): readonly FeedItem[];
  /** The last two hours until `now`, one row for each minute, also for minutes without mail. */
  minutes(now: Millis): readonly FlowMinute[];
  watch(listener: (item: FeedItem) => void): () => void;
  /** As they were carried out: what was only observed has passed. */
  readonly verdicts: Readonly<Record<VerdictKind, number>>;
  readonly observedVerdicts: ObservedVerdicts;
};

type Counts = Record<VerdictKind, number> & {
  readonly observed: { -readonly [Kind in keyof ObservedVerdicts]: number };
};

export function openFeed(): Feed {
  const items: FeedItem[] = [];
  const minutes: (Counts & { readonly at: Millis })[] = [];
  const listeners = new Set<(item: FeedItem) => void>();
  const { observed: observedVerdicts, ...verdicts } = noCounts();
  return {
    verdicts,
    observedVerdicts,
    add(item) {
      count(verdicts, observedVerdicts, item);
      items.push(item);
      // Cut in large steps: to shift the array for each message would cost more than the message.
      if (items.length >= 2 * itemsMax) items.splice(0, items.length - itemsMax);
      const at = (Math.floor(item.at / minuteMs) * minuteMs) as Millis;
      let minute = minutes.at(-1);
      if (minute === undefined || minute.at < at) {
        minute = { at, ...noCounts() };
        minutes.push(minute);
        if (minutes.length > minutesMax) minutes.shift();
      }
      count(minute, minute.observed, item);
      for (const listener of listeners) {
        try {
          listener(item);
        } catch {
          listeners.delete(listener);
        }
      }
    },
    recent: (limit) => items.slice(-Math.min(limit, itemsMax)).reverse(),
    minutes: (now) => filled(minutes, now),
    watch(listener) {
      if (listeners.size < listenersMax) listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** A message that was only observed has passed. */
function count(
  done: Record<VerdictKind, number>,
  noted: Counts['observed'],
  { observed, verdict }: FeedItem,
): void {
  if (observed && verdict !== 'pass') noted[verdict]++;
  done[observed ? 'pass' : verdict]++;
}

function filled(counted: readonly FlowMinute[], now: Millis): readonly FlowMinute[] {
  const byTime = new Map(counted.map((minute) => [minute.at, minute]));
  const last = Math.floor(now / minuteMs) * minuteMs;
  return Array.from({ length: minutesMax }, (_, i) => {
    const at = (last - (minutesMax - 1 - i) * minuteMs) as Millis;
    return byTime.get(at) ?? { at, ...noCounts() };
  });
}

function noCounts(): Counts {
  return { pass: 0, delay: 0, hold: 0, refuse: 0, observed: { delay: 0, hold: 0, refuse: 0 } };
}
