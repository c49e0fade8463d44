/** Numbers, times and verdicts as commands print them. Pure. */
import type { VerdictKind } from '../../core/verdict.ts';
import { withoutControls } from '../../lib/peer-text.ts';
import { dayMs, hourMs, minuteMs, secondMs } from '../../lib/time.ts';

/** `1 message`, `2 messages`. */
export function many(count: number, one: string, more: string = `${one}s`): string {
  return `${count} ${count === 1 ? one : more}`;
}

/** `2026-12-31`, UTC. */
export function dayText(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

const steps = [
  [dayMs, 'd'],
  [hourMs, 'h'],
  [minuteMs, 'min'],
  [secondMs, 's'],
] as const;

/** `9 d`, `4 min`, `0 s`: the largest unit that fits, rounded down. */
export function span(ms: number): string {
  const [size, unit] = steps.find(([step]) => ms >= step) ?? [secondMs, 's'];
  return `${Math.max(0, Math.floor(ms / size))} ${unit}`;
}

const done: Readonly<Record<VerdictKind, string>> = {
  pass: 'passed',
  delay: 'delayed',
  hold: 'held',
  refuse: 'refused',
};
const would: Readonly<Record<VerdictKind, string>> = {
  pass: 'passed',
  delay: 'would have been delayed',
  hold: 'would have been held',
  refuse: 'would have been refused',
};

/** What Postern did with a message, or in mode observe would have done. */
export function verdictWord(verdict: VerdictKind, observed: boolean): string {
  return (observed ? would : done)[verdict];
}

/** Cuts a text that has more characters than this; `…` says so. */
export function cutTo(text: string, charactersMax: number): string {
  const all = [...text];
  return all.length > charactersMax ? `${all.slice(0, charactersMax - 1).join('')}…` : text;
}

/**
 * Makes text of strangers (subjects, addresses) safe to print: it cannot move the cursor, set a
 * colour or turn the direction of writing.
 */
export function plain(text: string): string {
  return withoutControls(text);
}
