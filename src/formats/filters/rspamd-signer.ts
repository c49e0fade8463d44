/**
 * How rspamd signs by the settings of its module dkim_signing: the order of lookups is that of the
 * module's own source. Pure; the caller reads the files.
 */
import { FromRows } from './from-rows.ts';
import { fileFinder, filledIn, templateFiles } from './key-template.ts';
import { rspamdAllowed } from './rspamd-allowed.ts';
import {
  expander,
  flagIn,
  readRspamdConf,
  rspamdGaps,
  rspamdNotes,
  textIn,
} from './rspamd-conf.ts';
import { RspamdMap, readRspamdMap } from './rspamd-maps.ts';
import { tableRemarks } from './rspamd-tables.ts';
import {
  type AuthorAddress,
  type ConfiguredKey,
  madeUp,
  type SetupFiles,
  type SignedFrom,
  type SignerSetup,
} from './signer-setup.ts';
import type { Ucl, UclBlock } from './ucl.ts';

/** The defaults in the module's source. */
const defaults = { path: '$DBDIR/dkim/$domain.$selector.key', selector: 'dkim' };
const domainPattern = '[a-z0-9_-][a-z0-9._-]*';

/** `organisation`: the registered domain, for `use_esld`. */
type Organisation = (domain: string) => string | undefined;

export function rspamdSetup(
  at: { readonly path: string; readonly text: string },
  files: SetupFiles,
  organisation: Organisation,
): SignerSetup {
  const { block, gaps } = readRspamdConf(at.path, at.text, files);
  const notes = [...rspamdNotes(block)];
  if (!flagIn(block, 'enabled', true)) {
    notes.push('the module is switched off (enabled = false), so rspamd signed nothing');
    return { signaturesOf: () => [], froms: [], allowed: [], notes, gaps };
  }
  const expand = expander(at.path);
  const reader = new RspamdReader(block, files, { expand, organisation });
  const setup = reader.setup();
  return {
    ...setup,
    allowed: rspamdAllowed(block, files, expand),
    notes: [...notes, ...setup.notes],
    gaps: [...gaps, ...rspamdGaps(block), ...setup.gaps],
  };
}

/** Finds keys in a folder: `example.org.dkim.key`, with a selector without dots. */
export function rspamdFolderSetup(folder: string, files: SetupFiles): SignerSetup {
  const template = `${folder.replace(/\/+$/, '')}/$domain.$selector.key`;
  const kinds = { domain: domainPattern, selector: '[^.]+' };
  const found = templateFiles(template, kinds, files.names);
  const keys = (found ?? []).map(
    ({ path, values }): ConfiguredKey => ({
      domain: (values['domain'] ?? '').toLowerCase(),
      selector: (values['selector'] ?? '').toLowerCase(),
      key: { kind: 'file', path },
    }),
  );
  const domains = [...new Set(keys.map(({ domain }) => domain))];
  return {
    signaturesOf: ({ host }) => keys.filter(({ domain }) => domain === host),
    froms: domains.map((host) => ({ host, user: undefined })),
    allowed: [],
    notes: [],
    gaps: found === undefined ? [`${folder}: too many names`] : [],
  };
}

/** Selector and path of a signature before the rest is filled in. */
type Wanted = { readonly selector?: string | undefined; readonly path?: string | undefined };

class RspamdReader {
  readonly #block: UclBlock;
  readonly #files: SetupFiles;
  readonly #isThere: (path: string) => boolean;
  readonly #expand: (text: string) => string;
  readonly #organisation: Organisation;
  readonly #notes: string[] = [];
  readonly #gaps: string[] = [];
  readonly #path: string;
  readonly #selector: string;
  readonly #domains: ReadonlyMap<string, Ucl>;
  readonly #selectors: RspamdMap | undefined;
  readonly #paths: RspamdMap | undefined;

  constructor(
    block: UclBlock,
    files: SetupFiles,
    { expand, organisation }: { expand: (text: string) => string; organisation: Organisation },
  ) {
    this.#block = block;
    this.#files = files;
    this.#isThere = fileFinder(files.names);
    this.#expand = expand;
    this.#organisation = organisation;
    this.#path = textIn(block, 'path') ?? defaults.path;
    this.#selector = textIn(block, 'selector') ?? defaults.selector;
    const domains = block.get('domain');
    this.#domains = domains instanceof Map ? domains : new Map();
    this.#selectors = this.#map('selector_map', 'exact');
    this.#paths = this.#map('path_map', 'exact');
  }

