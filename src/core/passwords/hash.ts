/**
 * What a stored password is: its scheme, who can try it (John, or our own workers), and in which
 * form. Pure.
 *
 * Passwords that are stored in the clear never come here: whoever reads a source turns them into
 * salted digests first.
 */

import { scryptKiB, scryptRate, yescryptKiB, yescryptRate } from './memory-cost.ts';

/** What our own workers try, with everything in hex. */
export type Trial =
  | {
      readonly kind: 'digest';
      readonly algorithm: DigestName;
      /** Goes in before the password. */
      readonly before: string;
      /** Goes in after it. */
      readonly salt: string;
      readonly digest: string;
    }
  | {
      readonly kind: 'pbkdf2' | 'scram';
      readonly algorithm: DigestName;
      readonly rounds: number;
      readonly salt: string;
      readonly digest: string;
    }
  | {
      readonly kind: 'argon2';
      readonly algorithm: 'argon2d' | 'argon2i' | 'argon2id';
      readonly memory: number;
      readonly passes: number;
      readonly lanes: number;
      readonly salt: string;
      readonly digest: string;
    }
  /** Apache's MD5: `digest` as it is written, not hex. */
  | { readonly kind: 'apr1'; readonly salt: string; readonly digest: string }
  /** Outer HMAC-MD5 state of the password. */
  | { readonly kind: 'cram-md5'; readonly digest: string };
export type DigestName = 'md5' | 'sha1' | 'sha224' | 'sha256' | 'sha384' | 'sha512';

/** Those of John's core version. */
type CoreFormat = 'descrypt' | 'bsdicrypt' | 'md5crypt' | 'bcrypt' | 'crypt';

export type Hash = {
  /** As people call it: `sha512crypt`, `ssha256`, `argon2id`. */
  readonly scheme: string;
  /** Hashes of one group cost the same: they are tried together. */
  readonly group: string;
  /** About how many candidates one processor tries in a second, before it was measured. */
  readonly rate: number;
  /**
   * Nothing but the password goes in: equal hashes are equal passwords, and guessing all costs what
   * guessing one does.
   */
  readonly unsalted: boolean;
  readonly tried:
    | { readonly by: 'john'; readonly format: string; readonly text: string }
    | { readonly by: 'workers'; readonly trial: Trial };
};

export type Stored =
  | { readonly kind: 'hash'; readonly hash: Hash }
  /** Nobody can log in with a password. */
  | { readonly kind: 'locked' }
  /** Nothing is asked for. */
  | { readonly kind: 'empty' }
  | { readonly kind: 'unknown'; readonly what: string };

/**
 * What a password kept in the clear becomes as soon as it is read: `salt` is the run's own, so all
 * of them cost one try.
 */
export function hashOfPlain(salt: string, digest: string): Hash {
  const trial: Trial = { kind: 'digest', algorithm: 'sha256', before: '', salt, digest };
  return {
    scheme: 'plain',
    group: 'plain',
    rate: 300_000,
    unsalted: true,
    tried: { by: 'workers', trial },
  };
}

/** Dovecot's names of the schemes that keep the password itself. */
const plainSchemes = new Set(['PLAIN', 'CLEAR', 'CLEARTEXT', 'PLAIN-TRUNC']);

export type Encoding = 'hex' | 'base64' | undefined;

/** `SSHA256.HEX` taken apart. */
export function schemeName(text: string): { readonly name: string; readonly encoding: Encoding } {
  const [name = '', suffix = ''] = text.toUpperCase().split('.');
  const encoding = suffix === 'HEX' ? 'hex' : suffix === '' ? undefined : 'base64';
  return { name, encoding };
}

export function isPlain(scheme: string): boolean {
  return plainSchemes.has(schemeName(scheme).name);
}

/** `account`: for the schemes that mix the login in. `scheme`: what a text without one is. */
export function readHash(
  text: string,
  { scheme, account }: { readonly scheme: string; readonly account: string },
): Stored {
  if (text === '') return { kind: 'empty' };
  const braced = /^\{([A-Za-z0-9.-]{1,24})\}/.exec(text);
  const name = braced?.[1] ?? scheme;
  const rest = braced === null ? text : text.slice(braced[0].length);
  if (/^[!*]/.test(rest) || rest === 'x' || rest === 'NP') return { kind: 'locked' };
  return schemed(name, rest, account);
}

