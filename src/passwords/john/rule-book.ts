/**
 * Reads John's rules from john.conf. The jumbo version spreads them over many files and sections
 * that include each other.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Lines read of one section. The largest collection of the jumbo version has 52,000. */
const linesMax = 200_000;

/**
 * The whole text with all included files. `above`: the files that include this one; it cannot
 * include them again.
 */
export function readBook(path: string, above: readonly string[] = []): string {
  const lines = readFileSync(path, 'latin1').split(/\r?\n/);
  return lines.map((line) => included(line, [...above, path])).join('\n');
}

/**
 * The line itself, or the text of the file that it includes: `.include <rules-by-score.conf>`,
 * `.include '$JOHN/john.local.conf'`. A file that does not exist is left out.
 */
function included(line: string, above: readonly string[]): string {
  const name = /^\.include\s+(?:<([^>]+)>|"([^"]+)"|'([^']+)')/.exec(line);
  if (name === null) return line;
  const folder = dirname(above.at(-1) ?? '');
  const file = join(folder, (name[1] ?? name[2] ?? name[3] ?? '').replace('$JOHN/', ''));
  return existsSync(file) && !above.includes(file) ? readBook(file, above) : '';
}

/** The rules of a section and of those that it includes; undefined without such a section. */
export function sectionOf(text: string, section: string): readonly string[] | undefined {
  const sections = new Map<string, string[]>();
  let lines: string[] = [];
  for (const line of text.split(/\r?\n/)) {
    const head = /^\[([^\]]+)\]\s*$/.exec(line);
    if (head !== null) {
      const name = (head[1] ?? '').toLowerCase();
      lines = sections.get(name) ?? [];
      sections.set(name, lines);
    } else if (/^[^#;\s]/.test(line)) lines.push(line);
  }
  return expanded(sections, section, []);
}

function expanded(
  sections: ReadonlyMap<string, readonly string[]>,
  name: string,
  above: readonly string[],
): readonly string[] | undefined {
  const lines = sections.get(name.toLowerCase());
  if (lines === undefined || above.includes(name)) return undefined;
  const all: string[] = [];
  for (const line of lines) {
    const other = /^\.include\s+\[([^\]]+)\]/.exec(line)?.[1];
    if (other !== undefined) all.push(...(expanded(sections, other, [...above, name]) ?? []));
    else if (!line.startsWith('.')) all.push(line);
    if (all.length > linesMax) break;
  }
  return all.slice(0, linesMax);
}
