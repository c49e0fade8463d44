/**
 * Memory and speed of one try of yescrypt or scrypt, by the settings in the hash (crypt(5)). Pure.
 */

const digits = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/**
 * KiB that one try of yescrypt takes. Settings such as `j9T` are flags, the logarithm of N, and r,
 * each in as many digits as it needs. Further settings are rare; they cost time and no memory.
 */
export function yescryptKiB(settings: string): number {
  const flags = variable(settings, 0, 0);
  const blocksLog2 = variable(settings, flags.next, 1);
  const blockSize = variable(settings, blocksLog2.next, 1);
  return kib(blocksLog2.value, blockSize.value);
}

/** KiB of memory that yescrypt fills in a second. */
const kibPerSecond = 655_360;
/** Longer settings have further parameters, which can make a try a thousand times slower. */
const usualDigits = 4;

export function yescryptRate(settings: string): number {
  const rate = kibPerSecond / yescryptKiB(settings);
  return settings.length > usualDigits ? rate / 1_000 : rate;
}

/**
 * KiB that one try of scrypt takes. `CU..../....`: one digit for log2 N, five for r, five for p.
 */
export function scryptKiB(settings: string): number {
  const [blockSize, lanes] = [fixed(settings, 1), fixed(settings, 6)];
  return Math.max(kib(digits.indexOf(settings[0] ?? '.'), blockSize), (blockSize * lanes) / 8);
}

export function scryptRate(settings: string): number {
  return kibPerSecond / 2 / scryptKiB(settings) / Math.max(1, fixed(settings, 6));
}

/** A number of five digits, lowest digit first. */
function fixed(text: string, from: number): number {
  let value = 0;
  for (let at = 0; at < 5; at++) value += digits.indexOf(text[from + at] ?? '.') * 64 ** at;
  return value;
}

function kib(blocksLog2: number, blockSize: number): number {
  return Math.max(1, (128 * blockSize * 2 ** blocksLog2) / 1_024);
}

/** A number of variable length: one digit up to 47, else the first digit shows how many follow. */
function variable(text: string, at: number, least: number): { value: number; next: number } {
  let [start, end, more, bits] = [0, 47, 0, 0];
  const first = digits.indexOf(text[at] ?? '.');
  let value = least;
  while (first > end && end < 63) {
    value += (end + 1 - start) * 2 ** bits;
    start = end + 1;
    end = start + Math.floor((62 - end) / 2);
    more++;
    bits += 6;
  }
  value += (first - start) * 2 ** bits;
  for (let nth = 1; nth <= more; nth++) {
    bits -= 6;
    value += digits.indexOf(text[at + nth] ?? '.') * 2 ** bits;
  }
  return { value, next: at + 1 + more };
}
