/**
 * Several who read the same message as it goes by, each for a reason of its own; their edits go out
 * together, and each may refuse it.
 */
import type { HeaderEdit, MessageReader, MessageReading } from '../ports/message.ts';

/** Undefined where nobody reads. */
export function readTogether(readings: readonly MessageReading[]): MessageReading | undefined {
  const [only] = readings;
  if (readings.length <= 1) return only;
  return {
    open(start) {
      const readers = readings.flatMap((reading) => reading.open(start) ?? []);
      const [one] = readers;
      return readers.length <= 1 ? one : together(readers);
    },
  };
}

function together(readers: readonly MessageReader[]): MessageReader {
  return {
    header(name, value) {
      for (const reader of readers) reader.header(name, value);
    },
    body(bytes, start, end) {
      for (const reader of readers) reader.body(bytes, start, end);
    },
    finish(done) {
      const edits: (readonly HeaderEdit[])[] = readers.map(() => []);
      let refusal: string | undefined;
      let left = readers.length;
      readers.forEach((reader, index) => {
        reader.finish((found, refused) => {
          edits[index] = found;
          refusal ??= refused;
          left--;
          if (left === 0) done(edits.flat(), refusal);
        });
      });
    },
  };
}
