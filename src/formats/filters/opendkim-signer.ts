/**
 * How OpenDKIM signs by its configuration: KeyTable and SigningTable, or Domain, Selector and
 * KeyFile. Pure; the caller reads the files.
 */
import { domainsAbove } from '../message/address.ts';
import { FromRows } from './from-rows.ts';
import { fileFinder, filledIn, templateFiles } from './key-template.ts';
import { opendkimAllowed } from './opendkim-allowed.ts';
import { isOn, readOpendkimConf, settingNotes } from './opendkim-conf.ts';
import { parseDataSet, parseTable, Table, type TableRow } from './opendkim-tables.ts';
import type {
  AuthorAddress,
  ConfiguredKey,
  SetupFiles,
  SignedFrom,
  SignerSetup,
} from './signer-setup.ts';

export function opendkimSetup(text: string, files: SetupFiles): SignerSetup {
  const { settings, gaps } = readOpendkimConf(text, files.text);
  const notes = [...settingNotes(settings)];
  const mode = settings.get('mode') ?? 'sv';
  if (!/s/i.test(mode)) {
    return nothing([...notes, `Mode ${mode}: OpenDKIM only verifies, so it signed nothing`], gaps);
  }
  const script = settings.get('setuppolicyscript');
  const more =
    script === undefined
      ? []
      : [`SetupPolicyScript ${script}: decides in Lua which keys sign, which is not read`];
  const reader = new SetupReader(settings, files);
  const setup = settings.has('keytable') ? reader.tables() : reader.single();
  return {
    ...setup,
    allowed: opendkimAllowed(settings, (path) => reader.text(path)),
    notes: [...notes, ...setup.notes],
    gaps: [...gaps, ...more, ...setup.gaps],
  };
}

function nothing(notes: readonly string[], gaps: readonly string[]): SignerSetup {
  return { signaturesOf: () => [], froms: [], allowed: [], notes, gaps };
}

/** A row of KeyTable. */
type KeyEntry = { readonly domain: string; readonly selector: string; readonly place: string };

class SetupReader {
  readonly #settings: ReadonlyMap<string, string>;
  readonly #files: SetupFiles;
  readonly #isThere: (path: string) => boolean;
  /** Rows of which all domains were named already, so that thousands of rows name them once. */
  readonly #named = new Set<string>();
  readonly #notes: string[] = [];
  readonly #gaps: string[] = [];

  constructor(settings: ReadonlyMap<string, string>, files: SetupFiles) {
    this.#settings = settings;
    this.#files = files;
    this.#isThere = fileFinder(files.names);
  }

