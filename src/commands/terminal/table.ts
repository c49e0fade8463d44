/** Lays out tables and colours text for a terminal. */
import { stripVTControlCharacters } from 'node:util';

export type Column = { readonly title: string; readonly align?: 'right' };

const gap = '  ';
/** A longer cell moves the rest of its row; the other rows are not padded to its length. */
const padMax = 64;

/**
 * Rows under their titles, with two spaces between columns and none at the end of a line. Where a
 * terminal is too narrow, each row becomes a block: nothing is cut, and no word is broken.
 */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  room: number = printWidth(),
): string {
  const widths = columns.map((column, i) => {
    const cells = rows.map((row) => width(row[i] ?? '')).filter((one) => one <= padMax);
    return Math.max(width(column.title), ...cells);
  });
  const longest = (row: readonly string[]): number =>
    widths.reduce((sum, one, i) => sum + Math.max(one, width(row[i] ?? '')) + gap.length, 0);
  if (rows.some((row) => longest(row) - gap.length > room)) return blocks(columns, rows, room);
  const print = (cells: readonly string[]): string =>
    columns
      .map((column, i) => {
        const cell = cells[i] ?? '';
        const space = ' '.repeat(Math.max(0, (widths[i] ?? 0) - width(cell)));
        return column.align === 'right' ? space + cell : cell + space;
      })
      .join(gap)
      .trimEnd();
  const titles = columns.map((column) => paint('bold', column.title));
  return `${[titles, ...rows].map(print).join('\n')}\n`;
}

/** The first cell of each row, and below it the others, each with its title. */
function blocks(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  room: number,
): string {
  const lines = rows.map(([first = '', ...cells]) => {
    const items = cells.flatMap((cell, i) => {
      const title = columns[i + 1]?.title ?? '';
      const words = title === '' ? cell : `${title.toLowerCase()} ${cell}`;
      return cell === '' ? [] : [...wrapped(words, room - gap.length)];
    });
    return [first, ...wrapped(items, room - gap.length, gap).map((line) => gap + line)].join('\n');
  });
  return `${lines.join('\n')}\n`;
}

/** Commands in a sentence: what of them must be copied as one line. */
const commands: RegExp = new RegExp(
  [
    "(?:sudo )?postconf (?:-c \\S+ )?-[ePX#M](?: '[^']*'| [^\\s'&;,()]+)+" +
      '(?: && (?:sudo )?postfix(?: -c \\S+)? reload)?',
    '(?:sudo )?systemctl [a-z-]+(?: --now)? [\\w@.-]+(?: [\\w@-]+\\.(?:socket|service|timer))?',
    'apt-get install [\\w.-]+',
    '(?:sudo )?postern (?:accounts|connect|dkim|dns|drill|held|passwords|try) [a-z-]+(?: [A-Z]+)?',
    '(?:sudo )?postern [a-z]+',
  ].join('|'),
  'g',
);
/** A blank within a command, while the lines are made; no text has this character. */
const tied = '\u0000';

/**
 * Lines of at most `most` columns, broken between words, never within a command, or between items
 * that are given.
 */
export function wrapped(
  text: string | readonly string[],
  most: number,
  between = ' ',
): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of typeof text === 'string' ? unbroken(text) : text) {
    if (line !== '' && width(line) + between.length + width(word) > most) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line}${between}${word}`;
  }
  return [...lines, line];
}

/** Words; a command is one. */
function unbroken(text: string): readonly string[] {
  const whole = text.replace(commands, (command) => command.replaceAll(' ', tied));
  return whole.split(' ').map((word) => word.replaceAll(tied, ' '));
}

const narrowest = 20;

/**
 * The columns that a line may take: of the terminal, or what COLUMNS says (for `| less`). For a
 * file or a program, each row is one line.
 */
export function printWidth(): number {
  if (process.stdout.isTTY) return Math.max(narrowest, process.stdout.columns);
  const said = Number(process.env['COLUMNS'] ?? '');
  return Number.isInteger(said) && said >= narrowest ? said : Number.POSITIVE_INFINITY;
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

/** Coloured if standard output is a terminal that has colours, and NO_COLOR is not set. */
export function paint(colour: keyof typeof codes, text: string): string {
  const { NO_COLOR: without = '', TERM: terminal } = process.env;
  const isPlain = !process.stdout.isTTY || without !== '' || terminal === 'dumb';
  if (isPlain || text === '') return text;
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
