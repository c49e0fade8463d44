import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Conversation, mta } from '../../../test/mta/script.ts';
import { replyPacket } from '../../doors/milter/reply.ts';
import { FrameReader, frameBytesMax } from './frame.ts';
import { packet } from './packet.ts';

/** Pushes chunks; answers with the packets. */
function read(chunks: readonly Buffer[]): readonly string[] {
  const packets: string[] = [];
  const reader = new FrameReader((command, bytes, start, end) => {
    packets.push(`${command}:${bytes.toString('latin1', start, end)}`);
    return true;
  });
  for (const chunk of chunks) reader.push(chunk);
  return packets;
}

test('packets survive any cut', () => {
  const packets = fc.array(
    fc.tuple(fc.integer({ min: 0, max: 255 }), fc.uint8Array({ maxLength: 300 })),
  );
  fc.assert(
    fc.property(
      packets,
      fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }),
      (all, sizes) => {
        const bytes = Buffer.concat(all.map(([code, data]) => packet(code, Buffer.from(data))));
        const chunks: Buffer[] = [];
        for (let at = 0, turn = 0; at < bytes.length; turn++) {
          const size = sizes[turn % sizes.length] ?? 1;
          chunks.push(bytes.subarray(at, at + size));
          at += size;
        }
        const want = all.map(([code, data]) => `${code}:${Buffer.from(data).toString('latin1')}`);
        assert.deepEqual(read(chunks), want);
      },
    ),
  );
});

test('the longest packet is taken, one byte more is not', () => {
  const longest = Buffer.alloc(4 + frameBytesMax, 0x42);
  longest.writeUInt32BE(frameBytesMax);
  assert.equal(read([longest.subarray(0, 70_000), longest.subarray(70_000)]).length, 1);
  const longer = Buffer.alloc(8);
  longer.writeUInt32BE(frameBytesMax + 1);
  assert.throws(() => read([longer]), { name: 'PeerError' });
});

test('during a pause packets wait in order, up to a limit of bytes', () => {
  const packets: number[] = [];
  const reader = new FrameReader((command) => {
    packets.push(command);
    return command !== 2;
  });
  reader.push(Buffer.concat([packet(1), packet(2), packet(3)]));
  reader.push(Buffer.concat([packet(4), packet(5).subarray(0, 2)]));
  assert.deepEqual(packets, [1, 2]);
  assert.equal(reader.partial, false);
  reader.resume();
  assert.deepEqual(packets, [1, 2, 3, 4]);
  assert.equal(reader.partial, true);
  reader.push(packet(5).subarray(2));
  assert.deepEqual(packets, [1, 2, 3, 4, 5]);
  reader.push(packet(2));
  assert.throws(() => {
    for (let index = 0; index < 40; index++) reader.push(Buffer.alloc(65_536));
  }, /instead of waiting/);
});

/** Runs a session on hostile bytes. A PeerError is the right end; any other error is a mistake. */
function survives(chunks: readonly Buffer[]): void {
  const talk = new Conversation();
  try {
    for (const chunk of chunks) talk.session.take(chunk);
    talk.session.tick(1_000);
  } catch (error) {
    assert.equal((error as Error).name, 'PeerError');
  }
  talk.session.gone();
}

test('a session survives random bytes', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 400 })), (chunks) =>
      survives(chunks.map((chunk) => Buffer.from(chunk))),
    ),
    { numRuns: 500 },
  );
});

test('a session survives well-formed packets that make no sense', () => {
  const data = fc.oneof(
    fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
    fc
      .constantFrom(
        'M{auth_authen}\0joe\0',
        'Ri\0',
        '<a@b>\0',
        '<a@b>',
        'From\0a@b\0',
        '',
        '\0\0\0',
        'x\x004',
      )
      .map((text) => Buffer.from(text)),
  );
  const codes = fc.constantFrom(...Array.from('ODCHMRTULNBEAQKZ', (code) => code.charCodeAt(0)));
  const packets = fc.array(fc.tuple(codes, data), { maxLength: 40 });
  fc.assert(
    fc.property(packets, (all) => {
      const sent = all.map(([code, bytes]) => packet(code, bytes));
      survives([mta.offer(), mta.connect(), ...sent]);
      survives([mta.offer(), mta.connect(), mta.message('joe').subarray(0, -20), ...sent]);
    }),
    { numRuns: 500 },
  );
});

test('refusals are doubled where Sendmail would read a format, and stay within a line', () => {
  const text = replyPacket({ kind: 'reply', code: 550, enhanced: '5.7.1', text: '100% of limit' });
  assert.equal(text.toString('latin1', 5), '550 5.7.1 100%% of limit\0');
  const long = replyPacket({
    kind: 'reply',
    code: 550,
    enhanced: '4.7.1',
    text: `${'ü\r\n%'.repeat(600)}`,
  });
  const line = long.toString('latin1', 5).replaceAll('%%', '%');
  assert.match(line, /^550 5\.7\.1 [ -~]+\0$/);
  assert.ok(line.length < 510);
});
