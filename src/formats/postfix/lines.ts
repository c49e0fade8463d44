/**
 * How Postfix reads main.cf and master.cf (postconf(5), master(5)): a line that begins with white
 * space continues the one before; lines that are empty or whose first visible character is `#` are
 * skipped, between continuations too. Keeps every byte: text is taken and given as latin1.
 */

/** One logical line: a parameter, or a service. Indexes are of physical lines. */
export type LogicalLine = {
  readonly text: string;
  readonly first: number;
  /** Its last line that is not a comment. */
  readonly last: number;
};
export type PostfixLines = {
  /** Physical lines with their line ends. */
  readonly lines: readonly string[];
  readonly logical: readonly LogicalLine[];
};

export function postfixLines(text: string): PostfixLines {
  const lines = text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
  const logical: { text: string; first: number; last: number }[] = [];
  lines.forEach((line, index) => {
    const visible = line.trim();
    if (visible === '' || visible.startsWith('#')) return;
    const current = logical.at(-1);
    if (/^\s/.test(line) && current !== undefined) {
      current.text += line.replace(/\r?\n$/, '');
      current.last = index;
    } else logical.push({ text: line.replace(/\r?\n$/, ''), first: index, last: index });
  });
  return { lines, logical };
}

/** Puts a line behind another, with the same line end. */
export function insertAfter(lines: string[], index: number, line: string): void {
  const before = lines[index] ?? '';
  const end = before.endsWith('\r\n') ? '\r\n' : '\n';
  if (before !== '' && !before.endsWith('\n')) lines[index] = before + end;
  lines.splice(index + 1, 0, line + end);
}
