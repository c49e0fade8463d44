/**
 * Sets or removes one setting of a TOML file and keeps every other byte: comments, order, white
 * space. Pure. It understands only plain tables; the caller parses the result and compares.
 */

const header = /^\s*\[{1,2}\s*([^[\]]+?)\s*\]{1,2}\s*(?:#.*)?$/;

/**
 * `value` as TOML; undefined: remove the setting, and its table if nothing else is in it. A setting
 * before all tables has an empty `table`.
 */
export function withSetting(
  text: string,
  { table, key }: { readonly table: string; readonly key: string },
  value: string | undefined,
): string {
  const lines = text === '' ? [] : text.replace(/\n$/, '').split('\n');
  if (table === '') return withTopSetting(lines, key, value);
  const start = lines.findIndex((line) => header.exec(line)?.[1] === table);
  const after = start < 0 ? lines.length : endOf(lines, start);
  const own = new RegExp(`^\\s*${key}\\s*=`);
  const at =
    start < 0 ? -1 : lines.findIndex((line, i) => i > start && i < after && own.test(line));
  if (value === undefined) {
    if (at < 0) return text;
    lines.splice(at, 1);
    const rest = lines.slice(start + 1, after - 1);
    if (rest.every((line) => line.trim() === '')) {
      // The table made for this setting, and the empty line before it.
      const from = start > 0 && lines[start - 1]?.trim() === '' ? start - 1 : start;
      lines.splice(from, start - from + 1);
    }
  } else if (at >= 0) lines[at] = withValue(lines[at] ?? '', key, value);
  else if (start >= 0) lines.splice(start + 1, 0, `${key} = ${value}`);
  else lines.push(...(lines.length === 0 ? [] : ['']), `[${table}]`, `${key} = ${value}`);
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

/** Where it is new, it comes first: what follows a header belongs to that table. */
function withTopSetting(lines: string[], key: string, value: string | undefined): string {
  const own = new RegExp(`^\\s*${key}\\s*=`);
  const at = lines.slice(0, endOf(lines, -1)).findIndex((line) => own.test(line));
  if (value === undefined) {
    if (at >= 0) lines.splice(at, 1);
  } else if (at >= 0) lines[at] = withValue(lines[at] ?? '', key, value);
  else lines.unshift(`${key} = ${value}`);
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

const settingLine =
  /^(\s*[^=]*?\s*=\s*)(?:"(?:[^"\\]|\\.)*"|'[^']*'|[^\s"'#[{][^#]*?)(\s*(?:#.*)?)$/;

/** The line with another value; white space and the comment behind the value stay. */
function withValue(line: string, key: string, value: string): string {
  const [, before, behind] = settingLine.exec(line) ?? [];
  // A list or an inline table is replaced whole: the caller sees if it went on in the next line.
  if (before === undefined || behind === undefined) return `${key} = ${value}`;
  return `${before}${value}${behind}`;
}

/** The line after the table that begins at line `start`. */
function endOf(lines: readonly string[], start: number): number {
  const next = lines.findIndex((line, i) => i > start && header.test(line));
  return next < 0 ? lines.length : next;
}
