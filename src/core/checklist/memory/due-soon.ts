/**
 * What breaks soon if nobody does anything: told at night 14 days before, and again 3 days before.
 * Pure.
 */
import { dayMs, type Millis } from '../../../lib/time.ts';
import type { NightlyLine } from './nightly.ts';
import type { RememberedItem } from './remember.ts';

/** Days before, the nearest first. */
const steps = [3, 14] as const;
/** A time that was moved by less is the same time: some are counted in whole days. */
const sameMs = 2 * dayMs;

/** What was told last, by the id of the item. */
export type ToldDue = Readonly<
  Record<string, { readonly at: Millis; readonly step: (typeof steps)[number] }>
>;
export type DueSoon = { readonly lines: readonly NightlyLine[]; readonly told: ToldDue };

/** `iso`: a time as RFC 3339. */
export function dueSoon(
  rows: readonly RememberedItem[],
  told: ToldDue,
  about: { readonly now: Millis; readonly iso: (at: Millis) => string },
): DueSoon {
  const { now } = about;
  const lines: NightlyLine[] = [];
  const next: Record<string, ToldDue[string]> = {};
  const soonest = rows.toSorted(
    (one, other) => (one.item.due?.at ?? 0) - (other.item.due?.at ?? 0),
  );
  for (const row of soonest) {
    const { due, id } = row.item;
    // What is broken is told as broken.
    if (due === undefined || row.state === 'broken' || row.state === 'not needed') continue;
    const step = steps.find((days) => due.at - now <= days * dayMs);
    if (step === undefined) continue;
    const before = told[id];
    const isTold =
      before !== undefined && Math.abs(before.at - due.at) < sameMs && before.step <= step;
    next[id] = { at: due.at, step: isTold ? before.step : step };
    if (!isTold) lines.push({ signal: 'due', text: dueText(row, due, about) });
  }
  return { lines, told: next };
}

function dueText(
  { item }: RememberedItem,
  { at, what }: NonNullable<RememberedItem['item']['due']>,
  { iso, now }: { readonly now: Millis; readonly iso: (at: Millis) => string },
): string {
  const days = Math.floor((at - now) / dayMs);
  const left =
    at < now ? 'any time now' : days === 0 ? 'today' : `in ${days} ${days === 1 ? 'day' : 'days'}`;
  const day = iso(at).slice(0, 10);
  const show = `next: postern checklist show ${item.id}`;
  return `${item.title} (${item.id}): breaks ${left} (${day}): ${what}; ${show}`;
}
