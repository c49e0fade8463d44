/** Reads a message from a file or standard input, in pieces of limited size. */
import { open } from 'node:fs/promises';
import { type MessageSink, openMessageFeed } from '../../formats/dkim/message-from-file.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';

/** Passes the message to `sink`, field by field and piece by piece; `-` is standard input. */
export async function readMessageFile(file: string, sink: MessageSink): Promise<void> {
  const feed = openMessageFeed(sink);
  try {
    for await (const chunk of file === '-' ? process.stdin : pieces(file)) {
      feed.write(chunk);
      if (feed.fault !== undefined) break;
    }
  } catch (cause) {
    throw new OperatorError('message-file', `cannot read ${file}`, {
      cause,
      exit: sysexits.noInput,
    });
  }
  feed.end();
  if (feed.fault !== undefined) {
    throw new OperatorError('message-file', `${file} is not a message: ${feed.fault}`, {
      exit: sysexits.dataErr,
    });
  }
}

const pieceOctets = 65_536;

/** All pieces share one buffer: a piece is valid only until the next is read. */
async function* pieces(file: string): AsyncGenerator<Buffer> {
  await using handle = await open(file);
  const buffer = Buffer.allocUnsafe(pieceOctets);
  for (;;) {
    const { bytesRead } = await handle.read(buffer, 0, pieceOctets);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
  }
}
