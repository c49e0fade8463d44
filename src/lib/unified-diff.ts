/** Makes the unified difference of two texts, as diff -u prints it. Pure. */

const contextLines = 3;
/**
 * Largest table of lines before and lines after. Above it, the differing middle is shown as
 * replaced completely.
 */
const cellsMax = 4_000_000;

type Step = { readonly kind: ' ' | '-' | '+'; readonly line: string };

/** The difference; empty if both texts are the same. */
export function unifiedDiff(
  before: string,
  after: string,
  names: { readonly before: string; readonly after: string },
): string {
  if (before === after) return '';
  const steps = script(split(before), split(after));
  const shown = steps.map((_, index) =>
    steps
      .slice(Math.max(0, index - contextLines), index + contextLines + 1)
      .some(({ kind }) => kind !== ' '),
  );
  const out = [`--- ${names.before}`, `+++ ${names.after}`];
  let oldLine = 1;
  let newLine = 1;
  for (let at = 0; at < steps.length; ) {
    if (shown[at] !== true) {
      oldLine++;
      newLine++;
      at++;
      continue;
    }
    const end = shown.indexOf(false, at);
    const hunk = steps.slice(at, end < 0 ? steps.length : end);
    const oldCount = hunk.filter(({ kind }) => kind !== '+').length;
    const newCount = hunk.filter(({ kind }) => kind !== '-').length;
    out.push(`@@ -${range(oldLine, oldCount)} +${range(newLine, newCount)} @@`);
    for (const { kind, line } of hunk) out.push(...printed(kind, line));
    oldLine += oldCount;
    newLine += newCount;
    at += hunk.length;
  }
  return `${out.join('\n')}\n`;
}

function range(start: number, count: number): string {
  return count === 1 ? `${start}` : `${count === 0 ? start - 1 : start},${count}`;
}

function printed(kind: string, line: string): readonly string[] {
  return line.endsWith('\n')
    ? [kind + line.slice(0, -1)]
    : [kind + line, '\\ No newline at end of file'];
}

function split(text: string): readonly string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

function script(before: readonly string[], after: readonly string[]): readonly Step[] {
  let head = 0;
  while (head < before.length && head < after.length && before[head] === after[head]) head++;
  let tail = 0;
  const most = Math.min(before.length, after.length) - head;
  while (tail < most && before.at(-1 - tail) === after.at(-1 - tail)) tail++;
  const same = (line: string): Step => ({ kind: ' ', line });
  return [
    ...before.slice(0, head).map(same),
    ...middle(before.slice(head, before.length - tail), after.slice(head, after.length - tail)),
    ...before.slice(before.length - tail).map(same),
  ];
}

/** The differing middle, by the longest common subsequence (dynamic programming). */
function middle(before: readonly string[], after: readonly string[]): readonly Step[] {
  const width = after.length + 1;
  if ((before.length + 1) * width > cellsMax) {
    return [
      ...before.map((line): Step => ({ kind: '-', line })),
      ...after.map((line): Step => ({ kind: '+', line })),
    ];
  }
  const common = new Uint16Array((before.length + 1) * width);
  const cell = (row: number, column: number): number => common[row * width + column] ?? 0;
  for (let row = before.length - 1; row >= 0; row--) {
    for (let column = after.length - 1; column >= 0; column--) {
      common[row * width + column] =
        before[row] === after[column]
          ? cell(row + 1, column + 1) + 1
          : Math.max(cell(row + 1, column), cell(row, column + 1));
    }
  }
  const steps: Step[] = [];
  let row = 0;
  let column = 0;
  while (row < before.length || column < after.length) {
    const old = before[row];
    const fresh = after[column];
    if (old !== undefined && old === fresh) {
      steps.push({ kind: ' ', line: old });
      row++;
      column++;
    } else if (
      old !== undefined &&
      (fresh === undefined || cell(row + 1, column) >= cell(row, column + 1))
    ) {
      steps.push({ kind: '-', line: old });
      row++;
    } else if (fresh !== undefined) {
      steps.push({ kind: '+', line: fresh });
      column++;
    }
  }
  return steps;
}
