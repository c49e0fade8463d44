/**
 * Who may have which domain signed by rspamd, in the order in which lua_dkim_tools.lua decides.
 * Pure; the caller reads the files.
 */
import { parseNetwork } from '../postfix/network-list.ts';
import { isThisMachine } from './opendkim-allowed.ts';
import { flagIn, isTrueOrText, textIn } from './rspamd-conf.ts';
import {
  type Allowance,
  clientsAsAny,
  clientsMax,
  loginsAsAny,
  programsAsAny,
  proposed,
  type SetupFiles,
} from './signer-setup.ts';
import { parseUcl, type Ucl, type UclBlock } from './ucl.ts';

export function rspamdAllowed(
  block: UclBlock,
  files: SetupFiles,
  expand: (text: string) => string,
): readonly Allowance[] {
  // With both tables rspamd compares neither login nor envelope with From.
  const byTables =
    block.has('signing_table') && (block.has('key_table') || flagIn(block, 'use_vault', false));
  return [
    ...logins(block, byTables),
    ...signNetworks(block, files, expand),
    ...local(block, files, expand),
    ...envelope(block, byTables),
    ...several(block),
    ...domainOf(block, byTables),
    ...unread(block),
  ];
}

type Parts = Omit<Allowance, 'setting' | 'networks'>;

const none: readonly string[] = [];
const one = (setting: string, parts: Parts): readonly Allowance[] => [
  { setting, ...parts, networks: none },
];

function shownIn(block: UclBlock, name: string, usual: string): string {
  const value = textIn(block, name);
  return value === undefined ? `${name} = ${usual} (usual)` : `${name} = ${value.slice(0, 60)}`;
}

function logins(block: UclBlock, byTables: boolean): readonly Allowance[] {
  if (!flagIn(block, 'sign_authenticated', true)) {
    return one(shownIn(block, 'sign_authenticated', 'true'), {
      allowed: 'mail of logins is not signed',
      becomes: 'wider',
      here: 'Postern signs mail of logins for their own domains',
    });
  }
  const any = flagIn(block, 'allow_username_mismatch', false);
  if (byTables) {
    const setting = 'signing_table with key_table';
    return [{ ...loginsAsAny, setting }];
  }
  const setting = shownIn(block, 'allow_username_mismatch', 'false');
  if (any) return [{ ...loginsAsAny, setting }];
  if (!flagIn(block, 'use_esld', true)) {
    return one(setting, {
      allowed: 'a login may write as its own domain',
      becomes: 'same',
      here: 'so in Postern, and as addresses that the mail server gives the login',
    });
  }
  return one(`${setting} with ${shownIn(block, 'use_esld', 'true')}`, {
    allowed: 'a login may write as its registered domain and every domain below it',
    becomes: 'narrower',
    here:
      'so in Postern for a login of the registered domain. A login of a domain below it needs ' +
      'a declaration to write as the one above: postern accounts may-write-as',
  });
}

function signNetworks(
  block: UclBlock,
  files: SetupFiles,
  expand: (text: string) => string,
): readonly Allowance[] {
  const value = block.get('sign_networks');
  if (value === undefined || value === '') return [];
  const { entries, unread: places } = networkEntries(value, files, expand);
  const networks = entries.filter((entry) => !isThisMachine(entry) && isNetwork(entry));
  const strange = entries.filter((entry) => !isThisMachine(entry) && !isNetwork(entry));
  return [
    ...clientsAsAny('sign_networks', networks),
    ...[...places, ...strange].flatMap((text) =>
      one(`sign_networks ${text}`, {
        allowed: 'these clients may write as any domain that has a key',
        becomes: 'cannot',
        here: 'this cannot be read. Declare each client: postern accounts may-write-as client:IP',
      }),
    ),
  ];
}

const isNetwork = (entry: string): boolean => parseNetwork(entry) !== undefined;

