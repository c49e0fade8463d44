/**
 * rspamd's maps: a file with a key and a value in each line, or lines in the setting itself. Pure;
 * the caller reads the files.
 */
import { globEnd } from './glob.ts';
import { GlobIndex } from './glob-index.ts';
import type { Ucl } from './ucl.ts';

type Row = readonly [key: string, value: string];

/** What a map says about a key. `others`: further patterns that fit and have another value. */
export type RspamdFind = {
  readonly pattern: string;
  readonly value: string;
  readonly others: readonly string[];
  /** The first line that fits; without Hyperscan, rspamd takes its value. */
  readonly first: string;
};

/**
 * A map that was read. A look-up takes no longer in a map of many rows.
 *
 * Exact keys are compared without case, and the last row of a key counts. Patterns with `*` and `?`
 * are compared with case and looked for anywhere in the text, so `k1` also fits `k10`. Which one
 * counts was tried with rspamd 3.4 as Debian builds it, with Hyperscan: the pattern whose match
 * ends first, and of several the first row. Hyperscan does not take a pattern that fits the empty
 * text, such as `*`; with one of these the first row that fits counts, as without Hyperscan.
 */
export class RspamdMap {
  readonly rows: readonly Row[];
  readonly patterns: boolean;
  readonly #byKey = new Map<string, string>();
  readonly #index: GlobIndex;
  readonly #inOrder: boolean;

  constructor(rows: readonly Row[], { patterns }: { readonly patterns: boolean }) {
    this.rows = rows;
    this.patterns = patterns;
    this.#index = new GlobIndex(patterns ? rows.map(([key]) => key) : []);
    this.#inOrder = rows.some(([key]) => /^\*+$/.test(key));
    for (const [key, value] of rows) this.#byKey.set(key.toLowerCase(), value);
  }

  /** The value of a key. */
  valueOf(key: string): string | undefined {
    return this.patterns ? this.find(key)?.value : this.#byKey.get(key.toLowerCase());
  }

  /** How patterns fit a text. */
  find(text: string): RspamdFind | undefined {
    const fitting = this.#index.candidates(text).flatMap((nth) => {
      const [pattern = '', value = ''] = this.rows[nth] ?? [];
      const end = globEnd(pattern, text);
      return end === undefined ? [] : [{ pattern, value, end: this.#inOrder ? 0 : end }];
    });
    const [first] = fitting;
    const best = fitting.toSorted((one, other) => one.end - other.end)[0];
    if (first === undefined || best === undefined) return undefined;
    const { pattern, value } = best;
    const others = fitting.filter((one) => one.value !== value).map((one) => one.pattern);
    return { pattern, value, others, first: first.value };
  }
}

export type MapFiles = {
  text(path: string): string | undefined;
  expand(path: string): string;
  /** Reports what cannot be read. */
  gap(text: string): void;
};

/** Reads the map of this setting; `usual`: how rspamd compares its keys if it is not said. */
export function readRspamdMap(
  name: string,
  value: Ucl | undefined,
  usual: 'exact' | 'patterns',
  files: MapFiles,
): RspamdMap | undefined {
  if (value === undefined || value === '') return undefined;
  const parts = typeof value === 'string' ? [value] : value instanceof Map ? [undefined] : value;
  let patterns = usual === 'patterns';
  const lines: string[] = [];
  for (const part of parts as readonly Ucl[]) {
    if (typeof part !== 'string') {
      files.gap(`${name}: this form of a map is not read; write the lines into a file`);
      continue;
    }
    const [, kind = '', rest = ''] = /^(\w+);(.*)$/.exec(part) ?? ['', '', part];
    if (['regexp', 're', 'regexp_multi', 're_multi', 'cdb', 'radix', 'ipnet'].includes(kind)) {
      files.gap(`${name}: a map of type ${kind} is not read`);
      continue;
    }
    if (kind !== '') patterns = kind.startsWith('glob');
    const place = files.expand(rest.replace(/^(?:fallback\+)?file:\/\//, ''));
    if (/^[a-z]+:\/\//i.test(place)) {
      files.gap(`${name} ${place}: maps are only read from files`);
    } else if (place.startsWith('/')) {
      const text = files.text(place);
      if (text === undefined) files.gap(`${name} ${place}: cannot be read`);
      else lines.push(...text.split('\n'));
    } else lines.push(place);
  }
  const rows = lines.map(row).filter((one) => one !== 'empty');
  const unread = rows.filter((one) => one === undefined).length;
  if (unread > 0) files.gap(`${name}: lines without a value that can be read: ${unread}`);
  const read = rows.filter((one) => one !== undefined);
  return new RspamdMap(read, { patterns });
}

/** `key value`, with or without quotation marks; without them the value goes to the end. */
function row(line: string): Row | 'empty' | undefined {
  if (/^\s*(?:#|$)/.test(line)) return 'empty';
  const [, quoted, bare, value, rest] =
    /^\s*(?:"([^"]+)"|([^\s#"]+))\s+(?:"([^"]+)"\s*(?:#.*)?|([^\s"#].*))$/.exec(line) ?? [];
  const key = quoted ?? bare;
  const text = value ?? rest?.replace(/\s#.*$/, '').trimEnd();
  return key === undefined || text === undefined ? undefined : [key, text];
}
