/**
 * Says of the tables of rspamd what surprises: names that another name fits too, lines with
 * capitals, and look-ups whose result depends on how rspamd was built. Pure.
 */
import type { RspamdMap } from './rspamd-maps.ts';
import { authorFor, type SignedFrom } from './signer-setup.ts';

/** `written`: the table of authors as in the file; `signing`: the same without capitals. */
export function tableRemarks(
  {
    written,
    signing,
    keys,
  }: { readonly written: RspamdMap; readonly signing: RspamdMap; readonly keys: RspamdMap },
  froms: readonly SignedFrom[],
): { readonly notes: readonly string[]; readonly gaps: readonly string[] } {
  const authors = froms.map((from) => {
    const { user, host } = authorFor(from);
    return { shown: from.host, text: `${user}@${host}`, host };
  });
  const names = new Set(
    authors.flatMap(({ text, host }) => {
      const name = signing.valueOf(text);
      return name === undefined ? [] : [name === '%' ? host : name];
    }),
  );
  const wanted = [...names].map((text) => ({ shown: text, text }));
  return {
    notes: [...capitals(written), ...shadowed(keys, wanted)],
    gaps: [...unsure('signing_table', signing, authors), ...unsure('key_table', keys, wanted)],
  };
}

type Wanted = { readonly shown: string; readonly text: string };

function capitals({ rows, patterns }: RspamdMap): readonly string[] {
  const some = patterns ? rows.filter(([key]) => key !== key.toLowerCase()) : [];
  const [first] = some;
  if (first === undefined) return [];
  return [
    `signing_table: ${some.length} with capitals, such as ${first[0]}: rspamd signs only mail ` +
      'whose From has the same capitals; Postern signs all mail of the domain',
  ];
}

/** Names for which rspamd finds the line of another name that is a part of them. */
function shadowed(keys: RspamdMap, names: readonly Wanted[]): readonly string[] {
  if (!keys.patterns) return [];
  const some = names.flatMap(({ text }) => {
    const found = keys.find(text);
    const isOther = found !== undefined && found.pattern !== text && found.others.includes(text);
    return isOther ? [{ text, pattern: found.pattern }] : [];
  });
  const [first] = some;
  if (first === undefined) return [];
  return [
    `key_table: ${some.length} names are found by another name that is a part of them, such as ` +
      `${first.text} by ${first.pattern}: rspamd signs with the key of ${first.pattern}`,
  ];
}

/** Look-ups for which rspamd takes another line if it was built without Hyperscan. */
function unsure(name: string, map: RspamdMap, wanted: readonly Wanted[]): readonly string[] {
  if (!map.patterns) return [];
  const some = wanted.flatMap(({ shown, text }) => {
    const found = map.find(text);
    return found === undefined || found.first === found.value ? [] : [{ shown, found }];
  });
  const [one] = some;
  if (one === undefined) return [];
  return [
    `${name}: which line counts is not certain for ${some.length}, such as ${one.shown}: rspamd ` +
      `with Hyperscan takes the line of ${one.found.pattern}, without it an earlier line; ` +
      'see with --compare, or give each name a line that fits no other',
  ];
}
