/**
 * Events that wait for earlier ones. The earliest leaves first; of equal ones, the first added.
 * Nearly all are added in order of time, so each second has a list, and only the seconds are in a
 * heap.
 */
import { type Millis, secondMs } from '../../lib/time.ts';

type Entry<Value> = { readonly at: Millis; readonly value: Value };

export class EventHeap<Value> {
  /** Seconds that have a list, as a heap: the earliest is in front. */
  readonly #seconds: number[] = [];
  readonly #lists = new Map<number, Entry<Value>[]>();
  /** The list of the earliest second, sorted by time, and how many have left. */
  #open: Entry<Value>[] = [];
  #openSecond = Number.NaN;
  #left = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(at: Millis, value: Value): void {
    this.#size++;
    const second = Math.floor(at / secondMs);
    const entry = { at, value };
    if (second === this.#openSecond) {
      this.#insert(entry);
      return;
    }
    // An earlier one than those that are leaving: they wait again.
    if (second < this.#openSecond) this.#close();
    const list = this.#lists.get(second);
    if (list !== undefined) list.push(entry);
    else {
      this.#lists.set(second, [entry]);
      rise(this.#seconds, second);
    }
  }

  take(): { readonly at: Millis; readonly value: Value } | undefined {
    if (this.#left === this.#open.length && !this.#next()) return undefined;
    this.#size--;
    return this.#open[this.#left++];
  }

  /** Opens the list of the earliest second. */
  #next(): boolean {
    const second = sink(this.#seconds);
    if (second === undefined) {
      this.#openSecond = Number.NaN;
      return false;
    }
    this.#open = this.#lists.get(second) ?? [];
    this.#lists.delete(second);
    // Array.sort keeps the order of equal ones.
    if (this.#open.length > 1) this.#open.sort((one, other) => one.at - other.at);
    this.#openSecond = second;
    this.#left = 0;
    return true;
  }

  #close(): void {
    const rest = this.#open.slice(this.#left);
    if (rest.length > 0) {
      this.#lists.set(this.#openSecond, rest);
      rise(this.#seconds, this.#openSecond);
    }
    this.#open = [];
    this.#openSecond = Number.NaN;
    this.#left = 0;
  }

  /** Into the open list, behind those of the same time. */
  #insert(entry: Entry<Value>): void {
    let place = this.#open.length;
    while (place > this.#left && (this.#open[place - 1]?.at ?? 0) > entry.at) place--;
    if (place === this.#open.length) this.#open.push(entry);
    else this.#open.splice(place, 0, entry);
  }
}

/** Adds a number to a heap. */
function rise(heap: number[], value: number): void {
  let place = heap.length;
  heap.push(value);
  while (place > 0) {
    const above = (place - 1) >> 1;
    const other = heap[above] ?? value;
    if (other <= value) break;
    heap[place] = other;
    place = above;
  }
  heap[place] = value;
}

/** Takes the least number out of a heap. */
function sink(heap: number[]): number | undefined {
  const first = heap[0];
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return first;
  let place = 0;
  for (;;) {
    const left = 2 * place + 1;
    const one = heap[left];
    if (one === undefined) break;
    const other = heap[left + 1] ?? one;
    const child = other < one ? left + 1 : left;
    const least = Math.min(one, other);
    if (least >= last) break;
    heap[place] = least;
    place = child;
  }
  heap[place] = last;
  return first;
}
