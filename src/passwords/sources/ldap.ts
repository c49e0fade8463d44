/**
 * Accounts in a directory: read with ldapsearch, as the file says that Dovecot reads
 * (dovecot-ldap.conf.ext). All entries of
 * `iterate_filter` are asked for at once, or of `pass_filter` with a star for the login; the answer is LDIF.
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
  /** Words with blanks between, as ldapsearch takes them. */
  readonly uris: string;
  /** Empty: anonymous. */
  readonly dn: string;
  readonly dnPassword: string;
  readonly base: string;
  readonly scope: 'base' | 'one' | 'sub' | 'children';
  readonly startTls: boolean;
  /** File or folder of certificates; empty: the system's. */
  readonly authority: string;
  /** `demand`, `never` and so on; empty: what ldap.conf says. */
  readonly required: string;
  readonly filter: string;
  /** Attributes with login and password. */
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
/** As many entries in one answer as every server gives. */
const pageEntries = 500;
const attributeName = /^[A-Za-z][\w;.-]*$/;

export function parseLdapFile(path: string): LdapFile {
  const values = readSettings(path);
  const value = (key: string): string => values.get(key) ?? '';
  const scope = scopes[(value('scope') || 'subtree').toLowerCase()];
  if (scope === undefined) throw unfit(path, `scope ${value('scope')} is none that LDAP has`);
  if (value('base') === '') throw unfit(path, 'it has no base');
  if (value('sasl_bind').toLowerCase() === 'yes') throw unfit(path, 'sasl_bind is not understood');
  const filter = value('iterate_filter') || everybody(value('pass_filter'));
  const fields = { ...fieldsOf(value('iterate_attrs')), ...fieldsOf(value('pass_attrs')) };
  const { user = 'uid', password = 'userPassword' } = fields;
  if (!attributeName.test(user) || !attributeName.test(password)) {
    throw unfit(path, 'the attributes of user and password must be named in pass_attrs');
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

/** `(&(objectClass=posixAccount)(uid=%u))` with a star for whatever stands for the login. */
function everybody(filter: string): string {
  const starred = filter.replace(/%(?:\{[^}]*\}|\d*[A-Za-z]{1,2})/g, '*').replace(/\*+/g, '*');
  return starred === '' ? '(objectClass=posixAccount)' : starred;
}

/**
 * `uid=user,userPassword=password` and `=user=%{ldap:mail}`: which attribute a field of Dovecot's
 * comes from.
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

/** Throws OperatorError `source-unread` where the directory does not answer. */
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
  // A directory shows attributes to those who may see them, and says nothing to others: that nobody
  // is there is no news.
  if (rows === 0) {
    throw new OperatorError('source-unread', `no entry has a ${password} that may be read`, {
      hint: 'its dn must be allowed to see that attribute',
      exit: sysexits.noInput,
    });
  }
}

/**
 * Whom to ask and as whom goes by environment, the filter by standard input, the password by a
 * file.
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
