/**
 * OpenDKIM's data sets (opendkim(8), DATA SETS), and how it looks an address up in them. Pure.
 */
import { domainsAbove } from '../message/address.ts';
import { matchesGlob } from './glob.ts';
import { GlobIndex } from './glob-index.ts';
import type { AuthorAddress } from './signer-setup.ts';

/** A data set as OpenDKIM names it: `refile:/etc/opendkim/SigningTable`, `csl:a=b,c=d`. */
export type DataSet =
  | { readonly kind: 'file' | 'refile'; readonly path: string }
  | { readonly kind: 'list'; readonly rows: readonly TableRow[] }
  | { readonly kind: 'unsupported'; readonly type: string };

/** Key and value of a row of a table. */
export type TableRow = readonly [key: string, value: string];

/** A table that was read. A look-up takes no longer in a table of many rows. */
export class Table {
  /** True if its keys may have `*`. */
  readonly patterns: boolean;
  readonly rows: readonly TableRow[];
  readonly #index: GlobIndex | undefined;
  readonly #byKey = new Map<string, TableRow>();

  constructor(rows: readonly TableRow[], { patterns }: { readonly patterns: boolean }) {
    this.patterns = patterns;
    this.rows = rows;
    this.#index = patterns ? new GlobIndex(rows.map(([key]) => key.toLowerCase())) : undefined;
    for (const row of rows) {
      const key = row[0].toLowerCase();
      if (!this.#byKey.has(key)) this.#byKey.set(key, row);
    }
  }

  /**
   * The rows of SigningTable for this author, in OpenDKIM's order. Patterns are tried in the order
   * of the file, against the whole address; otherwise the address comes first, then the host, then
   * domains above it, and `*` last.
   */
  rowsFor({ user, host }: AuthorAddress): readonly TableRow[] {
    const address = `${user}@${host}`;
    if (this.patterns) return this.#like(address);
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
      const row = this.#byKey.get(stage.toLowerCase());
      return row === undefined ? [] : [row];
    });
  }

  /** The value of a key of this name; the first row counts. */
  valueOf(name: string): string | undefined {
    const row = this.patterns ? this.#like(name)[0] : this.#byKey.get(name.toLowerCase());
    return row?.[1];
  }

  #like(text: string): readonly TableRow[] {
    const small = text.toLowerCase();
    return (this.#index?.candidates(small) ?? []).flatMap((nth) => {
      const row = this.rows[nth];
      return row !== undefined && matchesGlob(row[0].toLowerCase(), small) ? [row] : [];
    });
  }
}

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

function listRows(text: string): readonly TableRow[] {
  return text.split(',').flatMap((part): TableRow[] => {
    const [key = '', ...value] = part.trim().split('=');
    return key === '' ? [] : [[key.trim(), value.join('=').trim()]];
  });
}
