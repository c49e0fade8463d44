/**
 * One of our own workers, a separate process. It reads candidates from a file of the private folder
 * and tries them on the hashes it was sent. It answers with the ids of the accounts that it
 * guessed; candidates never leave it.
 */
import { closeSync, openSync, readSync, writeFileSync } from 'node:fs';
import { keyboardPatterns, seasonsAndYears } from '../../core/passwords/generated.ts';
import { openTrials, type TrialEntry } from './trial.ts';

export type WorkerJob =
  | {
      readonly kind: 'try';
      readonly file: string;
      /** Offsets in bytes: lines that begin in this range are tried. */
      readonly from: number;
      readonly to: number;
      readonly entries: readonly TrialEntry[];
    }
  /** Writes generated candidates to a file. */
  | {
      readonly kind: 'write';
      readonly what: 'keyboard' | 'season';
      readonly year: number;
      readonly file: string;
    };
export type WorkerDone = { readonly found: readonly number[] };

const chunkBytes = 65_536;
/** Nobody types a longer password. */
const candidateBytesMax = 256;

function work(job: WorkerJob): WorkerDone {
  if (job.kind === 'try') return tryAll(job);
  const words = job.what === 'keyboard' ? keyboardPatterns() : seasonsAndYears(job.year);
  writeFileSync(job.file, `${words.join('\n')}\n`, { mode: 0o600 });
  return { found: [] };
}

function tryAll(job: Extract<WorkerJob, { kind: 'try' }>): WorkerDone {
  const tryOn = openTrials(job.entries);
  const found: number[] = [];
  for (const candidate of candidatesOf(job)) {
    found.push(...tryOn(candidate));
    if (found.length === job.entries.length) break;
  }
  return { found };
}

/** The lines of the range. John reads the same lists, so John's comments are left out. */
function* candidatesOf(job: {
  readonly file: string;
  readonly from: number;
  readonly to: number;
}): Generator<Buffer> {
  const fd = openSync(job.file, 'r');
  const buffer = Buffer.alloc(chunkBytes + candidateBytesMax);
  let held = 0;
  // Another worker tries the line that begins before the range: begin one byte early, and skip to
  // the end of that line.
  let at = Math.max(0, job.from - 1);
  let skipping = job.from > 0;
  let lineAt = at;
  try {
    while (lineAt < job.to) {
      const got = readSync(fd, buffer, held, buffer.length - held, at);
      held += got;
      at += got;
      let from = 0;
      for (let end = buffer.indexOf(10); end >= 0 && end < held; end = buffer.indexOf(10, from)) {
        const begins = lineAt;
        lineAt += end + 1 - from;
        const line = buffer.subarray(from, end);
        from = end + 1;
        if (!skipping && begins < job.to && isCandidate(line)) yield line;
        skipping = false;
      }
      buffer.copyWithin(0, from, held);
      held -= from;
      if (got === 0) break;
      if (held <= candidateBytesMax) continue;
      skipping = true;
      lineAt += held;
      held = 0;
    }
    if (held > 0 && !skipping && lineAt < job.to && isCandidate(buffer.subarray(0, held))) {
      yield buffer.subarray(0, held);
    }
  } finally {
    closeSync(fd);
  }
}

function isCandidate(line: Buffer): boolean {
  return (
    line.length <= candidateBytesMax && !line.toString('latin1', 0, 10).startsWith('#!comment')
  );
}

if (import.meta.main) {
  process.on('message', (job: WorkerJob) => {
    process.send?.(work(job));
  });
  process.on('disconnect', () => process.exit(0));
}
