/**
 * A log file and every kind of rotation, with real files: no line is lost, and no line comes twice.
 */
import assert from 'node:assert/strict';
import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { lineBytesMax, openLineCutter } from '../../lib/line-cutter.ts';
import { type Follower, type FollowFault, followFile } from './follow.ts';
import type { LogPosition } from './rotated.ts';

const pollMs = 40;

type Seen = AsyncDisposable & {
  readonly lines: string[];
  readonly troubles: FollowFault[];
  readonly reading: boolean;
  readonly away: boolean;
  readonly path: string;
  place(): LogPosition;
  /** Waits until this is the last line that arrived. */
  until(line: string): Promise<void>;
  close(): Promise<void>;
};

async function eventually(what: string, done: () => boolean): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (!done()) {
    assert.ok(performance.now() < deadline, `not within 30 seconds: ${what}`);
    await sleep(5);
  }
}

function folder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'plog-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

async function follow(path: string, resume?: LogPosition, backlogBytesMax?: number): Promise<Seen> {
  const lines: string[] = [];
  const troubles: FollowFault[] = [];
  let reading = false;
  let away = false;
  const follower: Follower = followFile(
    path,
    {
      lines: (more) => void lines.push(...more),
      fault: (what) => void troubles.push(what),
      reading: (is) => {
        reading = is;
      },
      away: (is) => {
        away = is;
      },
    },
    { resume, pollMs, ...(backlogBytesMax === undefined ? {} : { backlogBytesMax }) },
  );
  await eventually('opened, or not', () => reading || troubles.length > 0);
  return {
    lines,
    troubles,
    path,
    get reading() {
      return reading;
    },
    get away() {
      return away;
    },
    place() {
      const place = follower.place();
      assert.ok(place !== undefined);
      return place;
    },
    until: (line) => eventually(`${line}; last: ${lines.at(-1)}`, () => lines.at(-1) === line),
    close: () => follower.close(),
    [Symbol.asyncDispose]: () => follower.close(),
  };
}

test('begins at the end, and gives whole lines only', async () => {
  using dir = folder();
  const path = join(dir.path, 'mail.log');
  writeFileSync(path, 'old 1\nold 2\nhalf of ol');
  await using seen = await follow(path);
  appendFileSync(path, 'd 3\nnew 1\nnew');
  await seen.until('new 1');
  appendFileSync(path, ' 2\n');
  await seen.until('new 2');
  assert.deepEqual(seen.lines, ['new 1', 'new 2']);
});

test('renamed and created again: lines still written to the old file count too', async () => {
  using dir = folder();
  const path = join(dir.path, 'mail.log');
  writeFileSync(path, '');
  await using seen = await follow(path);
  appendFileSync(path, 'a\n');
  renameSync(path, `${path}.1`);
  appendFileSync(`${path}.1`, 'b\n');
  writeFileSync(path, 'c\n');
  await seen.until('c');
  appendFileSync(path, 'd\n');
  await seen.until('d');
  assert.deepEqual(seen.lines, ['a', 'b', 'c', 'd']);
  assert.deepEqual(seen.troubles, []);
});

test('renamed, and the new file appears later', async () => {
  using dir = folder();
  const path = join(dir.path, 'mail.log');
  writeFileSync(path, '');
  await using seen = await follow(path);
  renameSync(path, `${path}.1`);
  await sleep(3 * pollMs);
  appendFileSync(`${path}.1`, 'a\n');
  await seen.until('a');
  writeFileSync(path, 'b\n');
  await seen.until('b');
  assert.deepEqual(seen.lines, ['a', 'b']);
});

test('copied and truncated, also if the file has grown beyond the old position again', async () => {
  using dir = folder();
  const path = join(dir.path, 'mail.log');
  writeFileSync(path, '');
  await using seen = await follow(path);
  appendFileSync(path, 'a long line, that is\n');
  await seen.until('a long line, that is');
  truncateSync(path, 0);
  appendFileSync(path, 'b\n');
  await seen.until('b');
  // Seen from one step to the next, the file has only become longer.
  writeFileSync(path, 'c, which is a longer line\nd\n');
  await seen.until('d');
  assert.deepEqual(seen.lines, ['a long line, that is', 'b', 'c, which is a longer line', 'd']);
});

test('continues where it stopped', async () => {
  using dir = folder();
  const path = join(dir.path, 'mail.log');
  writeFileSync(path, '');
  const first = await follow(path);
  appendFileSync(path, 'a\nb\nhal');
  await first.until('b');
  await first.close();
  appendFileSync(path, 'f\nc\n');
  await using seen = await follow(path, first.place());
  await seen.until('c');
  assert.deepEqual(seen.lines, ['half', 'c']);
});

test('rotated between two runs: the old file first, then the new one', async () => {
  using dir = folder();
  const path = join(dir.path, 'mail.log');
  writeFileSync(path, '');
  const first = await follow(path);
  appendFileSync(path, 'a\n');
  await first.until('a');
  await first.close();
  appendFileSync(path, 'b\n');
  renameSync(path, `${path}-20251123`);
  writeFileSync(path, 'c\n');
  await using seen = await follow(path, first.place());
  await seen.until('c');
  assert.deepEqual(seen.lines, ['b', 'c']);
});

