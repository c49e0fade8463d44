/**
 * Who may have which domain signed by OpenDKIM: it looks at the client and at macros of Postfix,
 * and never compares a login with From. Pure; the caller reads the files.
 */
import { parseNetwork } from '../postfix/network-list.ts';
import { parseDataSet, parseTable } from './opendkim-tables.ts';
import {
  type Allowance,
  clientsAsAny,
  clientsMax,
  loginsAsAny,
  programsAsAny,
} from './signer-setup.ts';

/** `text`: reads a file; undefined if it cannot be read. */
export function opendkimAllowed(
  settings: ReadonlyMap<string, string>,
  text: (path: string) => string | undefined,
): readonly Allowance[] {
  return [
    ...internalHosts(settings.get('internalhosts'), text),
    { ...loginsAsAny, setting: 'logins' },
    ...told.flatMap(([name, becomes, allowed, here]) => {
      const value = settings.get(name.toLowerCase());
      if (value === undefined) return [];
      return [{ setting: `${name} ${value}`, becomes, allowed, here, networks: [] }];
    }),
  ];
}

function internalHosts(
  value: string | undefined,
  text: (path: string) => string | undefined,
): readonly Allowance[] {
  const setting =
    value === undefined ? 'InternalHosts 127.0.0.1 (usual)' : `InternalHosts ${value}`;
  const entries = value === undefined ? ['127.0.0.1'] : entriesOf(value, text);
  if (entries === undefined) {
    return [
      {
        setting,
        allowed: 'clients in this list may write as any domain that has a key',
        becomes: 'cannot',
        here: 'the list cannot be read. Declare each client: postern accounts may-write-as',
        networks: [],
      },
    ];
  }
  const parts = partsOf(entries);
  return [
    ...(parts.local ? [{ setting, ...programsAsAny }] : []),
    ...clientsAsAny(setting, parts.networks),
    ...parts.strange.map((entry) => ({
      setting: `InternalHosts ${entry}`,
      ...strangeEntry(entry),
      becomes: 'cannot' as const,
      networks: [],
    })),
  ];
}

function strangeEntry(entry: string): Pick<Allowance, 'allowed' | 'here'> {
  if (entry.startsWith('!')) {
    return {
      allowed: 'mail of this client was not signed',
      here: 'a declaration has no exception, so the network around this client is not declared',
    };
  }
  if (parseNetwork(entry) !== undefined) {
    return {
      allowed: 'clients of this network may write as any domain that has a key, with exceptions',
      here:
        'a declaration has no exception. Declare parts of the network: ' +
        'postern accounts may-write-as client:NETWORK',
    };
  }
  return {
    allowed: 'clients of this name may write as any domain that has a key',
    here: 'a declaration is for an address or a network: postern accounts may-write-as client:IP',
  };
}

function entriesOf(
  value: string,
  text: (path: string) => string | undefined,
): readonly string[] | undefined {
  const set = parseDataSet(value);
  if (set.kind === 'list') return set.rows.map(([key]) => key);
  if (set.kind === 'unsupported') return undefined;
  const read = text(set.path);
  return read === undefined ? undefined : parseTable(read).map(([key]) => key);
}

/** `strange`: names and exceptions. A network with an exception inside is left out. */
function partsOf(entries: readonly string[]): {
  readonly local: boolean;
  readonly networks: readonly string[];
  readonly strange: readonly string[];
} {
  const [networks, strange]: [string[], string[]] = [[], []];
  let local = false;
  const hasExceptions = entries.some((entry) => entry.startsWith('!'));
  for (const entry of entries.slice(0, clientsMax)) {
    if (isThisMachine(entry)) local = true;
    else if (parseNetwork(entry) === undefined) strange.push(entry);
    else if (!hasExceptions || isSingle(entry)) networks.push(entry);
    else strange.push(entry);
  }
  return { local, networks, strange };
}

/** An address or a network of this machine itself. */
export function isThisMachine(entry: string): boolean {
  return /^(?:127\.|\[?::1\]?(?:\/128)?$|\[?::ffff:127\.|localhost(?:\.|$))/i.test(entry);
}

function isSingle(entry: string): boolean {
  return !entry.includes('/');
}

const told: readonly (readonly [string, Allowance['becomes'], string, string])[] = [
  [
    'ExternalIgnoreList',
    'same',
    'these clients are not written to the log when their mail is left unsigned',
    'Postern signs nothing because of such a list either',
  ],
  [
    'PeerList',
    'same',
    'mail of these clients passes OpenDKIM without a signature',
    'Postern leaves their mail unsigned as long as nothing is declared for them',
  ],
  [
    'MacroList',
    'narrower',
    'mail with these macros of Postfix may have any domain that has a key in From',
    'Postern goes by the login or the client, not by macros',
  ],
  [
    'SenderMacro',
    'cannot',
    'the domain that signs is taken from a macro of Postfix',
    'Postern goes by the From field alone',
  ],
  [
    'SenderHeaders',
    'narrower',
    'the domain that signs is taken from these fields',
    'Postern goes by the From field alone',
  ],
  [
    'ExemptDomains',
    'wider',
    'mail of these domains is not signed',
    'Postern signs it if there is a key. To leave a domain unsigned, set it to "off" in ' +
      '[signing.domains]',
  ],
  [
    'MultipleSignatures',
    'narrower',
    'a message gets the signature of each row that fits',
    'Postern signs as one domain, with each key that signs for it',
  ],
  [
    'SetupPolicyScript',
    'cannot',
    'a Lua script decides who may sign as which domain',
    'Postern does not read it. Declare what it allowed: postern accounts may-write-as',
  ],
];
