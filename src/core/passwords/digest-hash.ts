/**
 * Hashes that are one digest (MD5, SHA), with or without a salt; our own workers try them. Pure.
 */
import {
  type DigestName,
  decodedHash,
  type HashEncoding,
  hashForWorkers,
  malformedHash,
  type StoredPassword,
  saltBytesMax,
  type Trial,
} from './hash.ts';

type DigestScheme = {
  readonly algorithm: DigestName;
  readonly bytes: number;
  readonly salted: boolean;
  readonly encoding: 'hex' | 'base64';
};
export const bareMd5: DigestScheme = {
  algorithm: 'md5',
  bytes: 16,
  salted: false,
  encoding: 'hex',
};
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
export const digests: Readonly<Record<string, DigestScheme>> = {
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

/** A hex digest without a scheme, as in plain lists; the number of digits shows the algorithm. */
export function bareDigest(text: string): StoredPassword | undefined {
  if (!/^[0-9a-f]+$/i.test(text)) return undefined;
  const name = { 32: 'PLAIN-MD5', 40: 'SHA1', 64: 'SHA256', 128: 'SHA512' }[text.length];
  const kind = name === undefined ? undefined : digests[name];
  return name === undefined || kind === undefined ? undefined : digestHash(name, kind, text, 'hex');
}

/** A digest, followed by its salt if the scheme has one. */
export function digestHash(
  name: string,
  kind: DigestScheme,
  text: string,
  encoding: HashEncoding | undefined,
): StoredPassword {
  const hexLooking = !kind.salted && text.length === 2 * kind.bytes && /^[0-9a-f]+$/i.test(text);
  const bytes = decodedHash(text, encoding ?? (hexLooking ? 'hex' : kind.encoding));
  const right =
    bytes !== undefined &&
    (kind.salted ? bytes.length > kind.bytes : bytes.length === kind.bytes) &&
    bytes.length <= kind.bytes + saltBytesMax;
  if (!right) return malformedHash(name, `${kind.bytes} bytes${kind.salted ? ' and a salt' : ''}`);
  const digest = bytes.subarray(0, kind.bytes).toString('hex');
  const salt = bytes.subarray(kind.bytes).toString('hex');
  const trial: Trial = { kind: 'digest', algorithm: kind.algorithm, before: '', salt, digest };
  return hashForWorkers(name.toLowerCase(), 300_000, trial, !kind.salted);
}

export function cramMd5Hash(text: string): StoredPassword {
  if (!/^[0-9a-f]{64}$/i.test(text)) return malformedHash('CRAM-MD5', '64 hex digits');
  const digest = text.slice(0, 32).toLowerCase();
  return hashForWorkers('cram-md5', 100_000, { kind: 'cram-md5', digest }, true);
}

/** MD5 of `user:realm:password`. */
export function digestMd5Hash(text: string, account: string): StoredPassword {
  if (!/^[0-9a-f]{32}$/i.test(text)) return malformedHash('DIGEST-MD5', '32 hex digits');
  const at = account.indexOf('@');
  const [user, realm] = at < 0 ? [account, ''] : [account.slice(0, at), account.slice(at + 1)];
  const before = Buffer.from(`${user}:${realm}:`, 'utf8').toString('hex');
  const digest = text.toLowerCase();
  const trial: Trial = { kind: 'digest', algorithm: 'md5', before, salt: '', digest };
  return hashForWorkers('digest-md5', 300_000, trial, false);
}
