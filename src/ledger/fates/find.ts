/** Looks for messages in all day files, newest day first, within a time limit. */
import { performance } from 'node:perf_hooks';
import { faultText } from '../../lib/error-text.ts';
import { secondMs } from '../../lib/time.ts';
import type { FateAnswer, FateQuery } from '../../ports/fate.ts';
import { DayFile } from './day.ts';
import { answerRecipientsMax, findInDay } from './day-find.ts';
import { type DayName, dayEnd, dayStart, daysIn } from './day-names.ts';

/** A search for a part of a subject may read everything; it ends after this time. */
const searchMs = 3 * secondMs;
const foundMax = 1_000;

export function findInDays(
  folder: string,
  query: FateQuery,
  nowMs: () => number = () => performance.now(),
): FateAnswer {
  const began = nowMs();
  const isLate = (): boolean => nowMs() - began > searchMs;
  const limit = Math.min(query.limit, foundMax);
  const found: FateAnswer['found'][number][] = [];
  const missing: string[] = [];
  const room = { recipients: answerRecipientsMax };
  let days = 0;
  for (const name of daysFor(folder, query)) {
    if (found.length >= limit) break;
    if (isLate()) {
      missing.push(`days up to ${name} were not looked at: the search took too long`);
      break;
    }
    try {
      const day = DayFile.open(folder, name, { as: 'read', withClear: true });
      try {
        const inDay = findInDay(day, { query, limit: limit - found.length, isLate, room });
        found.push(...inDay.found);
        if (!inDay.isWhole) missing.push(`${name} was not read to its end: it took too long`);
        days++;
      } finally {
        day.close();
      }
    } catch (error) {
      missing.push(`${name} cannot be read: ${faultText(error)}`);
    }
  }
  return { found, partial: missing.join('; '), days };
}

function daysFor(folder: string, { since, until }: FateQuery): readonly DayName[] {
  return daysIn(folder).filter(
    (day) =>
      (since === undefined || dayEnd(day) > since) &&
      (until === undefined || dayStart(day) <= until),
  );
}
