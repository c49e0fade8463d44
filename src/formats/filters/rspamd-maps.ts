/**
 * rspamd's maps: a file with a key and a value in each line, or lines in the setting itself. Pure;
 * the caller reads the files.
 */
import { matchesGlob } from './glob.ts';
import type { Ucl } from './ucl.ts';

type Row = readonly [key: string, value: string];

export type RspamdMap = {
  /** Exact keys, in lower case, or patterns with `*` and `?`. */
  readonly rows: readonly Row[];
  readonly patterns: boolean;
};

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
  return { rows: rows.filter((one) => one !== undefined), patterns };
}

/** The value of a key. */
export function inMap(map: RspamdMap | undefined, key: string): string | undefined {
  return map?.rows.find(([one]) =>
    map.patterns ? isIn(one, key.toLowerCase()) : one === key.toLowerCase(),
  )?.[1];
}

/** `key value`, with or without quotation marks; without them the value goes to the end. */
function row(line: string): Row | 'empty' | undefined {
  if (/^\s*(?:#|$)/.test(line)) return 'empty';
  const [, quoted, bare, value, rest] =
    /^\s*(?:"([^"]+)"|([^\s#"]+))\s+(?:"([^"]+)"\s*(?:#.*)?|([^\s"#].*))$/.exec(line) ?? [];
  const key = quoted ?? bare;
  const text = value ?? rest?.replace(/\s#.*$/, '').trimEnd();
  return key === undefined || text === undefined ? undefined : [key.toLowerCase(), text];
}

/** rspamd looks for a pattern anywhere in the key, so `k1` also fits `k10`. */
function isIn(pattern: string, key: string): boolean {
  return matchesGlob(`*${pattern}*`, key, { single: true });
}