  setup(): SignerSetup {
    const signing = this.#map('signing_table', 'patterns');
    const keys = this.#map('key_table', 'patterns');
    if (signing !== undefined && keys !== undefined) return this.#tables(signing, keys);
    const froms = this.#froms();
    for (const { host } of froms) this.#checkBelow(host);
    if (flagIn(this.#block, 'use_redis', false)) this.#redis();
    return {
      signaturesOf: (author) => this.#signatures(author),
      froms,
      allowed: [],
      notes: this.#notes,
      gaps: this.#gaps,
    };
  }

  #map(name: string, usual: 'exact' | 'patterns'): RspamdMap | undefined {
    const map = readRspamdMap(name, this.#block.get(name), usual, {
      text: this.#files.text,
      expand: this.#expand,
      gap: (text) => void this.#gaps.push(text),
    });
    if (map !== undefined && !map.patterns && map.rows.some(([key]) => /[*?]/.test(key))) {
      this.#notes.push(
        `${name}: a line with * matches no domain, because the keys of this map are no patterns`,
      );
    }
    return map;
  }

  /** What rspamd takes as the domain of this author. */
  #domainOf({ host }: AuthorAddress): string {
    const use = textIn(this.#block, 'use_domain') ?? 'header';
    const isOfMessage = ['header', 'envelope', 'auth', 'recipient'].includes(use);
    const domain = (isOfMessage ? host : use).toLowerCase();
    return flagIn(this.#block, 'use_esld', true) ? (this.#organisation(domain) ?? domain) : domain;
  }

  #signatures(author: AuthorAddress): readonly ConfiguredKey[] {
    const domain = this.#domainOf(author);
    const wanted = this.#wantedBy(this.#domains.get(domain));
    const mapped = this.#selectors?.valueOf(domain);
    const placed = this.#paths?.valueOf(domain);
    if (wanted.length === 0 && (mapped !== undefined || placed !== undefined)) wanted.push({});
    if (wanted.length === 0) {
      if (!flagIn(this.#block, 'try_fallback', true)) return [];
      wanted.push({});
    }
    const isNamed = this.#domains.has(domain) || placed !== undefined || mapped !== undefined;
    return wanted.flatMap(({ selector, path }): ConfiguredKey[] => {
      const name = selector ?? mapped ?? this.#selector;
      const key = { domain, selector: name.toLowerCase() };
      if (flagIn(this.#block, 'use_redis', false)) {
        const field = `${name}.${domain}`;
        const prefix = textIn(this.#block, 'key_prefix') ?? 'dkim_keys';
        const where = `in Redis (HGET ${prefix} ${field})`;
        return [{ ...key, key: { kind: 'elsewhere', where } }];
      }
      const file = filledIn(this.#expand(path ?? placed ?? this.#path), { domain, selector: name });
      // A missing file that is named for this domain is an error; otherwise nothing is signed.
      if (!isNamed && !this.#isThere(file)) return [];
      return [{ ...key, key: { kind: 'file', path: file } }];
    });
  }

  #wantedBy(block: Ucl | undefined): Wanted[] {
    if (!(block instanceof Map)) return [];
    const settings = block as UclBlock;
    const of = (one: UclBlock): Wanted => ({
      selector: textIn(one, 'selector'),
      path: textIn(one, 'path'),
    });
    const first = of(settings);
    const several = settings.get('selectors');
    const list = Array.isArray(several) ? (several as readonly Ucl[]) : [several];
    const more = list.filter((one): one is UclBlock => one instanceof Map).map(of);
    return first.selector === undefined && first.path === undefined ? more : [first, ...more];
  }

  #froms(): readonly SignedFrom[] {
    const hosts = new Set<string>();
    const use = textIn(this.#block, 'use_domain') ?? 'header';
    if (!['header', 'envelope', 'auth', 'recipient'].includes(use)) {
      for (const host of ['*', use.toLowerCase()]) hosts.add(host);
    } else if (use !== 'header') {
      this.#notes.push(`use_domain ${use}: Postern goes by the domain in From`);
    }
    for (const name of this.#domains.keys()) hosts.add(name.toLowerCase());
    for (const map of [this.#paths, this.#selectors]) {
      for (const [key] of map?.rows ?? []) {
        if (!/[*?]/.test(key)) hosts.add(key.toLowerCase());
        else if (map?.patterns === true) this.#fromsByPattern(key.toLowerCase(), hosts);
      }
    }
    const template = filledIn(this.#expand(this.#path), { selector: this.#selector });
    if (flagIn(this.#block, 'try_fallback', true) && !flagIn(this.#block, 'use_redis', false)) {
      const found = templateFiles(template, { domain: domainPattern }, this.#files.names);
      if (found === undefined) this.#gaps.push(`path ${template}: too many names in its folders`);
      for (const { values } of found ?? []) {
        const host = values['domain'];
        if (host !== undefined) hosts.add(host.toLowerCase());
      }
      if (!/\$(?:domain|\{domain\})/.test(template) && this.#isThere(template)) {
        this.#gaps.push(
          `path ${template}: signs mail of every domain with one key; name each of your domains: ` +
            `postern dkim import file ${template} --domain DOMAIN --selector ${this.#selector}`,
        );
      }
    }
    return [...hosts].map((host) => ({ host, user: undefined }));
  }

  #fromsByPattern(pattern: string, hosts: Set<string>): void {
    const rest = pattern.replace(/^\*?\./, '').replace(/^\*/, '');
    if (rest === '' || /[*?]/.test(rest)) {
      this.#gaps.push(`${pattern} in a map: not understood; which domains does it match?`);
      return;
    }
    hosts.add(`*.${rest}`);
    if (!/^\*?\./.test(pattern)) hosts.add(rest);
  }

  #checkBelow(host: string): void {
    const used = this.#domainOf({ user: madeUp.user, host });
    if (host.startsWith('*') || used === host || !host.endsWith(`.${used}`)) return;
    this.#notes.push(
      `${host}: rspamd signs its mail as ${used} (use_esld), not with a key of its own`,
    );
  }

  #redis(): void {
    this.#gaps.push(
      'use_redis: keys in Redis are not read, so their domains are not known here; save each key ' +
        'to a file and run postern dkim import file',
    );
  }

  /** Tables in the form of OpenDKIM. */
  #tables(written: RspamdMap, keys: RspamdMap): SignerSetup {
    // Authors may have capitals in any place, and are tried without.
    const small = written.rows.map(([key, value]) => [key.toLowerCase(), value] as const);
    const signing = new RspamdMap(small, { patterns: written.patterns });
    const signaturesOf = ({ user, host }: AuthorAddress): readonly ConfiguredKey[] => {
      const entry = signing.valueOf(`${user}@${host}`);
      const value = entry === undefined ? undefined : keys.valueOf(entry === '%' ? host : entry);
      const parts = value?.split(':') ?? [];
      const [domain = '', place = ''] = [parts[0], parts.at(-1)].map((one) =>
        one?.replaceAll('%', host),
      );
      if (parts.length !== 2 && parts.length !== 3) return [];
      const selector = (parts.length === 3 ? (parts[1] ?? '') : this.#selector).toLowerCase();
      const isPath = /^(?:\/|\.\.?\/)/.test(place);
      if (isPath && value?.includes('%') === true && !this.#isThere(place)) return [];
      const key = isPath
        ? ({ kind: 'file', path: place } as const)
        : ({ kind: 'text', text: place } as const);
      return [{ domain: domain.toLowerCase(), selector, key }];
    };
    const froms = new FromRows();
    const add = (host: string, user?: string): void => froms.add({ host, user });
    const named = new Set<string>();
    const isFirst = (what: string): boolean => named.size < named.add(what).size;
    for (const [pattern, name] of signing.rows) {
      const at = pattern.lastIndexOf('@');
      const host = pattern.slice(at + 1);
      const local = pattern.slice(0, Math.max(0, at));
      const user = at < 0 || /[*?]/.test(local) ? undefined : local;
      if (user !== undefined) {
        this.#notes.push(
          `${pattern}: rspamd signed only this address; Postern signs the whole domain`,
        );
      }
      const rest = host.replace(/^\*?\.|^\*/, '');
      const value = keys.valueOf(name) ?? '';
      if (name === '%' && isFirst(`% ${user}`)) {
        for (const [key] of keys.rows) {
          if (/^[^*?%@]+\./.test(key)) add(key.toLowerCase(), user);
        }
      }
      const isPerFile = (value.split(':').at(-1) ?? '').includes('%');
      if (isPerFile || (rest === '' && value.startsWith('%'))) {
        if (isFirst(`/ ${value}`)) this.#fromsByFiles(value, add);
      } else if (rest === '' && name !== '%') {
        add('*', user);
        add((value.split(':')[0] ?? '').toLowerCase(), user);
      }
      if (rest === '') continue;
      if (/[*?]/.test(rest)) {
        this.#gaps.push(`${pattern}: not understood; which domains does it match?`);
        continue;
      }
      if (host !== rest) add(`*.${rest}`, user);
      if (host === rest || host === `*${rest}`) add(rest, user);
    }
    this.#notes.push(...froms.notes('rspamd', signaturesOf));
    const remarks = tableRemarks({ written, signing, keys }, froms.all);
    this.#notes.push(...remarks.notes);
    this.#gaps.push(...remarks.gaps);
    return { signaturesOf, froms: froms.all, allowed: [], notes: this.#notes, gaps: this.#gaps };
  }

  #fromsByFiles(value: string, add: (host: string) => void): void {
    const place = value.split(':').at(-1) ?? '';
    if (!place.startsWith('/') || !place.includes('%')) {
      this.#gaps.push(
        `key_table ${value}: signs mail of every domain as that domain, with one key; name each ` +
          `of your domains: postern dkim import file ${place} --domain DOMAIN --selector SELECTOR`,
      );
      return;
    }
    const template = place.replaceAll('%', '$domain');
    const found = templateFiles(template, { domain: domainPattern }, this.#files.names);
    if (found === undefined) this.#gaps.push(`${place}: too many names in its folders`);
    for (const { values } of found ?? []) add((values['domain'] ?? '').toLowerCase());
  }
}
