/**
 * Finds the keys with which OpenDKIM signs, from its configuration (opendkim.conf(5)): KeyTable and
 * SigningTable, or Domain, Selector and KeyFile. Pure; the caller reads the files that it names.
 */

/** A private key that another signer uses. */
export type ConfiguredKey = {
  readonly domain: string;
  readonly selector: string;
  readonly key:
    | { readonly kind: 'file'; readonly path: string }
    | { readonly kind: 'text'; readonly text: string };
};

export type KeysFound = {
  readonly keys: readonly ConfiguredKey[];
  /** One sentence for each setting that was not imported, or that will work differently. */
  readonly notes: readonly string[];
};

/** A data set as OpenDKIM names it: `refile:/etc/opendkim/SigningTable`, `csl:a=b,c=d`. */
export type DataSet =
  | { readonly kind: 'file' | 'refile'; readonly path: string }
  | { readonly kind: 'list'; readonly rows: readonly TableRow[] }
  | { readonly kind: 'unsupported'; readonly type: string };

/** Key and value of a row of a table. */
export type TableRow = readonly [key: string, value: string];

/** Parses settings by name, in lower case. The last setting of a name counts. */
export function parseOpendkimConf(text: string): ReadonlyMap<string, string> {
  const settings = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const [, name, value] = /^\s*([A-Za-z][\w-]*)\s+(.*?)\s*$/.exec(withoutComment(line)) ?? [];
    if (name !== undefined && value !== undefined)
      settings.set(name.toLowerCase(), unquoted(value));
  }
  return settings;
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
];

export function parseDataSet(text: string): DataSet {
  const [, type = '', rest = ''] = /^([a-z]+):(.*)$/is.exec(text) ?? [];
  const kind = type.toLowerCase();
  if (kind === 'file' || kind === 'refile') return { kind, path: rest };
  if (kind === 'csl') return { kind: 'list', rows: listRows(rest) };
  if (foreign.includes(kind)) return { kind: 'unsupported', type: kind };
  return text.startsWith('/')
    ? { kind: 'file', path: text }
    : { kind: 'list', rows: listRows(text) };
}

/** Parses the rows of a table file: key, white space, value. */
export function parseTable(text: string): readonly TableRow[] {
  return text.split(/\r?\n/).flatMap((line): TableRow[] => {
    const [, key, value = ''] = /^\s*(\S+)\s*(.*?)\s*$/.exec(withoutComment(line)) ?? [];
    return key === undefined ? [] : [[key, value]];
  });
}

/**
 * Finds the keys. `read` returns the rows of a table, or undefined after reporting that it could
 * not be read.
 */
export function opendkimKeys(
  conf: ReadonlyMap<string, string>,
  read: (set: DataSet, name: string) => readonly TableRow[] | undefined,
): KeysFound {
  const notes = [...settingsOtherwise(conf)];
  const table = (name: string): readonly TableRow[] | undefined => {
    const text = conf.get(name.toLowerCase());
    return text === undefined ? undefined : read(parseDataSet(text), name);
  };
  if (!conf.has('keytable')) {
    const { keys, notes: more } = single(conf, table('Domain') ?? []);
    return { keys, notes: [...notes, ...more] };
  }
  const keyTable = new Map(table('KeyTable') ?? []);
  const found = new Map<string, ConfiguredKey>();
  for (const [pattern, value] of table('SigningTable') ?? []) {
    const name = (value.split(/[\s:]/)[0] ?? '').trim();
    const { key, notes: more } = signerOf(pattern, name, keyTable);
    notes.push(...more);
    if (key === undefined) continue;
    const known = found.get(key.domain);
    if (known === undefined) found.set(key.domain, key);
    else if (known.selector !== key.selector && conf.get('multiplesignatures') !== 'yes') {
      notes.push(
        `${pattern}: ${key.domain} already has ${known.selector}; ${key.selector} is left out`,
      );
    } else if (known.selector !== key.selector) found.set(`${key.domain} ${key.selector}`, key);
  }
  if (!conf.has('signingtable'))
    notes.push('there is a KeyTable but no SigningTable, so nothing was signed');
  return { keys: [...found.values()], notes };
}