function networkEntries(
  value: Ucl,
  files: SetupFiles,
  expand: (text: string) => string,
): { readonly entries: readonly string[]; readonly unread: readonly string[] } {
  const [entries, unread]: [string[], string[]] = [[], []];
  const parts = typeof value === 'string' ? [value] : value instanceof Map ? [undefined] : value;
  for (const part of parts as readonly (Ucl | undefined)[]) {
    if (typeof part !== 'string') {
      unread.push('in this form');
      continue;
    }
    const place = expand(part.replace(/^\w+;/, '').replace(/^(?:fallback\+)?file:\/\//, ''));
    const isPlace = place.startsWith('/') || /^[a-z+]+:\/\//i.test(place);
    const text = !isPlace ? place.replaceAll(/[,;]/g, '\n') : files.text(place);
    if (text === undefined) unread.push(place);
    for (const line of (text ?? '').split('\n')) {
      const entry = line.replace(/#.*$/, '').trim().split(/\s+/)[0] ?? '';
      if (entry !== '' && entries.length < clientsMax) entries.push(entry);
    }
  }
  return { entries, unread };
}

/** rspamd's own list of local addresses, unless its options have another. */
const usualLocal = [
  '192.168.0.0/16',
  '10.0.0.0/8',
  '172.16.0.0/12',
  'fd00::/8',
  '169.254.0.0/16',
  'fe80::/10',
];

function local(
  block: UclBlock,
  files: SetupFiles,
  expand: (text: string) => string,
): readonly Allowance[] {
  const setting = shownIn(block, 'sign_local', 'true');
  if (!flagIn(block, 'sign_local', true)) {
    return one(setting, {
      allowed: 'mail of this machine is not signed',
      becomes: 'wider',
      here: 'Postern signs mail of this machine for what you declare',
    });
  }
  const networks = localNetworks(files, expand).filter((entry) => !isThisMachine(entry));
  return [
    { setting, ...programsAsAny },
    ...(networks.length === 0
      ? []
      : one(`${setting} with local_addrs`, {
          allowed: `clients in ${networks.join(', ')} may write as any domain that has a key`,
          becomes: 'narrower',
          here: `of these, Postern signs mail of clients that you declare. ${proposed}`,
        })),
  ];
}

function localNetworks(files: SetupFiles, expand: (text: string) => string): readonly string[] {
  let found: readonly string[] = usualLocal;
  for (const folder of ['', '/local.d', '/override.d']) {
    const text = files.text(expand(`$CONFDIR${folder}/options.inc`));
    const value =
      text === undefined
        ? undefined
        : parseUcl(text, { ...files, expand }).block.get('local_addrs');
    if (value !== undefined) found = networkEntries(value, files, expand).entries;
  }
  return found;
}

function envelope(block: UclBlock, byTables: boolean): readonly Allowance[] {
  const here = 'Postern does not look at the envelope sender: it goes by the account and From';
  const names = [
    'allow_hdrfrom_mismatch',
    'allow_hdrfrom_mismatch_local',
    'allow_hdrfrom_mismatch_sign_networks',
  ];
  const on = names.filter((name) => flagIn(block, name, false));
  const empty = flagIn(block, 'allow_envfrom_empty', true);
  return [
    ...(byTables
      ? []
      : on.length === 0
        ? one(shownIn(block, 'allow_hdrfrom_mismatch', 'false'), {
            allowed: 'mail is signed only if From and the envelope sender have the same domain',
            becomes: 'wider',
            here,
          })
        : on.flatMap((name) =>
            one(shownIn(block, name, 'false'), {
              allowed: 'From and the envelope sender may have different domains',
              becomes: 'same',
              here,
            }),
          )),
    ...one(shownIn(block, 'allow_envfrom_empty', 'true'), {
      allowed: `mail with the null sender is ${empty ? 'signed' : 'not signed'}`,
      becomes: empty ? 'same' : 'wider',
      here,
    }),
  ];
}

function several(block: UclBlock): readonly Allowance[] {
  const any = flagIn(block, 'allow_hdrfrom_multiple', false);
  return one(shownIn(block, 'allow_hdrfrom_multiple', 'false'), {
    allowed: any
      ? 'mail with several addresses in From is signed for the first'
      : 'mail with several addresses in From is not signed',
    becomes: any ? 'narrower' : 'wider',
    here: 'Postern signs it only if the account may write as each of the addresses',
  });
}

function domainOf(block: UclBlock, byTables: boolean): readonly Allowance[] {
  if (byTables) return [];
  const names = [
    'use_domain',
    'use_domain_sign_networks',
    'use_domain_sign_local',
    'use_domain_sign_inbound',
  ];
  return names.flatMap((name) => {
    const value = textIn(block, name);
    if (value === undefined || value === 'header') return [];
    const kept = ['envelope', 'auth', 'recipient'].includes(value)
      ? 'Postern signs as the domain in From, or not at all'
      : 'Postern signs as the domain in From; signing.identity names one for all other mail';
    return one(shownIn(block, name, 'header'), {
      allowed: `the domain that signs is not that of From but: ${value}`,
      becomes: 'narrower',
      here: kept,
    });
  });
}

const unreadNames: readonly (readonly [string, string])[] = [
  ['sign_condition', 'a Lua function decides who may sign as which domain'],
  ['use_domain_custom', 'a Lua function decides which domain signs'],
  ['use_http_headers', 'the client that asks rspamd names the key'],
  ['allowed_ids', 'only mail of these users settings is signed'],
  ['allowed_settings', 'only mail of these users settings is signed'],
  ['forbidden_ids', 'mail of these users settings is not signed'],
  ['forbidden_settings', 'mail of these users settings is not signed'],
  ['whitelisted_signers_map', 'this map names who may sign as which domain'],
];

function unread(block: UclBlock): readonly Allowance[] {
  const obsolete = textIn(block, 'auth_only');
  return [
    ...(obsolete === undefined
      ? []
      : one(`auth_only = ${obsolete}`, {
          allowed: 'a setting of rspamd before 1.9 (sign_authenticated); rspamd ignores it now',
          becomes: 'same',
          here: 'Postern ignores it too',
        })),
    ...unreadNames.flatMap(([name, allowed]) => {
      const value = block.get(name);
      if (value === undefined || (typeof value === 'string' && !isTrueOrText(value))) return [];
      return one(name, {
        allowed,
        becomes: 'cannot',
        here: 'Postern does not read it. Declare what it allowed: postern accounts may-write-as',
      });
    }),
  ];
}
