/**
 * Unpacks a log while it is read: gzip, zstd, xz and bzip2, known by their first bytes, and UTF-16.
 * A damaged or cut file gives what stands before the damage. Only a few chunks are in memory at a
 * time, however much they unpack to.
 */
import { spawn } from 'node:child_process';
import { Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { ZstdFrames, type ZstdPiece } from '../../formats/logs/zstd-frames.ts';

/** Says why the rest of a log cannot be read. */
type Damaged = (why: string) => void;
type Chunks = AsyncIterable<Buffer>;

/** Enough to know a format, and UTF-16 without a mark. */
const headBytes = 64;
const complaintMax = 500;
/** Node has no xz and no bzip2 (ADR 0007); these programs are installed nearly everywhere. */
const programs = {
  xz: ['xz', '--decompress', '--stdout', '--quiet', '--memlimit-decompress=256MiB'],
  bzip2: ['bzip2', '--decompress', '--stdout', '--quiet'],
} as const;
const programPath = '/usr/local/bin:/usr/bin:/bin';

const magic = [
  ['gzip', [0x1f, 0x8b]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ['bzip2', [0x42, 0x5a, 0x68]],
  ['compress', [0x1f, 0x9d]],
  ['zip', [0x50, 0x4b, 0x03, 0x04]],
  ['utf-16le', [0xff, 0xfe]],
  ['utf-16be', [0xfe, 0xff]],
] as const;
type Format = (typeof magic)[number][0] | 'plain';

/**
 * The bytes of the log as text in UTF-8 or Latin-1. `damaged` is called once, at the end, if a part
 * could not be unpacked. Throws if the source itself cannot be read.
 */
export async function* logBytes(raw: Chunks, damaged: Damaged): AsyncGenerator<Buffer> {
  const source = raw[Symbol.asyncIterator]();
  try {
    const head: Buffer[] = [];
    for (let size = 0; size < headBytes; ) {
      const next = await source.next();
      if (next.done === true) break;
      head.push(next.value);
      size += next.value.length;
    }
    const start = Buffer.concat(head);
    const faults: unknown[] = [];
    yield* unpacked(formatOf(start), whole(start, source, faults), damaged);
    if (faults.length > 0) throw faults[0];
  } finally {
    await source.return?.();
  }
}

/** The first bytes again, then the rest. An error of the source ends it. */
async function* whole(
  start: Buffer,
  source: AsyncIterator<Buffer>,
  faults: unknown[],
): AsyncGenerator<Buffer> {
  if (start.length > 0) yield start;
  try {
    for (let next = await source.next(); next.done !== true; next = await source.next()) {
      yield next.value;
    }
  } catch (fault) {
    faults.push(fault);
  }
}

function formatOf(start: Buffer): Format {
  const found = magic.find(([, bytes]) => bytes.every((byte, nth) => start[nth] === byte));
  if (found !== undefined) return found[0];
  // Every second byte of an English text in UTF-16 is zero.
  const pairs = Math.floor(Math.min(start.length, headBytes) / 2);
  if (pairs < 4) return 'plain';
  const zeros = (at: number): number => {
    let count = 0;
    for (let nth = 0; nth < pairs; nth++) if (start[2 * nth + at] === 0) count++;
    return count;
  };
  if (zeros(1) === pairs && zeros(0) === 0) return 'utf-16le';
  return zeros(0) === pairs && zeros(1) === 0 ? 'utf-16be' : 'plain';
}

function unpacked(format: Format, all: Chunks, damaged: Damaged): Chunks {
  switch (format) {
    case 'gzip':
      return through(all, createGunzip(), 'gzip', damaged);
    case 'zstd':
      return zstdFrames(all, damaged);
    case 'xz':
    case 'bzip2':
      return byProgram(format, all, damaged);
    case 'utf-16le':
    case 'utf-16be':
      return recoded(format, all);
    case 'compress':
    case 'zip':
      return refused(`${format} files cannot be read; unpack it first`, damaged);
    case 'plain':
      return all;
  }
}

async function* refused(why: string, damaged: Damaged): AsyncGenerator<Buffer> {
  damaged(why);
  yield* [];
}

async function* through(
  all: Chunks,
  unpacker: NodeJS.ReadWriteStream,
  format: string,
  damaged: Damaged,
): AsyncGenerator<Buffer> {
  const source = Readable.from(all);
  source.pipe(unpacker);
  try {
    for await (const chunk of unpacker) yield Buffer.from(chunk);
  } catch (fault) {
    const why = fault instanceof Error ? fault.message : String(fault);
    damaged(`the ${format} data is damaged or cut (${why})`);
  } finally {
    source.destroy();
  }
}

/** Node's decoder stops behind the first frame of several, so each gets one of its own. */
async function* zstdFrames(all: Chunks, damaged: Damaged): AsyncGenerator<Buffer> {
  const pieces = piecesOf(all);
  let isDamaged = false;
  for (;;) {
    const first = await pieces.next();
    if (first.done === true || isDamaged) return;
    yield* through(oneFrame(first.value, pieces), createZstdDecompress(), 'zstd', (why) => {
      isDamaged = true;
      damaged(why);
    });
  }
}

async function* piecesOf(all: Chunks): AsyncGenerator<ZstdPiece> {
  const frames = new ZstdFrames();
  for await (const chunk of all) yield* frames.take(chunk);
}

async function* oneFrame(
  first: ZstdPiece,
  pieces: AsyncIterator<ZstdPiece>,
): AsyncGenerator<Buffer> {
  yield first.bytes;
  let { ends } = first;
  while (!ends) {
    const next = await pieces.next();
    if (next.done === true) return;
    yield next.value.bytes;
    ({ ends } = next.value);
  }
}

async function* byProgram(
  name: keyof typeof programs,
  all: Chunks,
  damaged: Damaged,
): AsyncGenerator<Buffer> {
  const [program, ...args] = programs[name];
  const env = { PATH: programPath, LC_ALL: 'C' };
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], env });
  const ended = new Promise<string>((resolve) => {
    child.once('error', (fault: NodeJS.ErrnoException) => {
      resolve(
        fault.code === 'ENOENT'
          ? `the program ${program} is needed and is not installed`
          : fault.message,
      );
    });
    child.once('close', (code) => resolve(code === 0 ? '' : `${program} ended with ${code}`));
  });
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => {
    complaint = (complaint + chunk.toString('utf8')).slice(0, complaintMax);
  });
  const source = Readable.from(all);
  // A program that found damage reads no further.
  child.stdin.on('error', () => source.destroy());
  source.pipe(child.stdin);
  try {
    for await (const chunk of child.stdout as AsyncIterable<Buffer>) yield chunk;
    const why = await ended;
    if (why === '') return;
    const said = complaint.trim().split('\n')[0];
    damaged(said === undefined || said === '' ? why : `the ${name} data: ${said}`);
  } finally {
    source.destroy();
    child.kill('SIGTERM');
  }
}

async function* recoded(format: 'utf-16le' | 'utf-16be', all: Chunks): AsyncGenerator<Buffer> {
  const decoder = new TextDecoder(format);
  for await (const chunk of all) yield Buffer.from(decoder.decode(chunk, { stream: true }), 'utf8');
  yield Buffer.from(decoder.decode(), 'utf8');
}
