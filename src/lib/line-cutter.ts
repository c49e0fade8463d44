/** Cuts chunks of bytes into lines. A line that is too long is skipped to its end. */
import { isAscii } from 'node:buffer';
import { peerText } from './peer-text.ts';

/**
 * The longest line that is read. Postfix cuts its own lines at about 2 KB; a journal record with
 * all its fields takes a few KB.
 */
export const lineBytesMax: number = 16 * 1024;

/** For the end of a file: its last line may lack it. */
export const lineEnd: Buffer = Buffer.from('\n');

export type LineCutter = {
  /** Returns the lines that are complete now, without their line ends. */
  take(chunk: Buffer): readonly string[];
  /**
   * Drops the unfinished line. With `mid-line`, the next bytes are the rest of a line and are
   * skipped.
   */
  reset(midLine?: 'mid-line'): void;
};

/** `dropped` is called once for each line that is too long. */
export function openLineCutter(dropped: () => void, bytesMax: number = lineBytesMax): LineCutter {
  let parts: Buffer[] = [];
  let kept = 0;
  let skipping = false;
  const clear = (): void => {
    parts = [];
    kept = 0;
  };
  const finish = (piece: Buffer, lines: string[]): void => {
    if (skipping) skipping = false;
    else if (kept + piece.length > bytesMax) dropped();
    else lines.push(peerText(parts.length === 0 ? piece : Buffer.concat([...parts, piece])));
    clear();
  };
  return {
    take(chunk) {
      const lines: string[] = [];
      let from = 0;
      // One look at the whole chunk instead of one at each line.
      const isPlain = isAscii(chunk);
      for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
        const isWhole = kept === 0 && !skipping && end - from <= bytesMax;
        if (isPlain && isWhole) lines.push(chunk.toString('latin1', from, end));
        else finish(chunk.subarray(from, end), lines);
        from = end + 1;
      }
      const rest = chunk.length - from;
      if (skipping || rest === 0) return lines;
      if (kept + rest > bytesMax) {
        skipping = true;
        dropped();
        clear();
        return lines;
      }
      // A copy, because the reader reuses its buffer.
      parts.push(Buffer.from(chunk.subarray(from)));
      kept += rest;
      return lines;
    },
    reset(midLine) {
      clear();
      skipping = midLine === 'mid-line';
    },
  };
}
