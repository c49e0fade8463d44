/** Lines of a stream, a chunk at a time, with a limit, in their order. */

/** A line that was not kept, in its place. */
export type UnreadLine = { readonly error: string };

/** Longest line: the longest reply that counts, with every character escaped in JSON. */
const lineMax = 64 * 1024;
const tooLong: UnreadLine = { error: `is longer than ${lineMax} characters` };

export async function* inputLines(
  stream: AsyncIterable<Buffer | string>,
): AsyncGenerator<readonly (string | UnreadLine)[]> {
  const decoder = new TextDecoder();
  let rest = '';
  let isSkipped = false;
  for await (const chunk of stream) {
    const text =
      rest + (typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true }));
    const pieces = text.split('\n');
    rest = pieces.pop() ?? '';
    const lines = pieces.map((line) => (line.length > lineMax ? tooLong : line));
    if (isSkipped && lines.length > 0) {
      lines[0] = tooLong;
      isSkipped = false;
    }
    if (rest.length > lineMax) {
      isSkipped = true;
      rest = '';
    }
    if (lines.length > 0) yield lines;
  }
  if (isSkipped) yield [tooLong];
  else if (rest !== '') yield [rest];
}
