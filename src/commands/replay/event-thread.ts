/** The thread of event-batches.ts: reads lines, and answers with the events in them. */
import { parentPort } from 'node:worker_threads';
import { EventWriter } from '../../flow/replay/batches/write-events.ts';
import { assert } from '../../lib/assert.ts';
import type { ReaderTold } from './event-batches.ts';
import { readLines } from './event-lines.ts';

assert(parentPort !== null, 'this file runs as a thread');
const port = parentPort;
const writer = new EventWriter();

function tell(told: ReaderTold, moves: ArrayBuffer[] = []): void {
  port.postMessage(told, moves);
}

port.on('message', (bytes: Uint8Array) => {
  const { buffer, byteOffset, byteLength } = bytes;
  const read = readLines(Buffer.from(buffer, byteOffset, byteLength), (event, line) =>
    writer.write(event, line),
  );
  const batch = writer.take();
  tell({ ...read, batch }, [batch.numbers.buffer]);
});
tell('ready');
