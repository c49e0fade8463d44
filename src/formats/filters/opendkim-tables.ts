/**
 * OpenDKIM's data sets (opendkim(8), DATA SETS), and how it looks an address up in them. Pure.
 */
import { matchesGlob } from './glob.ts';
import type { AuthorAddress } from './signer-setup.ts';

/** A data set as OpenDKIM names it: `refile:/etc/opendkim/SigningTable`, `csl:a=b,c=d`. */
export type DataSet =
  | { readonly kind: 'file' | 'refile'; readonly path: string }
  | { readonly kind: 'list'; readonly rows: readonly TableRow[] }
  | { readonly kind: 'unsupported'; readonly type: string };

/** Key and value of a row of a table. */
export type TableRow = readonly [key: string, value: string];

/** A table that was read. `patterns`: its keys may have `*`. */
export type Table = { readonly patterns: boolean; readonly rows: readonly TableRow[] };

/** Types of data sets that need another program. */
const foreign = [
  'bdb',
  'db',
  'dsn',
  'erlang',
  'ldap',
  'ldapi',
  'ldaps',
  'lua',
  'mdb',
  'memcache',
  'repute',
  'socket',
];

export function parseDataSet(text: string): DataSet {
  const [, type = '', rest = ''] = /^([a-z]+):(.*)$/is.exec(text) ?? [];
  const kind = type.toLowerCase();
  if (kind === 'file' || kind === 'refile') return { kind, path: rest };
  if (kind === 'csl') return { kind: 'list', rows: listRows(rest) };
  if (foreign.includes(kind)) return { kind: 'unsupported', type: kind };
  if (/\.db$/i.test(text)) return { kind: 'unsupported', type: 'db' };
  return text.startsWith('/')
    ? { kind: 'file', path: text }
    : { kind: 'list', rows: listRows(text) };
}

/** Parses the rows of a table file: key, white space, value. */
export function parseTable(text: string): readonly TableRow[] {
  return text.split(/\r?\n/).flatMap((line): TableRow[] => {
    const [, key, value = ''] = /^\s*(\S+)\s*(.*?)\s*$/.exec(line.replace(/#.*$/, '')) ?? [];
    return key === undefined ? [] : [[key, value]];
  });
}

/**
 * The rows of SigningTable for this author, in OpenDKIM's order. Patterns are tried in the order of
 * the file, against the whole address; otherwise the address comes first, then the host, then
 * domains above it, and `*` last.
 */
export function rowsFor(table: Table, { user, host }: AuthorAddress): readonly TableRow[] {
  const address = `${user}@${host}`;
  if (table.patterns) return table.rows.filter(([key]) => isLike(key, address));
  const above = domainsAbove(host).map((domain) => `.${domain}`);
  const stages = [
    address,
    host,
    ...above.flatMap((domain) => `${user}@${domain}`),
    ...above,
    `${user}@*`,
    '*',
  ];
  return stages.flatMap((stage) => {
    const row = table.rows.find(([key]) => key.toLowerCase() === stage.toLowerCase());
    return row === undefined ? [] : [row];
  });
}

/** The value of a key of this name; the first row counts. */
export function rowValue(table: Table, name: string): string | undefined {
  const row = table.rows.find(([key]) =>
    table.patterns ? isLike(key, name) : key.toLowerCase() === name.toLowerCase(),
  );
  return row?.[1];
}

/** The domains above this one: `b.c` and `c` for `a.b.c`. */
export function domainsAbove(host: string): readonly string[] {
  const labels = host.split('.');
  return labels.slice(1).map((_, index) => labels.slice(index + 1).join('.'));
}

function isLike(pattern: string, text: string): boolean {
  return matchesGlob(pattern.toLowerCase(), text.toLowerCase());
}

function listRows(text: string): readonly TableRow[] {
  return text.split(',').flatMap((part): TableRow[] => {
    const [key = '', ...value] = part.trim().split('=');
    return key === '' ? [] : [[key.trim(), value.join('=').trim()]];
  });
}
