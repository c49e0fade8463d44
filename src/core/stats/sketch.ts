/**
 * Estimates quantiles of many scores from a small sketch. Each bucket of the sketch is 10 % wider
 * than the one before, above and below 0, so a quantile is off by at most 5 %. Scores nearer to 0
 * than 0.1 points count as 0. The sum of two sketches is exactly the sketch of all their scores.
 */
import { hundredths } from '../../lib/round.ts';

/** Bucket k has the scores above least·growth^(k-1), up to least·growth^k. */
const growth = 1.1;
const least = 0.1;
const logGrowth = Math.log(growth);
/** The last bucket is at 1,300 points on either side: GTUBE scores 1,000. */
const bucketMax = 100;

/** Counts by bucket; negative scores have buckets below 0. */
export type Sketch = Map<number, number>;

function bucketOf(score: number): number {
  const size = Math.abs(score);
  if (!(size > least)) return 0;
  const bucket = Math.min(bucketMax, Math.ceil(Math.log(size / least) / logGrowth));
  return score < 0 ? -bucket : bucket;
}

/** The middle of a bucket. */
function scoreOf(bucket: number): number {
  if (bucket === 0) return 0;
  const size = least * growth ** (Math.abs(bucket) - 0.5);
  return bucket < 0 ? -size : size;
}

export function addScore(sketch: Sketch, score: number): void {
  const bucket = bucketOf(score);
  sketch.set(bucket, (sketch.get(bucket) ?? 0) + 1);
}

/** The scores below which these shares of all scores are; 0 if the sketch is empty. */
export function quantiles(sketch: Sketch, shares: readonly number[]): readonly number[] {
  const buckets = [...sketch].sort(([a], [b]) => a - b);
  const total = buckets.reduce((sum, [, count]) => sum + count, 0);
  return shares.map((share) => {
    const wanted = share * (total - 1);
    let seen = 0;
    for (const [bucket, count] of buckets) {
      seen += count;
      if (seen > wanted) return hundredths(scoreOf(bucket));
    }
    return 0;
  });
}

/** As stored: bucket and count in turn, each a number of 1 to 5 bytes with 7 bits a byte. */
export function encodeSketch(sketch: Sketch): Uint8Array {
  const bytes: number[] = [];
  const put = (value: number): void => {
    let rest = value;
    for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest & 127) | 128);
    bytes.push(rest);
  };
  for (const [bucket, count] of sketch) {
    put(bucket + bucketMax);
    put(count);
  }
  return Uint8Array.from(bytes);
}

/** Adds an encoded sketch to `into`. Never fails: broken bytes add wrong counts. */
export function decodeSketch(bytes: Uint8Array, into: Sketch = new Map()): Sketch {
  let at = 0;
  const take = (): number => {
    let value = 0;
    for (let scale = 1; at < bytes.length; scale *= 128) {
      const byte = bytes[at++] ?? 0;
      value += (byte & 127) * scale;
      if (byte < 128) break;
    }
    return value;
  };
  while (at < bytes.length) {
    const bucket = take() - bucketMax;
    into.set(bucket, (into.get(bucket) ?? 0) + take());
  }
  return into;
}
