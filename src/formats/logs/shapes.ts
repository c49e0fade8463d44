/**
 * Counts lines that were not understood by their shape: what is different in each line (numbers,
 * ids, addresses, machines) is replaced by a word. Pure, never throws.
 */

export type ShapeCount = { readonly shape: string; readonly lines: number };

/** How much of a line makes its shape. */
const shapeChars = 200;
const shownChars = 120;
/** How many shapes are kept. When there are more, the rarest half is dropped. */
const shapesMax = 400;

/** `tag: text` with what differs replaced: `postfix/smtpd: ID: hello from HOST[IP]`. */
export function shapeOf(tag: string, text: string): string {
  const shape = text
    .slice(0, shapeChars)
    .replace(/[^ -~]/g, '?')
    .replace(/"[^"]{0,200}"/g, '"…"')
    .replace(/<[^<>]{0,200}>/g, '<…>')
    .replace(/^(?=[0-9A-Za-z]{0,31}[0-9A-Z])[0-9A-Za-z]{5,32}(?=: )/, 'ID')
    .replace(/[0-9A-Za-z]{6}-[0-9A-Za-z]{6,11}-[0-9A-Za-z]{2,4}/g, 'ID')
    .replace(/[\w.+=-]{1,64}@[\w.-]{1,100}/g, 'ADDRESS')
    .replace(/[\w.-]{1,100}\[[0-9a-fA-F:.]{2,45}\](?::\d{1,5})?/g, 'HOST[IP]')
    .replace(/\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b/g, 'IP')
    .replace(/\b(?=[0-9a-f]{0,39}\d)[0-9a-f]{8,40}\b/g, 'ID')
    .replace(/\d+/g, 'N');
  return `${tag.replace(/\d+/g, 'N').slice(0, 40)}: ${shape}`.slice(0, shownChars).trimEnd();
}

/** The shapes seen, with a limit. The numbers of frequent shapes are right. */
export class Shapes {
  readonly #counts = new Map<string, number>();

  count(tag: string, text: string): void {
    const shape = shapeOf(tag, text);
    const before = this.#counts.get(shape);
    if (before === undefined && this.#counts.size >= shapesMax) this.#dropRare();
    this.#counts.set(shape, (before ?? 0) + 1);
  }

  /** The most frequent ones, the most frequent first. */
  top(count: number): readonly ShapeCount[] {
    return this.#sorted().slice(0, count);
  }

  #sorted(): readonly ShapeCount[] {
    return [...this.#counts]
      .map(([shape, lines]) => ({ shape, lines }))
      .sort((one, other) => other.lines - one.lines || (one.shape < other.shape ? -1 : 1));
  }

  #dropRare(): void {
    const kept = this.#sorted().slice(0, shapesMax / 2);
    this.#counts.clear();
    for (const { shape, lines } of kept) this.#counts.set(shape, lines);
  }
}