function schemed(scheme: string, text: string, account: string): Stored {
  const { name, encoding } = schemeName(scheme);
  const digest = digests[name];
  if (digest !== undefined) return digestHash(name, digest, text, encoding);
  switch (name) {
    case 'CRYPT':
    case 'DES-CRYPT':
    case 'MD5-CRYPT':
    case 'SHA256-CRYPT':
    case 'SHA512-CRYPT':
    case 'BLF-CRYPT':
      return cryptHash(text);
    case 'AUTO':
      return bareDigest(text) ?? cryptHash(text);
    case 'MD5':
      // Dovecot's {MD5} is crypt(3)'s; others mean the bare digest by it.
      return text.startsWith('$') ? cryptHash(text) : digestHash(name, bareMd5, text, encoding);
    case 'PBKDF2':
      return pbkdf2(text);
    case 'ARGON2I':
    case 'ARGON2ID':
    case 'ARGON2D':
      return argon2(text);
    case 'SCRAM-SHA-1':
      return scram(text, 'sha1', 20);
    case 'SCRAM-SHA-256':
      return scram(text, 'sha256', 32);
    case 'CRAM-MD5':
    case 'HMAC-MD5':
      return cramMd5(text);
    case 'DIGEST-MD5':
      return digestMd5(text, account);
    default:
      return { kind: 'unknown', what: unknownScheme(name) };
  }
}

/**
 * Schemes that there are, of Dovecot and of directories. What else stands in brackets may be
 * somebody's password.
 */
const untried: ReadonlySet<string> = new Set([
  ...['SASL', 'KERBEROS', 'SKEY', 'OTP', 'RPA', 'LM', 'LANMAN', 'NT', 'NTLM', 'NS-MTA-MD5'],
  ...['UNIX', 'PBKDF2-SHA1', 'PBKDF2-SHA256', 'PBKDF2-SHA512', 'PKCS5S2', 'BCRYPT', 'ARGON2'],
]);

function unknownScheme(name: string): string {
  if (untried.has(name)) return `the scheme ${name.toLowerCase()} cannot be tried`;
  return 'what stands in front in brackets is no scheme that can be tried';
}

type DigestScheme = {
  readonly algorithm: DigestName;
  readonly bytes: number;
  readonly salted: boolean;
  readonly encoding: 'hex' | 'base64';
};
const bareMd5: DigestScheme = { algorithm: 'md5', bytes: 16, salted: false, encoding: 'hex' };
const plain = (algorithm: DigestName, bytes: number): DigestScheme => ({
  algorithm,
  bytes,
  salted: false,
  encoding: 'base64',
});
const salted = (algorithm: DigestName, bytes: number): DigestScheme => ({
  ...plain(algorithm, bytes),
  salted: true,
});
const digests: Readonly<Record<string, DigestScheme>> = {
  'PLAIN-MD5': bareMd5,
  'LDAP-MD5': plain('md5', 16),
  SHA: plain('sha1', 20),
  SHA1: plain('sha1', 20),
  SHA256: plain('sha256', 32),
  SHA384: plain('sha384', 48),
  SHA512: plain('sha512', 64),
  SMD5: salted('md5', 16),
  SSHA: salted('sha1', 20),
  SSHA256: salted('sha256', 32),
  SSHA384: salted('sha384', 48),
  SSHA512: salted('sha512', 64),
};

/** Of a plain list nobody says what its hashes are: hex digits tell by how many they are. */
function bareDigest(text: string): Stored | undefined {
  if (!/^[0-9a-f]+$/i.test(text)) return undefined;
  const name = { 32: 'PLAIN-MD5', 40: 'SHA1', 64: 'SHA256', 128: 'SHA512' }[text.length];
  const kind = name === undefined ? undefined : digests[name];
  return name === undefined || kind === undefined ? undefined : digestHash(name, kind, text, 'hex');
}

/** A digest, its salt behind it where it has one. */
function digestHash(name: string, kind: DigestScheme, text: string, encoding: Encoding): Stored {
  const hexLooking = !kind.salted && text.length === 2 * kind.bytes && /^[0-9a-f]+$/i.test(text);
  const bytes = decoded(text, encoding ?? (hexLooking ? 'hex' : kind.encoding));
  const right =
    bytes !== undefined &&
    (kind.salted ? bytes.length > kind.bytes : bytes.length === kind.bytes) &&
    bytes.length <= kind.bytes + saltBytesMax;
  if (!right) return malformed(name, `${kind.bytes} bytes${kind.salted ? ' and a salt' : ''}`);
  const digest = bytes.subarray(0, kind.bytes).toString('hex');
  const salt = bytes.subarray(kind.bytes).toString('hex');
  const trial: Trial = { kind: 'digest', algorithm: kind.algorithm, before: '', salt, digest };
  return worked(name.toLowerCase(), 300_000, trial, !kind.salted);
}

