/**
 * Hashes by functions that are slow on purpose and that our own workers compute: PBKDF2, Argon2,
 * SCRAM. Pure.
 */
import {
  type DigestName,
  decodedHash,
  hashForWorkers,
  malformedHash,
  type StoredPassword,
  saltBytesMax,
  type Trial,
} from './hash.ts';

export function pbkdf2Hash(text: string): StoredPassword {
  const found = /^\$1\$([^$]{1,64})\$(\d{1,8})\$([0-9a-f]{40})$/i.exec(text);
  const rounds = Number(found?.[2]);
  if (found === null || rounds < 1) return malformedHash('PBKDF2', '$1$salt$rounds$hex');
  const salt = Buffer.from(found[1] ?? '', 'latin1').toString('hex');
  const digest = (found[3] ?? '').toLowerCase();
  const trial: Trial = { kind: 'pbkdf2', algorithm: 'sha1', rounds, salt, digest };
  return hashForWorkers('pbkdf2', 1_500_000 / rounds, trial, false, String(rounds));
}

const argonSettings = /(argon2(?:id|i|d))\$v=19\$m=(\d{1,8}),t=(\d{1,4}),p=(\d{1,3})/.source;
const argonSaltAndDigest = /([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{16,172})/.source;
const argonText = new RegExp(`^\\$${argonSettings}\\$${argonSaltAndDigest}$`);
/**
 * KiB that one try may take: 1 GiB. Hashes that want more are not tried. Whoever can set a hash
 * could otherwise take the memory of the mail server.
 */
export const memoryKiBMax = 1_048_576;

export function argon2Hash(text: string): StoredPassword {
  const found = argonText.exec(text);
  const [memory, passes, lanes] = [found?.[2], found?.[3], found?.[4]].map(Number);
  if (found === null || !memory || !passes || !lanes) {
    return malformedHash('ARGON2', '$argon2id$v=19$m=…,t=…,p=…$salt$hash');
  }
  if (memory > memoryKiBMax) return { kind: 'unknown', what: `argon2 with ${memory} KiB` };
  const algorithm = found[1] as 'argon2d' | 'argon2i' | 'argon2id';
  const salt = Buffer.from(found[5] ?? '', 'base64').toString('hex');
  const digest = Buffer.from(found[6] ?? '', 'base64').toString('hex');
  const trial: Trial = { kind: 'argon2', algorithm, memory, passes, lanes, salt, digest };
  const cost = memory * passes;
  return hashForWorkers(algorithm, 1_500_000 / cost, trial, false, `${memory},${passes},${lanes}`);
}

export function scramHash(text: string, algorithm: DigestName, bytes: number): StoredPassword {
  const [rounds = '', salt = '', stored = '', server = ''] = text.split(',');
  const digest = decodedHash(stored, 'base64');
  const saltBytes = decodedHash(salt, 'base64');
  const right =
    /^[1-9]\d{0,7}$/.test(rounds) && saltBytes !== undefined && saltBytes.length <= saltBytesMax;
  if (!right || digest?.length !== bytes || decodedHash(server, 'base64')?.length !== bytes) {
    return malformedHash('SCRAM', 'rounds,salt,key,key');
  }
  const trial: Trial = {
    kind: 'scram',
    algorithm,
    rounds: Number(rounds),
    salt: saltBytes.toString('hex'),
    digest: digest.toString('hex'),
  };
  const name = `scram-${algorithm}`;
  return hashForWorkers(name, 1_500_000 / Number(rounds), trial, false, rounds);
}
