/** Lays out tables and colours text for a terminal. */
import { stripVTControlCharacters } from 'node:util';

export type Column = { readonly title: string; readonly align?: 'right' };

/** Rows under their titles, with two spaces between columns and none at the end of a line. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const widths = columns.map((column, i) =>
    Math.max(width(column.title), ...rows.map((row) => width(row[i] ?? ''))),
  );
  const print = (cells: readonly string[]): string =>
    columns
      .map((column, i) => {
        const cell = cells[i] ?? '';
        const space = ' '.repeat(Math.max(0, (widths[i] ?? 0) - width(cell)));
        return column.align === 'right' ? space + cell : cell + space;
      })
      .join('  ')
      .trimEnd();
  const titles = columns.map((column) => paint('bold', column.title));
  return `${[titles, ...rows].map(print).join('\n')}\n`;
}

/** Characters that take two columns (Unicode's East Asian Wide), and those that take none. */
const wide = new RegExp(
  '[\\u1100-\\u115f\\u2e80-\\u303e\\u3041-\\ua4cf\\uac00-\\ud7a3\\uf900-\\ufaff' +
    '\\ufe30-\\ufe6f\\uff00-\\uff60\\uffe0-\\uffe6\\u{1f300}-\\u{1faff}\\u{20000}-\\u{3fffd}]',
  'u',
);
const thin = /[\p{Mn}\p{Me}\p{Cf}]/u;

/** Columns on a terminal. */
function width(text: string): number {
  const plain = stripVTControlCharacters(text);
  if (/^[\x20-\x7e]*$/.test(plain)) return plain.length;
  return [...plain].reduce((sum, one) => sum + (wide.test(one) ? 2 : thin.test(one) ? 0 : 1), 0);
}

const codes = { bold: 1, red: 31, green: 32, yellow: 33, dim: 2 } as const;

/** Coloured if standard output is a terminal and NO_COLOR is not set. */
export function paint(colour: keyof typeof codes, text: string): string {
  if (!process.stdout.isTTY || (process.env['NO_COLOR'] ?? '') !== '' || text === '') return text;
  return `\u001b[${codes[colour]}m${text}\u001b[0m`;
}

/** The state of an account in its colour. `observed`: suspended only as a note, in mode observe. */
export function paintState(state: string, observed = false): string {
  if (observed && state === 'suspended') return paint('yellow', 'would be suspended');
  return paint(state === 'suspended' ? 'red' : state === 'watched' ? 'yellow' : 'green', state);
}

/** `2026-11-23 18:02:01Z`. */
export function clock(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')}Z`;
}
