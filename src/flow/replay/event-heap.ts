/** Events that wait for earlier ones: the earliest is taken first, of equal ones the first added. */
import type { Millis } from '../../lib/time.ts';

type Entry<Value> = { readonly at: Millis; readonly nth: number; readonly value: Value };

export class EventHeap<Value> {
  readonly #entries: Entry<Value>[] = [];
  #added = 0;

  get size(): number {
    return this.#entries.length;
  }

  add(at: Millis, value: Value): void {
    const entries = this.#entries;
    const entry: Entry<Value> = { at, nth: this.#added++, value };
    let place = entries.length;
    entries.push(entry);
    while (place > 0) {
      const above = (place - 1) >> 1;
      const other = entries[above];
      if (other === undefined || !isBefore(entry, other)) break;
      entries[place] = other;
      place = above;
    }
    entries[place] = entry;
  }

  take(): { readonly at: Millis; readonly value: Value } | undefined {
    const entries = this.#entries;
    const first = entries[0];
    const last = entries.pop();
    if (first === undefined || last === undefined || entries.length === 0) return first;
    let place = 0;
    for (;;) {
      const child = this.#earlierChild(place);
      const other = entries[child];
      if (other === undefined || !isBefore(other, last)) break;
      entries[place] = other;
      place = child;
    }
    entries[place] = last;
    return first;
  }

  #earlierChild(place: number): number {
    const left = 2 * place + 1;
    const one = this.#entries[left];
    const other = this.#entries[left + 1];
    return one !== undefined && other !== undefined && isBefore(other, one) ? left + 1 : left;
  }
}

function isBefore<Value>(one: Entry<Value>, other: Entry<Value>): boolean {
  return one.at < other.at || (one.at === other.at && one.nth < other.nth);
}
