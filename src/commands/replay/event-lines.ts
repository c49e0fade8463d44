/** Reads the lines of recorded events. The same for the command and for its thread. */
import { parseEvent, type ReadEvent } from '../../flow/replay/replay-event.ts';
import { readTime } from './read-time.ts';

/** `line` counts from 0 within the same piece of the input. */
export type TakeEvent = (event: ReadEvent, line: number) => void;
export type LineFault = { readonly line: number; readonly text: string };
export type LinesRead = {
  readonly lines: number;
  /** The first line that is no event; none is read after it. */
  readonly fault: LineFault | undefined;
};

/** Reads whole lines. */
export function readLines(bytes: Buffer, take: TakeEvent): LinesRead {
  const lines = bytes.toString('utf8').split('\n');
  for (const [number, line] of lines.entries()) {
    if (line === '' || line === '\r') continue;
    const event = parseEvent(line, readTime);
    if (!event.ok) return { lines: number, fault: { line: number, text: event.error } };
    take(event.value, number);
  }
  return { lines: lines.length, fault: undefined };
}
