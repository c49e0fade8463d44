/** Chunks of bytes → lines, bounded: a line that is too long is passed over to its end. */
import { peerText } from './peer-text.ts';

/** Postfix cuts its own lines at about 2 KB; a journal record with all its fields takes a few. */
export const lineBytesMax: number = 16 * 1024;

export type LineCutter = {
  /** Lines that are whole now, without their ends. */
  take(chunk: Buffer): readonly string[];
  /**
   * Forgets what it has of a line. `midLine`: what comes next is the rest of a line, and is passed
   * over.
   */
  reset(midLine?: 'mid-line'): void;
};

/** `dropped` is called once for each line that is too long. */
export function openLineCutter(dropped: () => void): LineCutter {
  let parts: Buffer[] = [];
  let kept = 0;
  let skipping = false;
  const clear = (): void => {
    parts = [];
    kept = 0;
  };
  const finish = (piece: Buffer, lines: string[]): void => {
    if (skipping) skipping = false;
    else if (kept + piece.length > lineBytesMax) dropped();
    else lines.push(peerText(parts.length === 0 ? piece : Buffer.concat([...parts, piece])));
    clear();
  };
  return {
    take(chunk) {
      const lines: string[] = [];
      let from = 0;
      for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
        finish(chunk.subarray(from, end), lines);
        from = end + 1;
      }
      const rest = chunk.length - from;
      if (skipping || rest === 0) return lines;
      if (kept + rest > lineBytesMax) {
        skipping = true;
        dropped();
        clear();
        return lines;
      }
      // A copy: the reader uses its buffer again.
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
