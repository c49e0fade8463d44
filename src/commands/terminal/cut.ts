/** Lists that are longer than what is shown say so. */
import type { Command } from 'commander';
import { print, warn } from './print.ts';

/** The most that the guard gives at a time. */
export const listMax = 1_000;

export type Cut<Row> = {
  readonly shown: readonly Row[];
  readonly isCut: boolean;
};

/** One more than the limit was asked for, as `askedFor` says. */
export function cutAt<Row>(rows: readonly Row[], limit: number): Cut<Row> {
  // At the most, nobody knows whether there are more.
  const isCut = rows.length > limit || (limit === listMax && rows.length === listMax);
  return { shown: rows.slice(0, limit), isCut };
}

export const askedFor = (limit: number): number => Math.min(listMax, limit + 1);

/**
 * Says that a list is cut: below a table, or beside JSON, which stays one value. `total` may be
 * undefined where nobody counts.
 */
export function tellCut(
  command: Command,
  { json }: { readonly json?: true },
  about: { readonly shown: number; readonly total: number | undefined; readonly what: string },
): void {
  const text = cutText(about);
  if (json === true) warn(command, `postern: ${text}`);
  else print(command, `\n${text}`);
}

/** `100 of 1,013 accounts shown; --limit shows more` */
function cutText({
  shown,
  total,
  what,
}: {
  readonly shown: number;
  readonly total: number | undefined;
  readonly what: string;
}): string {
  const count = (n: number): string => n.toLocaleString('en-US');
  const more = shown < listMax ? '--limit shows more' : 'narrow the list to see others';
  const head =
    total === undefined || total <= shown
      ? `The first ${count(shown)} ${what} are shown, and there are more`
      : `${count(shown)} of ${count(total)} ${what} shown`;
  return `${head}; ${more}.\n`;
}
