/**
 * Two uses of MD5 that no library offers: Apache's salted MD5 (`$apr1$`), and the state of HMAC-MD5
 * after the key, which Dovecot stores for CRAM-MD5.
 */
import { createHash } from 'node:crypto';

const itoa64 = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** The order in which the bytes of the digest are written, three at a time. */
const order = [
  [0, 6, 12],
  [1, 7, 13],
  [2, 8, 14],
  [3, 9, 15],
  [4, 10, 5],
] as const;
const rounds = 1_000;
const magic = Buffer.from('$apr1$');

const md5 = (...parts: readonly Buffer[]): Buffer => {
  const hash = createHash('md5');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** The last field of `$apr1$salt$…`. It is the MD5 scheme of crypt(3) with another magic text. */
export function apr1(password: Buffer, salt: string): string {
  const seed = Buffer.from(salt, 'latin1');
  const inner = md5(password, seed, password);
  const parts = [password, magic, seed];
  for (let left = password.length; left > 0; left -= 16) {
    parts.push(inner.subarray(0, Math.min(16, left)));
  }
  const zero = Buffer.alloc(1);
  for (let bits = password.length; bits > 0; bits >>= 1) {
    parts.push((bits & 1) === 1 ? zero : password.subarray(0, 1));
  }
  let digest = md5(...parts);
  for (let round = 0; round < rounds; round++) {
    const odd = (round & 1) === 1;
    digest = md5(
      odd ? password : digest,
      ...(round % 3 === 0 ? [] : [seed]),
      ...(round % 7 === 0 ? [] : [password]),
      odd ? digest : password,
    );
  }
  let text = '';
  for (const [high, middle, low] of order) {
    text += digits(
      ((digest[high] ?? 0) << 16) | ((digest[middle] ?? 0) << 8) | (digest[low] ?? 0),
      4,
    );
  }
  return text + digits(digest[11] ?? 0, 2);
}

function digits(value: number, count: number): string {
  let text = '';
  let left = value;
  for (let place = 0; place < count; place++, left >>= 6) text += itoa64[left & 63];
  return text;
}

/**
 * The outer state of HMAC-MD5 (RFC 2104) after the block of the key, in hex. Dovecot stores it as
 * {CRAM-MD5}.
 */
export function cramMd5State(password: Buffer): string {
  const key = password.length > 64 ? md5(password) : password;
  const block = Buffer.alloc(64, 0x5c);
  for (let at = 0; at < key.length; at++) block[at] = 0x5c ^ (key[at] ?? 0);
  const state = compress([0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476], block);
  block.fill(0);
  const out = Buffer.alloc(16);
  for (const [at, word] of state.entries()) out.writeUInt32LE(word >>> 0, at * 4);
  return out.toString('hex');
}

const shifts = [
  [7, 12, 17, 22],
  [5, 9, 14, 20],
  [4, 11, 16, 23],
  [6, 10, 15, 21],
] as const;
/** RFC 1321 section 3.4: the sine of each step. */
const sines: readonly number[] = Array.from(
  { length: 64 },
  (_, step) => Math.floor(Math.abs(Math.sin(step + 1)) * 2 ** 32) >>> 0,
);

/** Processes one block (RFC 1321 section 3.4). */
function compress(
  start: readonly [number, number, number, number],
  block: Buffer,
): readonly number[] {
  let [a, b, c, d] = start as [number, number, number, number];
  for (let step = 0; step < 64; step++) {
    const round = step >> 4;
    const [mix, word] = mixed(round, step, b, c, d);
    const sum = (a + mix + (sines[step] ?? 0) + block.readUInt32LE(word * 4)) | 0;
    const by = shifts[round]?.[step & 3] ?? 0;
    [a, d, c, b] = [d, c, b, (b + ((sum << by) | (sum >>> (32 - by)))) | 0];
  }
  return [a + start[0], b + start[1], c + start[2], d + start[3]];
}

function mixed(round: number, step: number, b: number, c: number, d: number): [number, number] {
  switch (round) {
    case 0:
      return [(b & c) | (~b & d), step];
    case 1:
      return [(d & b) | (~d & c), (5 * step + 1) & 15];
    case 2:
      return [b ^ c ^ d, (3 * step + 5) & 15];
    default:
      return [c ^ (b | ~d), (7 * step) & 15];
  }
}
