/** Names that were probably meant by one that nobody knows. Pure. */

/** Changed, added, missing or swapped characters that a typing mistake may have. */
const mistakesMax = 2;

/** The closest of these names, best first; none if none is close. */
export function similarNames(given: string, names: Iterable<string>, most = 3): readonly string[] {
  const typed = given.trim().toLowerCase();
  const found: { readonly name: string; readonly far: number }[] = [];
  for (const name of new Set(names)) {
    const far = distance(typed, name.toLowerCase());
    if (far !== undefined) found.push({ name, far });
  }
  found.sort((a, b) => a.far - b.far || (a.name < b.name ? -1 : 1));
  return found.slice(0, most).map(({ name }) => name);
}

function distance(typed: string, name: string): number | undefined {
  // `joe` for joe@example.org, and the other way round.
  if (typed !== '' && (name.startsWith(`${typed}@`) || typed.startsWith(`${name}@`))) return 0;
  const most = Math.min(mistakesMax, Math.floor(typed.length / 3));
  if (Math.abs(typed.length - name.length) > most) return undefined;
  const far = edits(typed, name);
  return far > most ? undefined : far;
}

/** Edits from one text to the other, where two swapped characters are one (optimal alignment). */
function edits(from: string, to: string): number {
  let older: number[] = [];
  let old = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (let i = 1; i <= from.length; i++) {
    const row = [i];
    for (let j = 1; j <= to.length; j++) {
      const cost = from[i - 1] === to[j - 1] ? 0 : 1;
      let best = Math.min(at(old, j) + 1, at(row, j - 1) + 1, at(old, j - 1) + cost);
      if (i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]) {
        best = Math.min(best, at(older, j - 2) + 1);
      }
      row.push(best);
    }
    older = old;
    old = row;
  }
  return at(old, to.length);
}

const at = (row: readonly number[], column: number): number => row[column] ?? 0;

/** `did you mean joe@example.org or jo@example.org?`; empty without names. */
export function didYouMean(names: readonly string[]): string {
  if (names.length === 0) return '';
  const last = names.at(-1) ?? '';
  const before = names.slice(0, -1);
  return `did you mean ${before.length === 0 ? last : `${before.join(', ')} or ${last}`}?`;
}
