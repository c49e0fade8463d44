/**
 * Writes out $GENERATE of BIND's master files: one entry for each number of a range. `$` is the
 * number, `${offset,width,base}` writes the number in another way.
 */
import { fault, ok, type Result } from '../../lib/result.ts';
import type { ZoneWord } from './zone-bind-entries.ts';

/** Entries of one $GENERATE, as many as there are addresses in an IPv4 network of 16 bits. */
const entriesMax = 65_536;
/** Characters of one entry, so that a wide number cannot fill the memory. */
const entryLengthMax = 4_096;

/** Each entry as a line of a master file. `words`: those after `$GENERATE`. */
export function generatedLines(words: readonly ZoneWord[]): Result<readonly string[], string> {
  const [range, ...parts] = words;
  if (range === undefined || parts.length < 3) {
    return fault('$GENERATE takes a range, a name, a type and a value');
  }
  const numbers = numbersIn(range.raw);
  if (numbers === undefined) return fault(`${range.raw} is not a range such as 1-20 or 0-100/2`);
  if (numbers.length > entriesMax) {
    return fault(`$GENERATE with ${numbers.length} entries, at most ${entriesMax} are read`);
  }
  // Inside quotes, BIND takes the backslash from a quote before it reads the value.
  const template = parts
    .map(({ raw, quoted }) => (quoted ? raw.replaceAll('\\"', '"') : raw))
    .join(' ');
  const lines: string[] = [];
  for (const number of numbers) {
    const line = written(template, number);
    if (line === undefined)
      return fault('$GENERATE with invalid numbers in braces (offset,width,base)');
    if (line.length > entryLengthMax) return fault('$GENERATE with an entry that is too long');
    lines.push(line);
  }
  return ok(lines);
}

function numbersIn(text: string): readonly number[] | undefined {
  const parts = /^(\d{1,9})-(\d{1,9})(?:\/(\d{1,9}))?$/.exec(text);
  if (parts === null) return undefined;
  const [first, last, step] = [Number(parts[1]), Number(parts[2]), Number(parts[3] ?? '1')];
  if (step === 0 || last < first) return undefined;
  const amount = Math.floor((last - first) / step) + 1;
  // One more than is read is enough to say so.
  const length = Math.min(amount, entriesMax + 1);
  return Array.from({ length }, (_, nth) => first + nth * step);
}

const placeholder = /\\[\s\S]|\$\{([^}]{0,40})\}|\$/g;

function written(template: string, number: number): string | undefined {
  let valid = true;
  const text = template.replace(placeholder, (found, modifier?: string) => {
    if (found.startsWith('\\')) return found;
    const value = modifier === undefined ? `${number}` : modified(modifier, number);
    if (value === undefined) valid = false;
    return value ?? '';
  });
  return valid ? text : undefined;
}

/** The number with an offset, in at least so many digits, in the base d, o, x, X, n or N. */
function modified(modifier: string, number: number): string | undefined {
  const parts = /^(-?\d{1,9})(?:,(\d{1,3})(?:,([doxXnN]))?)?$/.exec(modifier);
  if (parts === null) return undefined;
  const value = number + Number(parts[1]);
  const [width, base] = [Number(parts[2] ?? '0'), parts[3] ?? 'd'];
  if (value < 0) return undefined;
  const digits = value.toString(radixOf[base.toLowerCase()] ?? 10);
  const cased = base === 'X' || base === 'N' ? digits.toUpperCase() : digits;
  if (base.toLowerCase() !== 'n') return cased.padStart(width, '0');
  // Nibbles, the last digit first, for names below ip6.arpa; the width counts dots.
  const nibbles = cased.padStart(Math.ceil(width / 2), '0');
  return [...nibbles].reverse().join('.');
}

const radixOf: Readonly<Record<string, number>> = { d: 10, o: 8, x: 16, n: 16 };