/** No tool makes longer ones; what is longer is not what it says. */
const saltBytesMax = 256;

function pbkdf2(text: string): Stored {
  const found = /^\$1\$([^$]{1,64})\$(\d{1,8})\$([0-9a-f]{40})$/i.exec(text);
  const rounds = Number(found?.[2]);
  if (found === null || rounds < 1) return malformed('PBKDF2', '$1$salt$rounds$hex');
  const salt = Buffer.from(found[1] ?? '', 'latin1').toString('hex');
  const digest = (found[3] ?? '').toLowerCase();
  const trial: Trial = { kind: 'pbkdf2', algorithm: 'sha1', rounds, salt, digest };
  return worked('pbkdf2', 1_500_000 / rounds, trial, false, String(rounds));
}

const argonText =
  /^\$(argon2(?:id|i|d))\$v=19\$m=(\d{1,8}),t=(\d{1,4}),p=(\d{1,3})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{16,172})$/;
/**
 * A hash that wants more than this would take the machine's memory from the mail: whoever sets
 * hashes could see to that.
 */
const memoryKiBMax = 1_048_576;

function argon2(text: string): Stored {
  const found = argonText.exec(text);
  const [memory, passes, lanes] = [found?.[2], found?.[3], found?.[4]].map(Number);
  if (found === null || !memory || !passes || !lanes) {
    return malformed('ARGON2', '$argon2id$v=19$m=…,t=…,p=…$salt$hash');
  }
  if (memory > memoryKiBMax) return { kind: 'unknown', what: `argon2 with ${memory} KiB` };
  const algorithm = found[1] as 'argon2d' | 'argon2i' | 'argon2id';
  const salt = Buffer.from(found[5] ?? '', 'base64').toString('hex');
  const digest = Buffer.from(found[6] ?? '', 'base64').toString('hex');
  const trial: Trial = { kind: 'argon2', algorithm, memory, passes, lanes, salt, digest };
  const cost = memory * passes;
  return worked(algorithm, 1_500_000 / cost, trial, false, `${memory},${passes},${lanes}`);
}

function scram(text: string, algorithm: DigestName, bytes: number): Stored {
  const [rounds = '', salt = '', stored = '', server = ''] = text.split(',');
  const digest = decoded(stored, 'base64');
  const saltBytes = decoded(salt, 'base64');
  const right =
    /^[1-9]\d{0,7}$/.test(rounds) && saltBytes !== undefined && saltBytes.length <= saltBytesMax;
  if (!right || digest?.length !== bytes || decoded(server, 'base64')?.length !== bytes) {
    return malformed('SCRAM', 'rounds,salt,key,key');
  }
  const trial: Trial = {
    kind: 'scram',
    algorithm,
    rounds: Number(rounds),
    salt: saltBytes.toString('hex'),
    digest: digest.toString('hex'),
  };
  const name = `scram-${algorithm}`;
  return worked(name, 1_500_000 / Number(rounds), trial, false, rounds);
}

function cramMd5(text: string): Stored {
  if (!/^[0-9a-f]{64}$/i.test(text)) return malformed('CRAM-MD5', '64 hex digits');
  const digest = text.slice(0, 32).toLowerCase();
  return worked('cram-md5', 100_000, { kind: 'cram-md5', digest }, true);
}

/** MD5 of `user:realm:password`. */
function digestMd5(text: string, account: string): Stored {
  if (!/^[0-9a-f]{32}$/i.test(text)) return malformed('DIGEST-MD5', '32 hex digits');
  const at = account.indexOf('@');
  const [user, realm] = at < 0 ? [account, ''] : [account.slice(0, at), account.slice(at + 1)];
  const before = Buffer.from(`${user}:${realm}:`, 'utf8').toString('hex');
  const digest = text.toLowerCase();
  const trial: Trial = { kind: 'digest', algorithm: 'md5', before, salt: '', digest };
  return worked('digest-md5', 300_000, trial, false);
}

function worked(
  scheme: string,
  rate: number,
  trial: Trial,
  unsalted: boolean,
  cost: string = '',
): Stored {
  const group = cost === '' ? scheme : `${scheme}:${cost}`;
  const hash: Hash = { scheme, group, rate, unsalted, tried: { by: 'workers', trial } };
  return { kind: 'hash', hash };
}