  /** KeyTable and SigningTable. */
  tables(): SignerSetup {
    const keys = this.#table('KeyTable');
    const signing = this.#table('SigningTable');
    if (signing === undefined && !this.#settings.has('signingtable')) {
      this.#notes.push('there is a KeyTable but no SigningTable, so nothing was signed');
    }
    if (keys === undefined || signing === undefined) return nothing(this.#notes, this.#gaps);
    const isMany = isOn(this.#settings.get('multiplesignatures'));
    const signaturesOf = (author: AuthorAddress): readonly ConfiguredKey[] => {
      const rows = signing.rowsFor(author);
      const some = (isMany ? rows : rows.slice(0, 1)).map((row) => this.#key(keys, row, author));
      // OpenDKIM signs with all keys or defers the message.
      return some.every((one) => one !== undefined) ? some : [];
    };
    const froms = new FromRows();
    for (const row of signing.rows) {
      for (const from of this.#fromsOf(signing.patterns, row, keys)) froms.add(from);
    }
    this.#notes.push(...froms.notes('OpenDKIM', signaturesOf));
    return { signaturesOf, froms: froms.all, allowed: [], notes: this.#notes, gaps: this.#gaps };
  }

  /** Domain, Selector and KeyFile: one key. */
  single(): SignerSetup {
    const path = this.#settings.get('keyfile');
    const selector = this.#settings.get('selector')?.toLowerCase();
    const domains = this.#table('Domain');
    if (path === undefined || selector === undefined || domains === undefined) {
      if (this.#gaps.length === 0) {
        this.#notes.push(
          'neither KeyTable nor Domain, Selector and KeyFile are set, so nothing was signed',
        );
      }
      return nothing(this.#notes, this.#gaps);
    }
    const place = { kind: 'file', path: this.#keyPath(path) } as const;
    const below = isOn(this.#settings.get('subdomains'));
    const isAny = domains.rows.some(([name]) => name === '*');
    const signaturesOf = ({ host }: AuthorAddress): readonly ConfiguredKey[] => {
      const signer = [host, ...(below ? domainsAbove(host) : [])].find(
        (one) => domains.valueOf(one) !== undefined,
      );
      const domain = signer ?? (isAny ? host : undefined);
      return domain === undefined ? [] : [{ domain: domain.toLowerCase(), selector, key: place }];
    };
    const froms: SignedFrom[] = [];
    for (const [name] of domains.rows) {
      if (!name.includes('*')) {
        froms.push({ host: name.toLowerCase(), user: undefined });
        if (below) froms.push({ host: `*.${name.toLowerCase()}`, user: undefined });
      } else if (name === '*' || domains.patterns)
        this.#oneKeyForAll(`Domain ${name}`, path, selector);
      else this.#notes.push(`Domain ${name}: matches no domain in this kind of list`);
    }
    return { signaturesOf, froms, allowed: [], notes: this.#notes, gaps: this.#gaps };
  }

  /** Reads a table; undefined if it is not set, or not readable, which is then a gap. */
  #table(name: string): Table | undefined {
    const value = this.#settings.get(name.toLowerCase());
    if (value === undefined) return undefined;
    const set = parseDataSet(value);
    if (set.kind === 'list') return new Table(set.rows, { patterns: false });
    if (set.kind === 'unsupported') {
      this.#gaps.push(`${name} ${value}: ${set.type} is not supported; write the rows into a file`);
      return undefined;
    }
    const text = this.text(set.path);
    const patterns = set.kind === 'refile';
    if (text !== undefined) return new Table(parseTable(text), { patterns });
    this.#gaps.push(`${name} ${value}: cannot be read`);
    return undefined;
  }

  /** The text of a file that a setting names. */
  text(named: string): string | undefined {
    const path = this.#path(named);
    return this.#files.text(path) ?? this.#files.text(`${this.#root()}${path}`);
  }

  /** The domains in From that a row of SigningTable speaks of. */
  #fromsOf(patterns: boolean, row: TableRow, keys: Table): readonly SignedFrom[] {
    const [pattern, value] = row;
    const at = pattern.lastIndexOf('@');
    const local = at < 0 ? '' : pattern.slice(0, at);
    const host = pattern.slice(at + 1).toLowerCase();
    const name = keyNameIn(value);
    if (name === '') {
      this.#notes.push(`${pattern}: names no key`);
      return [];
    }
    const user = at < 0 || local.includes('*') ? undefined : local;
    if (user !== undefined) {
      this.#notes.push(
        `${pattern}: OpenDKIM signed only this address; Postern signs the whole domain`,
      );
    }
    if (patterns && at < 0 && !host.startsWith('*')) {
      this.#notes.push(`${pattern}: matches no address; OpenDKIM wants *@${host} in a refile`);
      return [];
    }
    if (!patterns && (at < 0 ? host !== '*' && host.includes('*') : local.includes('*'))) {
      this.#notes.push(`${pattern}: matches no address; only refile: has patterns`);
      return [];
    }
    const entry = name === '%' ? undefined : this.#entry(keys, name);
    if (name !== '%' && entry === undefined) {
      this.#notes.push(`${pattern}: there is no usable key ${name} in KeyTable`);
      return [];
    }
    const found = this.#fromsByFiles(pattern, entry, { isAny: /^\*?$/.test(host), user });
    if (name === '%' && this.#isFirst('%', user)) {
      found.push(...namesOf(keys).map((one) => ({ host: one, user })));
    }
    if (/^\*?$/.test(host)) return found;
    const rest = host.replace(/^\*?\.|^\*/, '');
    if (rest.includes('*')) {
      this.#gaps.push(`${pattern}: not understood; which domains does it match?`);
      return found;
    }
    if (host !== rest) {
      found.push({ host: `*.${rest}`, user });
      if (entry?.domain === '%' && !entry.place.includes('%')) {
        this.#notes.push(
          `${pattern}: OpenDKIM signed mail of each domain below ${rest} as that domain; ` +
            `Postern signs it as ${rest}, if that has a key`,
        );
      }
    }
    if (host === rest || host === `*${rest}`) found.push({ host: rest, user });
    return found;
  }

  /** The domains that a key entry names itself: by key files with `%`, or as its own domain. */
  #fromsByFiles(
    pattern: string,
    entry: KeyEntry | undefined,
    { isAny, user }: { readonly isAny: boolean; readonly user: string | undefined },
  ): SignedFrom[] {
    if (entry === undefined) return [];
    if (isPath(entry.place) && entry.place.includes('%')) {
      if (!this.#isFirst(`${isAny} ${entry.place}`, user)) return [];
      const template = this.#keyPath(entry.place).replaceAll('%', '$domain');
      const all = templateFiles(template, { domain: '[a-z0-9_-][a-z0-9._-]*' }, this.#files.names);
      if (all === undefined) this.#gaps.push(`${entry.place}: too many names in its folders`);
      else if (all.length === 0 && isAny) {
        this.#gaps.push(`${pattern}: no key file fits ${entry.place}`);
      }
      return (all ?? []).map(({ values }) => ({
        host: (values['domain'] ?? '').toLowerCase(),
        user,
      }));
    }
    if (!isAny) return [];
    if (entry.domain === '%') {
      this.#oneKeyForAll(pattern, entry.place, entry.selector);
      return [];
    }
    return [
      { host: '*', user },
      { host: entry.domain, user },
    ];
  }

  #isFirst(what: string, user: string | undefined): boolean {
    const name = `${user ?? ''} ${what}`;
    const isNew = !this.#named.has(name);
    this.#named.add(name);
    return isNew;
  }

  #oneKeyForAll(what: string, place: string, selector: string): void {
    const file = isPath(place) || place.length < 200 ? place : 'FILE';
    this.#gaps.push(
      `${what}: signs mail of every domain as that domain, with one key; name each of your ` +
        `domains: postern dkim import file ${file} --domain DOMAIN --selector ${selector}`,
    );
  }

  #key(keys: Table, [, value]: TableRow, { host }: AuthorAddress): ConfiguredKey | undefined {
    const name = keyNameIn(value);
    const entry = this.#entry(keys, name === '%' ? host : name);
    if (entry === undefined) return undefined;
    const domain = entry.domain === '%' ? host.toLowerCase() : entry.domain;
    const { selector, place } = entry;
    if (!isPath(place)) return { domain, selector, key: { kind: 'text', text: place } };
    const path = filledIn(this.#keyPath(place).replaceAll('%', '$domain'), {
      domain: host.toLowerCase(),
    });
    // OpenDKIM defers mail without a key file. A missing file that is named in full is an error.
    if (place.includes('%') && !this.#isThere(path)) return undefined;
    return { domain, selector, key: { kind: 'file', path } };
  }

  #entry(keys: Table, name: string): KeyEntry | undefined {
    const value = keys.valueOf(name);
    const [, first = '', selector = '', rest = ''] =
      /^([^:]*):([^:]*):(.*)$/s.exec(value ?? '') ?? [];
    const [domain, place] = [first.trim().toLowerCase(), rest.trim()];
    if (domain === '' || selector.trim() === '' || place === '') return undefined;
    return { domain, selector: selector.trim().toLowerCase(), place };
  }

