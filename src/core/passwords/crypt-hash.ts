/** Hashes as crypt(3) writes them, which John tries; and Apache's own MD5 scheme. Pure. */
import { hashForWorkers, type StoredPassword } from './hash.ts';
import { scryptKiB, scryptRate, yescryptKiB, yescryptRate } from './memory-cost.ts';
import { argon2Hash, memoryKiBMax } from './slow-hash.ts';

/** Formats of John's core version. */
type CoreFormat = 'descrypt' | 'bsdicrypt' | 'md5crypt' | 'bcrypt' | 'crypt';

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

/** Reads a hash in the form of crypt(3). Argon2 has this form too on some systems. */
export function cryptHash(text: string): StoredPassword {
  const apache = /^\$apr1\$([^$:]{0,8})\$([./0-9A-Za-z]{22})$/.exec(text);
  if (apache !== null) {
    const [, salt = '', digest = ''] = apache;
    return hashForWorkers('apr1', 1_000, { kind: 'apr1', salt, digest }, false);
  }
  if (text.startsWith('$argon2')) return argon2Hash(text);
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
