/**
 * Finds the keys with which rspamd's module dkim_signing signs, from its configuration and the
 * names of key files. Pure.
 */
import type { ConfiguredKey, KeysFound } from './opendkim-conf.ts';
import type { Ucl, UclBlock } from './ucl.ts';

/** The defaults in the module's source. */
const defaults = { path: '/var/lib/rspamd/dkim/$domain.$selector.key', selector: 'dkim' };

export type RspamdReads = {
  /** Names of the files in a folder; empty after reporting that it cannot be read. */
  names(folder: string): readonly string[];
  /** Text of a map; undefined after reporting that it cannot be read. */
  text(path: string): string | undefined;
};

/** Finds keys in a folder: `example.org.dkim.key`, with a selector without dots. */
export function rspamdFolderKeys(folder: string, reads: RspamdReads): KeysFound {
  const path = `${folder.replace(/\/$/, '')}/$domain.$selector.key`;
  return { keys: templateKeys(path, reads, () => undefined), notes: [] };
}

/** Finds the keys of a configuration: dkim_signing.conf, or the block of that name. */
export function rspamdKeys(conf: UclBlock, reads: RspamdReads): KeysFound {
  const inner = conf.get('dkim_signing');
  const settings = inner instanceof Map ? (inner as UclBlock) : conf;
  const notes: string[] = [];
  for (const [name, text] of unread) {
    if (settings.has(name)) notes.push(`${name}: ${text}`);
  }
  if (textIn(settings, 'enabled') === 'false')
    notes.push('the module is switched off (enabled = false)');
  const path = textIn(settings, 'path') ?? defaults.path;
  const selector = (textIn(settings, 'selector') ?? defaults.selector).toLowerCase();
  const selectors = mapOf(textIn(settings, 'selector_map'), reads);
  const paths = mapOf(textIn(settings, 'path_map'), reads);
  const keys = new Map<string, ConfiguredKey>();
  const add = (key: ConfiguredKey): void => {
    const name = `${key.domain} ${key.selector}`;
    if (!keys.has(name)) keys.set(name, key);
  };
  const blocks = settings.get('domain');
  if (blocks instanceof Map) {
    for (const [domain, block] of blocks as UclBlock) {
      for (const key of domainKeys(domain.toLowerCase(), block, { path, selector })) add(key);
    }
  }
  for (const [domain, where] of paths) {
    add(keyAt(where, domain, selectors.get(domain) ?? selector));
  }
  const known = new Set([...keys.values()].map(({ domain }) => domain));
  for (const [domain, own] of selectors) {
    if (!known.has(domain) && domain !== '*') add(keyAt(path, domain, own));
  }
  for (const key of templateKeys(path, reads, (domain) => selectors.get(domain) ?? selector)) {
    if (!known.has(key.domain)) add(key);
  }
  return { keys: [...keys.values()], notes };
}

const unread: readonly (readonly [string, string])[] = [
  ['use_redis', 'keys in Redis are not read; put them into files'],
  ['use_vault', 'keys in Vault are not read; put them into files'],
  ['signing_table', 'not read; give OpenDKIM’s tables to dkim import opendkim'],
  ['key_table', 'not read; give OpenDKIM’s tables to dkim import opendkim'],
];

function domainKeys(
  domain: string,
  block: Ucl,
  around: { readonly path: string; readonly selector: string },
): readonly ConfiguredKey[] {
  if (!(block instanceof Map)) return [];
  const of = (settings: UclBlock): ConfiguredKey =>
    keyAt(
      textIn(settings, 'path') ?? around.path,
      domain,
      (textIn(settings, 'selector') ?? around.selector).toLowerCase(),
    );
  const several = (block as UclBlock).get('selectors');
  if (Array.isArray(several)) {
    return several.filter((one): one is UclBlock => one instanceof Map).map(of);
  }
  return [of(block as UclBlock)];
}

function keyAt(template: string, domain: string, selector: string): ConfiguredKey {
  const path = withVariables(template)
    .replaceAll('$domain', domain)
    .replaceAll('$selector', selector);
  return { domain, selector, key: { kind: 'file', path } };
}

/** Finds key files that match the template, with domain and selector from their names. */
function templateKeys(
  template: string,
  reads: RspamdReads,
  selectorOf: (domain: string) => string | undefined,
): readonly ConfiguredKey[] {
  const path = withVariables(template);
  const slash = path.lastIndexOf('/');
  const folder = path.slice(0, slash);
  // With a folder for each domain, only domains that are named elsewhere can be found.
  if (folder.includes('$') || !path.includes('$domain')) return [];
  const pattern = path
    .slice(slash + 1)
    .replace(/[.*+?^()|[\]\\{}]/g, '\\$&')
    .replace('$domain', '(?<domain>.+)')
    .replace('$selector', '(?<selector>[^.]+)');
  const name = new RegExp(`^${pattern}$`);
  return reads.names(folder).flatMap((file): ConfiguredKey[] => {
    const domain = name.exec(file)?.groups?.['domain']?.toLowerCase();
    if (domain === undefined) return [];
    const wanted = selectorOf(domain);
    const selector = name.exec(file)?.groups?.['selector'] ?? wanted ?? defaults.selector;
    if (wanted !== undefined && wanted !== selector) return [];
    return [
      {
        domain,
        selector: selector.toLowerCase(),
        key: { kind: 'file', path: `${folder}/${file}` },
      },
    ];
  });
}

function mapOf(place: string | undefined, reads: RspamdReads): ReadonlyMap<string, string> {
  if (place === undefined) return new Map();
  const text = reads.text(withVariables(place).replace(/^file:\/\//, '')) ?? '';
  return new Map(
    text.split('\n').flatMap((line): [string, string][] => {
      const [, domain, value] = /^\s*"?([^\s#"]+)"?\s+"?([^\s#"]+)"?/.exec(line) ?? [];
      return domain === undefined || value === undefined ? [] : [[domain.toLowerCase(), value]];
    }),
  );
}

/** The folders of rspamd as Debian builds it. */
const places = { CONFDIR: '/etc/rspamd', LOCAL_CONFDIR: '/etc/rspamd', DBDIR: '/var/lib/rspamd' };

function withVariables(text: string): string {
  return Object.entries(places).reduce(
    (whole, [name, path]) =>
      whole.replace(new RegExp(`\\$(?:\\{${name}\\}|${name}\\b)`, 'g'), path),
    text,
  );
}

function textIn(block: UclBlock, name: string): string | undefined {
  const value = block.get(name);
  return typeof value === 'string' && value !== '' ? value : undefined;
}
