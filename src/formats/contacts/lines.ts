/** Gives the lines of a file to a reader of contacts. Bounded by the longest line. */
import { lineEnd, openLineCutter } from '../../lib/line-cutter.ts';
import type { ContactReader } from './found.ts';

const newline = 10;

export function lineReader(on: {
  /** Without its line end. */
  line(text: string): void;
  end(): void;
  /** A line was too long, and left out. */
  tooLong(): void;
  readonly lineBytesMax?: number;
}): ContactReader {
  const cutter = openLineCutter(on.tooLong, on.lineBytesMax);
  const take = (chunk: Buffer): void => {
    // Line by line, so that `tooLong` is called between the lines around it.
    for (let from = 0; from < chunk.length; ) {
      const end = chunk.indexOf(newline, from);
      const next = end < 0 ? chunk.length : end + 1;
      for (const line of cutter.take(chunk.subarray(from, next))) {
        on.line(line.endsWith('\r') ? line.slice(0, -1) : line);
      }
      from = next;
    }
  };
  return {
    take,
    end() {
      take(lineEnd);
      on.end();
    },
  };
}
