/**
 * Rows as the clients of databases write them, taken apart so that no value can pass for a row or a
 * column of its own: people choose their names themselves. Fields are unquoted in place, since
 * their bytes are to be overwritten.
 */
import { fieldsOf } from './lines.ts';

/** Undefined: a line that is no whole row, since one of its values holds a line break. */
export type CutRow = (line: Buffer) => readonly Buffer[] | undefined;

const [quote, comma, backslash] = [34, 44, 92];

/**
 * CSV (RFC 4180), as psql and our own reader of SQLite write it. Lines inside of a value are passed
 * over with it.
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
        // Twice inside of quotes it is one of the value.
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
/** What MySQL's client escapes, and as what. */
const escaped: ReadonlyMap<number, number> = new Map([
  [110, 10],
  [116, tab],
  [48, 0],
]);

/**
 * MySQL's batch format: tabs between columns, a backslash before what could be mistaken for them.
 */
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