  #root(): string {
    return (this.#settings.get('changerootdirectory') ?? '').replace(/\/+$/, '');
  }

  /** OpenDKIM changes to BaseDirectory first; a service without one runs in `/`. */
  #path(path: string): string {
    const base = path.startsWith('/') ? '' : (this.#settings.get('basedirectory') ?? '/');
    const parts: string[] = [];
    for (const part of `${base}/${path}`.split('/')) {
      if (part === '..') parts.pop();
      else if (part !== '' && part !== '.') parts.push(part);
    }
    return `/${parts.join('/')}`;
  }

  /** Keys are read after the change of root, unless only the path outside exists. */
  #keyPath(path: string): string {
    const plain = this.#path(path);
    const root = this.#root();
    const folder = plain.slice(0, plain.split('%')[0]?.lastIndexOf('/'));
    if (root === '' || this.#files.names(`${root}${folder}`) === undefined) return plain;
    return `${root}${plain}`;
  }
}

/** The first field of a value of SigningTable. */
function keyNameIn(value: string): string {
  return (value.split(/[\s:]/)[0] ?? '').trim();
}

function isPath(place: string): boolean {
  return /^(?:\/|\.\.?\/)/.test(place);
}

/** Key names that are domains, for a SigningTable whose value is `%`. */
function namesOf(keys: Table): readonly string[] {
  return keys.rows.map(([name]) => name.toLowerCase()).filter((name) => /^[^*%@]+\./.test(name));
}
