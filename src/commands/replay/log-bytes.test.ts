/** Logs packed by the real programs, whole and damaged. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { logBytes } from './log-bytes.ts';

const lines = Array.from(
  { length: 20_000 },
  (_, nth) => `Nov 10 09:00:00 mail x[${nth}]: é ${nth * 7919}\n`,
);
const text = Buffer.from(lines.join(''));

async function read(bytes: Buffer, chunk = 1_000): Promise<{ text: Buffer; damage: string[] }> {
  const damage: string[] = [];
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += chunk) chunks.push(bytes.subarray(at, at + chunk));
  const got: Buffer[] = [];
  for await (const part of logBytes(Readable.from(chunks), (why) => void damage.push(why))) {
    got.push(part);
  }
  return { text: Buffer.concat(got), damage };
}

function packed(program: string, input: Buffer): Buffer | undefined {
  const run = spawnSync(program, ['--stdout'], { input, maxBuffer: 64 * 1024 * 1024 });
  return run.status === 0 ? run.stdout : undefined;
}

const packers = [
  ['nothing', (input: Buffer) => input],
  ['gzip', (input: Buffer) => gzipSync(input)],
  [
    'two gzip files in one',
    (input: Buffer) =>
      Buffer.concat([gzipSync(input.subarray(0, 99)), gzipSync(input.subarray(99))]),
  ],
  ['zstd', (input: Buffer) => zstdCompressSync(input)],
  [
    'two zstd files in one',
    (input: Buffer) =>
      Buffer.concat([
        zstdCompressSync(input.subarray(0, 99)),
        zstdCompressSync(input.subarray(99)),
      ]),
  ],
  ['xz', (input: Buffer) => packed('xz', input)],
  ['bzip2', (input: Buffer) => packed('bzip2', input)],
  ['UTF-16', (input: Buffer) => Buffer.from(`\ufeff${input.toString()}`, 'utf16le')],
  ['UTF-16 without a mark', (input: Buffer) => Buffer.from(input.toString(), 'utf16le')],
  [
    'UTF-16, the other way round',
    (input: Buffer) => Buffer.from(`\ufeff${input.toString()}`, 'utf16le').swap16(),
  ],
] as const;
for (const [name, pack] of packers) {
  test(`a log packed with ${name} is read, whatever its name is`, async (t) => {
    const bytes = pack(text);
    if (bytes === undefined) {
      t.skip(`${name} is not installed`);
      return;
    }
    const got = await read(bytes);
    assert.deepEqual(got.damage, []);
    assert.ok(got.text.equals(text));
    const byByte = await read(pack(text.subarray(0, 200)) ?? bytes, 1);
    assert.equal(byByte.text.toString(), text.subarray(0, 200).toString());
  });
}

for (const [name, pack] of packers) {
  if (!['gzip', 'zstd', 'xz', 'bzip2'].includes(name)) continue;
  test(`a cut log packed with ${name} gives what stands before the cut, and says so`, async (t) => {
    const noise = Buffer.from(
      Array.from({ length: 150_000 }, (_, nth) => `${(nth * 2_654_435_761) % 4_294_967_291}`).join(
        '\n',
      ),
    );
    const bytes = pack(noise);
    if (bytes === undefined) {
      t.skip(`${name} is not installed`);
      return;
    }
    const got = await read(bytes.subarray(0, Math.floor(bytes.length * 0.7)), 16_384);
    assert.equal(got.damage.length, 1);
    assert.ok(got.text.length > noise.length / 4, `${got.text.length} of ${noise.length}`);
    assert.ok(noise.subarray(0, got.text.length).equals(got.text));
  });

  test(`a damaged log packed with ${name} does not stop the reader`, async (t) => {
    const bytes = pack(text);
    if (bytes === undefined) {
      t.skip(`${name} is not installed`);
      return;
    }
    const bad = Buffer.from(bytes);
    bad.fill(0x55, Math.floor(bad.length / 2), Math.floor(bad.length / 2) + 300);
    const got = await read(bad);
    assert.equal(got.damage.length, 1);
  });
}

test('zstd data with a frame that holds no text, as pzstd writes it', async () => {
  const empty = Buffer.from([0x52, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 9, 9, 9]);
  const parts = [
    zstdCompressSync(text.subarray(0, 99)),
    empty,
    zstdCompressSync(text.subarray(99)),
  ];
  const got = await read(Buffer.concat(parts), 7);
  assert.deepEqual(got.damage, []);
  assert.ok(got.text.equals(text));
});

test('other archives are refused with a reason', async () => {
  const zip = await read(Buffer.from('PK\u0003\u0004 and more'));
  assert.deepEqual([zip.text.length, zip.damage.length], [0, 1]);
});

test('a source that fails is an error of its own', async () => {
  async function* failing(): AsyncGenerator<Buffer> {
    yield await Promise.resolve(gzipSync(text).subarray(0, 100));
    throw new Error('EIO');
  }
  await assert.rejects(async () => {
    for await (const _ of logBytes(failing(), () => undefined));
  }, /EIO/);
});

test('a reader that stops early leaves no program behind', async (t) => {
  const bytes = packed('xz', Buffer.alloc(50_000_000, 'x'));
  if (bytes === undefined) {
    t.skip('xz is not installed');
    return;
  }
  for await (const part of logBytes(Readable.from([bytes]), () => undefined)) {
    assert.ok(part.length > 0);
    break;
  }
});