type CryptKind = {
  readonly scheme: string;
  readonly form: RegExp;
  readonly format: CoreFormat;
  rate(cost: string): number;
  /** KiB that one try takes. */
  memory(cost: string): number;
};
const b64 = '[./0-9A-Za-z]';
const forms: readonly CryptKind[] = [
  kindOf('md5crypt', `\\$1\\$[^$:]{0,8}\\$${b64}{22}()`, 'md5crypt', () => 12_000),
  kindOf(
    'bcrypt',
    `\\$2[abxy]\\$(\\d\\d)\\$${b64}{53}`,
    'bcrypt',
    (cost) => 1_000 * 2 ** (5 - Number(cost)),
  ),
  kindOf(
    'sha256crypt',
    `\\$5\\$(?:rounds=(\\d+)\\$)?[^$:]{0,16}\\$${b64}{43}`,
    'crypt',
    (rounds) => 3_500_000 / Number(rounds || 5_000),
  ),
  kindOf(
    'sha512crypt',
    `\\$6\\$(?:rounds=(\\d+)\\$)?[^$:]{0,16}\\$${b64}{86}`,
    'crypt',
    (rounds) => 3_500_000 / Number(rounds || 5_000),
  ),
  kindOf(
    'yescrypt',
    `\\$y\\$(${b64}{1,16})\\$${b64}{0,86}\\$${b64}{43}`,
    'crypt',
    yescryptRate,
    yescryptKiB,
  ),
  kindOf(
    'gost-yescrypt',
    `\\$gy\\$(${b64}{1,16})\\$${b64}{0,86}\\$${b64}{43}`,
    'crypt',
    yescryptRate,
    yescryptKiB,
  ),
  kindOf('scrypt', `\\$7\\$(${b64}{11})[^$:]{0,86}\\$${b64}{43}`, 'crypt', scryptRate, scryptKiB),
  kindOf(
    'sunmd5',
    `\\$md5(?:,rounds=(\\d+))?\\$[^:]{1,64}\\$${b64}{22}`,
    'crypt',
    (rounds) => 1_228_800 / (4_096 + Number(rounds)),
  ),
  kindOf(
    'sha1crypt',
    `\\$sha1\\$(\\d+)\\$[^:]{1,64}\\$${b64}{28}`,
    'crypt',
    (rounds) => 2_000_000 / Math.max(1, Number(rounds)),
  ),
  kindOf('bsdicrypt', `_${b64}{19}()`, 'bsdicrypt', () => 200_000),
  kindOf('descrypt', `${b64}{13}()`, 'descrypt', () => 2_000_000),
];

function kindOf(
  scheme: string,
  form: string,
  format: CoreFormat,
  rate: (cost: string) => number,
  memory: (cost: string) => number = () => 0,
): CryptKind {
  return { scheme, form: new RegExp(`^${form}$`), format, rate, memory };
}

/** crypt(3), and what Apache made of it. */
function cryptHash(text: string): Stored {
  const apache = /^\$apr1\$([^$:]{0,8})\$([./0-9A-Za-z]{22})$/.exec(text);
  if (apache !== null) {
    const [, salt = '', digest = ''] = apache;
    return worked('apr1', 1_000, { kind: 'apr1', salt, digest }, false);
  }
  if (text.startsWith('$argon2')) return argon2(text);
  for (const { scheme, form, format, rate, memory } of forms) {
    const found = form.exec(text);
    if (found === null) continue;
    const cost = found[1] ?? '';
    const kib = memory(cost);
    if (kib > memoryKiBMax) return { kind: 'unknown', what: `${scheme} with ${kib} KiB` };
    const group = cost === '' ? scheme : `${scheme}:${cost}`;
    const tried = { by: 'john', format, text } as const;
    return { kind: 'hash', hash: { scheme, group, rate: rate(cost), unsalted: false, tried } };
  }
  return { kind: 'unknown', what: 'this is no password hash that crypt(3) makes' };
}

function malformed(name: string, form: string): Stored {
  return { kind: 'unknown', what: `a ${name.toLowerCase()} hash is ${form}; this is not` };
}

/** Undefined for what is not of that encoding. */
function decoded(text: string, encoding: 'hex' | 'base64'): Buffer | undefined {
  if (encoding === 'hex') {
    return /^(?:[0-9a-f]{2})+$/i.test(text) ? Buffer.from(text, 'hex') : undefined;
  }
  return /^[A-Za-z0-9+/]+={0,2}$/.test(text) ? Buffer.from(text, 'base64') : undefined;
}