for (const [how, pack] of [
  ['as they are', (path: string) => path],
  ['packed by gzip', (path: string) => packed(path, `${path}.gz`, gzipSync)],
  ['packed by zstd', (path: string) => packed(path, `${path}.zst`, zstdCompressSync)],
] as const) {
  test(`rotated three times between two runs, ${how}: all lines, in order`, async () => {
    using dir = folder();
    const path = join(dir.path, 'mail.log');
    writeFileSync(path, '');
    writeFileSync(join(dir.path, 'mail.log.err'), 'of another log\n');
    const first = await follow(path);
    appendFileSync(path, 'a\nb\n');
    await first.until('b');
    await first.close();
    appendFileSync(path, 'c\n');
    for (const [nth, line] of ['d', 'e', 'f'].entries()) {
      // The newest is not packed yet, as with delaycompress.
      for (let old = nth; old > 0; old--) rename(join(dir.path, `mail.log.${old}`));
      renameSync(path, `${path}.1`);
      utimesSync(`${path}.1`, 1_000 + nth, 1_000 + nth);
      writeFileSync(path, `${line}\n`);
    }
    for (const nth of [2, 3]) pack(join(dir.path, `mail.log.${nth}`));
    await using seen = await follow(path, first.place());
    await seen.until('f');
    assert.deepEqual(seen.lines, ['c', 'd', 'e', 'f']);
    assert.deepEqual(seen.troubles, []);
  });
}

/** `mail.log.1` becomes `mail.log.2`. */
function rename(path: string): void {
  renameSync(
    path,
    path.replace(/\d+$/, (number) => String(Number(number) + 1)),
  );
}

function packed(from: string, to: string, pack: (bytes: Buffer) => Buffer): void {
  const { atimeMs, mtimeMs } = statSync(from);
  writeFileSync(to, pack(readFileSync(from)));
  utimesSync(to, atimeMs / 1_000, mtimeMs / 1_000);
  rmSync(from);
}

test('rotated away between two runs: the whole new file, and a fault', async () => {
  using dir = folder();
  const path = join(dir.path, 'mail.log');
  writeFileSync(path, 'a\n');
  const first = await follow(path);
  await first.close();
  writeFileSync(`${path}.new`, 'b\n');
  renameSync(`${path}.new`, path);
  await using seen = await follow(path, first.place());
  await seen.until('b');
  assert.deepEqual(seen.troubles, ['skipped']);
});

test('after a long pause, only the newest part', async () => {
  using dir = folder();
  const path = join(dir.path, 'mail.log');
  writeFileSync(path, '');
  const first = await follow(path);
  await first.close();
  const line = `${'x'.repeat(99)}\n`;
  writeFileSync(path, `first\n${line.repeat(200_000)}last\n`);
  await using seen = await follow(path, first.place(), 16 * 1024 * 1024);
  await seen.until('last');
  assert.ok(seen.lines.length < 180_000 && seen.lines.length > 150_000, `${seen.lines.length}`);
  assert.equal(seen.lines[0], line.trimEnd());
  assert.deepEqual(seen.troubles, ['skipped']);
});

test('a file that was removed is away, and still read, until another is there', async () => {
  using dir = folder();
  const path = join(dir.path, 'mail.log');
  writeFileSync(path, '');
  await using seen = await follow(path);
  const moved = join(dir.path, 'moved.log');
  renameSync(path, moved);
  await eventually('it is away', () => seen.away);
  appendFileSync(moved, 'a\n');
  await seen.until('a');
  assert.ok(seen.away && seen.reading);
  writeFileSync(path, 'b\n');
  await seen.until('b');
  assert.equal(seen.away, false);
  assert.deepEqual(seen.lines, ['a', 'b']);
});

test('a file that does not exist yet is read from its start', async () => {
  using dir = folder();
  const path = join(dir.path, 'mail.log');
  await using seen = await follow(path);
  assert.equal(seen.reading, false);
  assert.equal(seen.troubles[0], 'missing');
  writeFileSync(path, 'a\n');
  await seen.until('a');
  assert.equal(seen.reading, true);
});

test('a path that is not a file is a fault', async () => {
  using dir = folder();
  await using seen = await follow(dir.path);
  assert.equal(seen.reading, false);
  assert.equal(seen.troubles[0], 'unreadable');
});

test('many lines at once arrive in order, and too long ones are left out', async () => {
  using dir = folder();
  const path = join(dir.path, 'mail.log');
  writeFileSync(path, '');
  await using seen = await follow(path);
  const lines = Array.from({ length: 5_000 }, (_, nth) => `line ${nth} ${'y'.repeat(nth % 300)}`);
  appendFileSync(path, `${lines.slice(0, 2_500).join('\n')}\n${'z'.repeat(100_000)}\n`);
  appendFileSync(path, `${lines.slice(2_500).join('\n')}\n`);
  await seen.until(lines.at(-1) ?? '');
  assert.deepEqual(seen.lines, lines);
  assert.deepEqual(seen.troubles, ['too-long']);
});

test('lines are the same, however the bytes are cut', () => {
  const line = fc.oneof(
    fc.string({ maxLength: 40 }).map((text) => text.replaceAll('\n', ' ')),
    fc
      .integer({ min: lineBytesMax - 2, max: lineBytesMax + 2 })
      .map((length) => 'w'.repeat(length)),
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 12 }), fc.array(fc.nat(5_000)), (lines, cuts) => {
      const bytes = Buffer.from(`${lines.join('\n')}\n`);
      let dropped = 0;
      const cutter = openLineCutter(() => dropped++);
      const got: string[] = [];
      let from = 0;
      for (const cut of [...cuts, bytes.length]) {
        const chunk = Buffer.from(bytes.subarray(from, from + cut));
        got.push(...cutter.take(chunk));
        chunk.fill(0); // the reader uses its buffer again
        from += cut;
      }
      const fit = lines.length === 0 ? [''] : lines;
      const short = fit.filter((one) => Buffer.byteLength(one) <= lineBytesMax);
      assert.deepEqual(got, short);
      assert.equal(dropped, fit.length - short.length);
    }),
  );
});
