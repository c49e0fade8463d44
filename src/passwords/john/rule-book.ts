/**
 * John's rules, as john.conf has them: a jumbo version spreads them over many files and sections
 * that include each other.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A jumbo version's largest collection has 52,000; beyond, nobody's time suffices. */
const linesMax = 200_000;

/**
 * The whole text, with the files that it includes in place. `above`: those that include this one,
 * which it may not.
 */
export function readBook(path: string, above: readonly string[] = []): string {
  const lines = readFileSync(path, 'latin1').split(/\r?\n/);
  return lines.map((line) => included(line, [...above, path])).join('\n');
}

/**
 * `.include <rules-by-score.conf>`, `.include '$JOHN/john.local.conf'`; one that is not there may
 * be missing.
 */
function included(line: string, above: readonly string[]): string {
  const name = /^\.include\s+(?:<([^>]+)>|"([^"]+)"|'([^']+)')/.exec(line);
  if (name === null) return line;
  const folder = dirname(above.at(-1) ?? '');
  const file = join(folder, (name[1] ?? name[2] ?? name[3] ?? '').replace('$JOHN/', ''));
  return existsSync(file) && !above.includes(file) ? readBook(file, above) : '';
}

/**
 * Lines that say something, of one section and those it includes; undefined where there is none.
 */
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