function single(conf: ReadonlyMap<string, string>, domains: readonly TableRow[]): KeysFound {
  const path = conf.get('keyfile');
  const selector = conf.get('selector')?.toLowerCase();
  if (path === undefined || selector === undefined || domains.length === 0) {
    const note = 'neither KeyTable nor Domain, Selector and KeyFile are set, so nothing was signed';
    return { keys: [], notes: [note] };
  }
  const isPattern = ([name]: TableRow): boolean => /[*%]/.test(name);
  return {
    keys: domains
      .filter((row) => !isPattern(row))
      .map(([name]) => ({ domain: name.toLowerCase(), selector, key: { kind: 'file', path } })),
    notes: domains
      .filter(isPattern)
      .map(
        ([name]) =>
          `Domain ${name} is a pattern; make a key for each of your domains: postern dkim new`,
      ),
  };
}

type SignerFound = {
  readonly key: ConfiguredKey | undefined;
  readonly notes: readonly string[];
};

/** The key of a row of SigningTable, and what is to be said about it. */
function signerOf(
  pattern: string,
  name: string,
  keyTable: ReadonlyMap<string, string>,
): SignerFound {
  const none = (note: string): SignerFound => ({ key: undefined, notes: [note] });
  const from = domainOf(pattern);
  const key = keyTable.get(name === '%' ? (from ?? '') : name);
  if (key === undefined) return none(`${pattern}: there is no key ${name} in KeyTable`);
  const [, first = '', selector = '', where = ''] = /^([^:]*):([^:]*):(.*)$/s.exec(key) ?? [];
  const domain = (first === '%' ? from : first)?.trim().toLowerCase();
  if (domain === undefined || (from === undefined && where.includes('%'))) {
    return none(`${pattern} matches every domain; make a key for each of yours: postern dkim new`);
  }
  if (domain === '' || selector === '' || where === '') {
    return none(`KeyTable ${name} is not domain:selector:key`);
  }
  const notes: string[] = [];
  if (from !== undefined && from !== domain && !from.endsWith(`.${domain}`)) {
    notes.push(
      `${pattern}: mail of ${from} was signed as ${domain}; Postern signs only ${domain} with it`,
    );
  }
  if (/^[^@*]+@/.test(pattern)) {
    notes.push(`${pattern}: OpenDKIM signed only this address; Postern signs all of ${domain}`);
  }
  const place = where.trim();
  const isPath = /^(?:\/|\.\.?\/)/.test(place);
  return {
    key: {
      domain,
      selector: selector.trim().toLowerCase(),
      key: isPath
        ? { kind: 'file', path: place.replaceAll('%', from ?? '') }
        : { kind: 'text', text: place },
    },
    notes,
  };
}

/**
 * The domain of `*@example.org`, `joe@example.org`, `example.org` or `.example.org`; undefined for
 * `*`.
 */
function domainOf(pattern: string): string | undefined {
  const host = pattern
    .slice(pattern.lastIndexOf('@') + 1)
    .toLowerCase()
    .replace(/^\*?\./, '');
  return host === '' || host.includes('*') ? undefined : host;
}

function settingsOtherwise(conf: ReadonlyMap<string, string>): readonly string[] {
  return told.flatMap(([name, text]) => {
    const value = conf.get(name.toLowerCase());
    if (value === undefined) return [];
    const isTable = text === '';
    if (!isTable) return [`${name} ${value}: ${text}`];
    const set = parseDataSet(value);
    return set.kind === 'unsupported'
      ? [`${name} ${value}: ${set.type} is not supported; write the rows into a file`]
      : [];
  });
}

const told: readonly (readonly [string, string])[] = [
  ['InternalHosts', 'Postern instead signs mail of logins and of clients in mynetworks'],
  [
    'ExternalIgnoreList',
    'Postern has no such setting; it signs mail of every client that may relay',
  ],
  ['Domain', ''],
  ['KeyTable', ''],
  ['SigningTable', ''],
];

function listRows(text: string): readonly TableRow[] {
  return text.split(',').flatMap((part): TableRow[] => {
    const [key = '', ...value] = part.trim().split('=');
    return key === '' ? [] : [[key.trim(), value.join('=').trim()]];
  });
}

function withoutComment(line: string): string {
  return line.replace(/(?:^|\s)#.*$/, '');
}

function unquoted(value: string): string {
  return value.replace(/^"(.*)"$/, '$1');
}
