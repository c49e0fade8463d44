/**
 * Splits the rows that clients of databases write. No value can become a row or a column of its
 * own, because people choose their names themselves. Fields are unquoted in place, so that their
 * bytes can be cleared.
 */
import { fieldsOf } from './lines.ts';

/** Undefined for a line that is no whole row, because a value has a line break. */
export type CutRow = (line: Buffer) => readonly Buffer[] | undefined;

const [quote, comma, backslash] = [34, 44, 92];

/**
 * CSV (RFC 4180), as psql and our own SQLite process write it. Lines inside a value are skipped.
 */
export function csvRows(): CutRow {
  let open = false;
  return (line) => {
    const within = open;
    const fields: Buffer[] = [];
    let from = 0;
    let to = 0;
    for (let at = 0; at < line.length; at++) {
      const byte = line[at] ?? 0;
      if (byte === quote) {
        // Two quotes inside quotes are one quote of the value.
        if (!open || line[at + 1] !== quote) {
          open = !open;
          continue;
        }
        at++;
      } else if (byte === comma && !open) {
        fields.push(line.subarray(from, to));
        from = to;
        continue;
      }
      line[to++] = byte;
    }
    fields.push(line.subarray(from, to));
    return open || within ? undefined : fields;
  };
}

const tab = 9;
const columnsMax = 16;
/** Characters behind a backslash in MySQL's batch format, and what they mean. */
const escaped: ReadonlyMap<number, number> = new Map([
  [110, 10],
  [116, tab],
  [48, 0],
]);

/** MySQL's batch format: tabs between columns; tabs and line breaks in values have a backslash. */
export function batchRow(line: Buffer): readonly Buffer[] {
  return fieldsOf(line, columnsMax, tab).map(unescaped);
}

function unescaped(field: Buffer): Buffer {
  let to = 0;
  for (let at = 0; at < field.length; at++) {
    const byte = field[at] ?? 0;
    const next = byte === backslash ? field[at + 1] : undefined;
    if (next !== undefined) at++;
    field[to++] = next === undefined ? byte : (escaped.get(next) ?? next);
  }
  return field.subarray(0, to);
}
