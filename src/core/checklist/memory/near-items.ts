/** Names that a person may have meant by a wrong one. Pure. */

const namesMax = 5;
/** Characters that may differ. */
const differenceMax = 3;

/** The nearest names first; empty if none is near. */
export function nearNames(wrong: string, names: readonly string[]): readonly string[] {
  const text = wrong.toLowerCase();
  const near = names.flatMap((name) => {
    const known = name.toLowerCase();
    const within = known.includes(text) || known.split('.').some((part) => part === text);
    const difference = within ? 0 : differenceOf(text, known);
    return difference <= differenceMax ? [{ name, difference }] : [];
  });
  near.sort((one, other) => one.difference - other.difference || (one.name < other.name ? -1 : 1));
  return near.slice(0, namesMax).map(({ name }) => name);
}

/** Characters to add, remove or change (Levenshtein). */
function differenceOf(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, nth) => nth);
  for (const [at, character] of [...one.slice(0, 200)].entries()) {
    const next = [at + 1];
    for (let nth = 0; nth < other.length; nth += 1) {
      const same = character === other[nth] ? 0 : 1;
      const [left = 0, above = 0, both = 0] = [next[nth], row[nth + 1], row[nth]];
      next.push(Math.min(left + 1, above + 1, both + same));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
