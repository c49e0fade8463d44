/**
 * What the settings of rspamd's module dkim_signing mean for an import, and where they are: merged
 * from the files that rspamd reads. Pure; the caller reads the files.
 */
import type { SetupFiles } from './signer-setup.ts';
import { parseUcl, type Ucl, type UclBlock, type UclRead } from './ucl.ts';

/** Reads dkim_signing.conf, or a file with a block of that name, with all that it includes. */
export function readRspamdConf(path: string, text: string, files: SetupFiles): UclRead {
  const expand = expander(path);
  const ucl = { ...files, expand };
  // rspamd reads override.d after local.d, and it counts.
  const override = path.replace(/\/local\.d\/dkim_signing\.conf$/, '/override.d/dkim_signing.conf');
  const whole =
    override === path ? text : `${text}\n.include(try=true,priority=10) "${override}"\n`;
  const { block, gaps } = parseUcl(whole, ucl, override === path ? 0 : 1);
  const inner = block.get('dkim_signing');
  return { block: inner instanceof Map ? (inner as UclBlock) : block, gaps };
}

/**
 * Replaces the variables of rspamd's folders, as Debian builds it, or below the folder of `path`.
 */
export function expander(path: string): (text: string) => string {
  const [, own] = /^(.*\/rspamd)\//.exec(path) ?? [];
  const folder = own === undefined || own.startsWith('/var/') ? '/etc/rspamd' : own;
  const places: Readonly<Record<string, string>> = {
    CONFDIR: folder,
    LOCAL_CONFDIR: folder,
    CURDIR: path.slice(0, Math.max(0, path.lastIndexOf('/'))),
    DBDIR: '/var/lib/rspamd',
    RUNDIR: '/run/rspamd',
    LOGDIR: '/var/log/rspamd',
    PREFIX: '/usr',
  };
  return (text) =>
    text.replace(
      /\$(?:\{([A-Z_]+)\}|([A-Z_]+))/g,
      (whole, braced: string | undefined, bare: string | undefined) =>
        places[braced ?? bare ?? ''] ?? whole,
    );
}

export function textIn(block: UclBlock, name: string): string | undefined {
  const value = block.get(name);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** A boolean setting; `usual` if it is not set. */
export function flagIn(block: UclBlock, name: string, usual: boolean): boolean {
  const value = textIn(block, name);
  return value === undefined ? usual : /^(?:true|yes|on|1)$/i.test(value);
}

/** Notes about settings that work differently in Postern. */
export function rspamdNotes(block: UclBlock): readonly string[] {
  const said = told.flatMap(([name, isUsual, text]) => {
    const value = block.get(name);
    return value === undefined || isUsual(value) ? [] : [`${name} ${shown(value)}: ${text}`];
  });
  const strange = [...block.keys()]
    .filter((name) => !known.has(name) && !told.some(([one]) => one === name))
    .map((name) => `${name}: this setting of rspamd is not known here`);
  return [...said, ...strange];
}

/** What decides about keys in a way that cannot be read. */
export function rspamdGaps(block: UclBlock): readonly string[] {
  return unread.flatMap(([name, text]) => {
    const value = block.get(name);
    const isOff = value === undefined || (typeof value === 'string' && !isTrueOrText(value));
    return isOff ? [] : [`${name}: ${text}`];
  });
}

export function isTrueOrText(value: string): boolean {
  return value !== '' && !/^(?:false|no|off|0)$/i.test(value);
}

function shown(value: Ucl): string {
  return typeof value === 'string' ? value.slice(0, 60) : '…';
}

const unread: readonly (readonly [string, string])[] = [
  ['use_vault', 'keys in Vault are not read; save each to a file: postern dkim import file'],
  ['sign_condition', 'a Lua function decides which key signs, and is not read'],
  ['use_domain_custom', 'a Lua function decides which domain signs, and is not read'],
  ['use_http_headers', 'the client names the key of each message, which is not known here'],
];

const no = (value: Ucl): boolean => typeof value === 'string' && !isTrueOrText(value);
const told: readonly (readonly [string, (value: Ucl) => boolean, string])[] = [
  ['sign_inbound', no, 'Postern signs only mail that leaves'],
  ['skip_spam_sign', no, 'Postern signs what it lets pass'],
];

/** Settings without a meaning for which key signs, and those that are read elsewhere. */
const known = new Set(
  `allow_envfrom_empty allow_hdrfrom_mismatch allow_hdrfrom_mismatch_local
  allow_hdrfrom_mismatch_sign_networks allow_hdrfrom_multiple allow_headers_fallback
  allow_pubkey_mismatch allow_username_mismatch allowed_ids auth_only forbidden_ids
  allowed_settings forbidden_settings check_pubkey check_violation domain enabled http_domain_header
  http_key_header http_selector_header http_sign_header http_sign_on_reject_header_header
  http_timeout key_prefix key_table no_ssl_verify path path_map selector selector_map
  selector_prefix servers sign_authenticated sign_condition
  sign_headers sign_local sign_networks signing_table symbol symbol_fail
  symbol_success try_fallback use_domain use_domain_custom
  use_domain_sign_inbound use_domain_sign_local use_domain_sign_networks use_esld use_http_headers
  use_milter_headers use_redis use_vault vault_domains vault_path vault_token vault_url
  whitelisted_signers_map`.split(/\s+/),
);
