/**
 * rspamd's maps: a file with a key and a value in each line, or lines in the setting itself. Pure;
 * the caller reads the files.
 */
import { matchesGlob } from './glob.ts';
import type { Ucl } from './ucl.ts';

export type RspamdMap = {
  /** Exact keys, in lower case, or patterns with `*` and `?`. */
  readonly rows: readonly (readonly [key: string, value: string])[];
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
  const rows: (readonly [string, string])[] = [];
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
      else rows.push(...text.split('\n').flatMap(row));
    } else rows.push(...row(place));
  }
  return { rows, patterns };
}

/** The value of a key. */
export function inMap(map: RspamdMap | undefined, key: string): string | undefined {
  return map?.rows.find(([one]) =>
    map.patterns ? isIn(one, key.toLowerCase()) : one === key.toLowerCase(),
  )?.[1];
}

/** `key value`, with or without quotation marks. */
function row(line: string): readonly (readonly [string, string])[] {
  const [, quoted, bare, value] =
    /^\s*(?:"([^"]+)"|([^\s#"]+))\s+"?([^\s"]+)"?\s*(?:#.*)?$/.exec(line) ?? [];
  const key = quoted ?? bare;
  return key === undefined || value === undefined ? [] : [[key.toLowerCase(), value]];
}

/** rspamd looks for a pattern anywhere in the key, so `k1` also fits `k10`. */
function isIn(pattern: string, key: string): boolean {
  return matchesGlob(`*${pattern}*`, key, { single: true });
}
