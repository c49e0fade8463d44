/**
 * Reads accounts from a directory with ldapsearch, as Dovecot's dovecot-ldap.conf.ext says. One
 * question asks for all entries: with `iterate_filter`, or with `pass_filter` and a star instead of
 * the login. The answer is LDIF.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import type { PrivateFolder } from '../sandbox/private-folder.ts';
import {
  askClient,
  type Client,
  needed,
  type QueryOptions,
  readSettings,
  unfit,
} from './client.ts';
import { ldifRows } from './ldif.ts';
import type { SourceRow } from './row.ts';

export type LdapFile = {
  /** URIs separated by blanks, as ldapsearch takes them. */
  readonly uris: string;
  /** Name to bind as; empty: anonymous. */
  readonly dn: string;
  readonly dnPassword: string;
  readonly base: string;
  readonly scope: 'base' | 'one' | 'sub' | 'children';
  readonly startTls: boolean;
  /** File or folder of CA certificates; empty: those of the system. */
  readonly authority: string;
  /** How certificates are verified (`demand`, `never` …); empty: as ldap.conf says. */
  readonly required: string;
  readonly filter: string;
  /** Attributes that hold login and password. */
  readonly user: string;
  readonly password: string;
  readonly scheme: string;
};

const scopes: Readonly<Record<string, LdapFile['scope']>> = {
  base: 'base',
  onelevel: 'one',
  one: 'one',
  subtree: 'sub',
  sub: 'sub',
  subordinate: 'children',
  children: 'children',
};
/** Entries in one page of the answer; every server allows as many. */
const pageEntries = 500;
const attributeName = /^[A-Za-z][\w;.-]*$/;

export function parseLdapFile(path: string): LdapFile {
  const values = readSettings(path);
  const value = (key: string): string => values.get(key) ?? '';
  const scope = scopes[(value('scope') || 'subtree').toLowerCase()];
  if (scope === undefined) throw unfit(path, `LDAP has no scope ${value('scope')}`);
  if (value('base') === '') throw unfit(path, 'base is not set');
  if (value('sasl_bind').toLowerCase() === 'yes') throw unfit(path, 'sasl_bind is not supported');
  const filter = value('iterate_filter') || everybody(value('pass_filter'));
  const fields = { ...fieldsOf(value('iterate_attrs')), ...fieldsOf(value('pass_attrs')) };
  const { user = 'uid', password = 'userPassword' } = fields;
  if (!attributeName.test(user) || !attributeName.test(password)) {
    throw unfit(path, 'pass_attrs must name the attributes of user and password');
  }
  return {
    uris: value('uris') || (value('hosts') || 'localhost').replace(/\S+/g, 'ldap://$&'),
    dn: value('dn'),
    dnPassword: value('dnpass'),
    base: value('base'),
    scope,
    filter,
    startTls: value('tls').toLowerCase() === 'yes',
    authority: value('tls_ca_cert_file') || value('tls_ca_cert_dir'),
    required: value('tls_require_cert').toLowerCase(),
    user,
    password,
    scheme: value('default_pass_scheme') || 'CRYPT',
  };
}

/** The filter with a star instead of the login: `(&(objectClass=posixAccount)(uid=*))`. */
function everybody(filter: string): string {
  const starred = filter.replace(/%(?:\{[^}]*\}|\d*[A-Za-z]{1,2})/g, '*').replace(/\*+/g, '*');
  return starred === '' ? '(objectClass=posixAccount)' : starred;
}

/**
 * The attributes for Dovecot's fields, from `uid=user,userPassword=password` and
 * `=user=%{ldap:mail}`.
 */
function fieldsOf(attributes: string): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const word of attributes.split(',').map((one) => one.trim())) {
    const [, templated = '', from = ''] = /^=(\w+)=%\{ldap:([^}:]+)/.exec(word) ?? [];
    const [, attribute = '', field = ''] = /^([\w;.-]+)=(\w+)$/.exec(word) ?? [];
    if (templated !== '') found[templated] = from;
    else if (field !== '') found[field] = attribute;
  }
  return found;
}

/** Throws OperatorError `source-unread` if the directory does not answer. */
export async function ldapRows(
  path: string,
  { folder, domain = '', signal }: QueryOptions,
): Promise<Iterable<SourceRow>> {
  const file = parseLdapFile(path);
  const script = folder.file('filter');
  const answer = folder.file('answer');
  writeFileSync(script, `${file.filter}\n`, { mode: 0o600 });
  await askClient(clientOf(path, file, folder), { path, folder, script, answer, signal });
  return rowsOf(answer, file, domain);
}

function* rowsOf(
  answer: string,
  { user, password, scheme }: LdapFile,
  domain: string,
): Generator<SourceRow> {
  let rows = 0;
  for (const row of ldifRows(answer, { user, password, scheme, domain })) {
    rows++;
    yield row;
  }
  // A directory silently hides attributes that the reader may not see. So an empty answer does not
  // mean that there are no accounts.
  if (rows === 0) {
    throw new OperatorError('source-unread', `no entry shows the attribute ${password}`, {
      hint: `the dn in the file must be allowed to read ${password}`,
      exit: sysexits.noInput,
    });
  }
}

/**
 * The command line of ldapsearch. Server and bind name are in the environment, the filter comes on
 * standard input, the password from a file.
 */
function clientOf(path: string, file: LdapFile, folder: PrivateFolder): Client {
  const args = ['-LLL', '-x', '-o', 'ldif-wrap=no', '-E', `pr=${pageEntries}/noprompt`];
  args.push('-s', file.scope, '-f', '/dev/stdin');
  if (file.startTls) args.push('-ZZ');
  if (file.dn !== '') {
    const secret = folder.file('ldap-password');
    writeFileSync(secret, file.dnPassword, { mode: 0o600 });
    args.push('-y', secret);
  }
  args.push('%s', file.user, file.password, 'mail', 'cn', 'o', 'ou');
  const kind = existsSync(`${file.authority}/.`) ? 'LDAPTLS_CACERTDIR' : 'LDAPTLS_CACERT';
  const env = Object.entries({
    LDAPURI: file.uris,
    LDAPBASE: file.base,
    LDAPBINDDN: file.dn,
    [kind]: file.authority,
    LDAPTLS_REQCERT: file.required,
  }).filter(([, text]) => text !== '');
  return {
    program: needed(path, ['/usr/bin/ldapsearch']),
    args,
    env: Object.fromEntries(env),
  };
}
