/**
 * Splits main.cf and master.cf into logical lines as Postfix does (postconf(5), master(5)). A line
 * that begins with white space continues the line before. Empty lines and lines whose first visible
 * character is `#` are skipped, also between continuations. Every byte is kept; text is latin1.
 */

/** One logical line: a parameter or a service. Indexes count physical lines. */
export type LogicalLine = {
  readonly text: string;
  readonly first: number;
  /** The last line that is not a comment. */
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

/** Inserts a line after another, with the same line end. */
export function insertAfter(lines: string[], index: number, line: string): void {
  const before = lines[index] ?? '';
  const end = before.endsWith('\r\n') ? '\r\n' : '\n';
  if (before !== '' && !before.endsWith('\n')) lines[index] = before + end;
  lines.splice(index + 1, 0, line + end);
}
