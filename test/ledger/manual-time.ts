/**
 * Time in the test's hand: timers fire in order as it passes, and the clock may be set wrong on its
 * own.
 */

import type { Millis } from '../../src/lib/time.ts';
import type { Timers } from '../../src/ports/world.ts';

/**
 * Turns of the event loop in which nothing more was asked for: promises that follow on one another
 * take one.
 */
const quietTurns = 2;

type Timer = { readonly ms: number; readonly tick: () => void; due: number };

export class ManualTime implements Timers {
  /** Never goes back: timers run by it. */
  #passed = 0;
  #clock: number;
  readonly #timers = new Set<Timer>();
  /** Asked for and not run yet. */
  #soon = 0;

  constructor(clock: number) {
    this.#clock = clock;
  }

  now(): Millis {
    return this.#clock as Millis;
  }

  /** The clock is set forward or back; no time passes. */
  jump(ms: number): void {
    this.#clock += ms;
  }

  every(ms: number, tick: () => void): () => void {
    const timer = { ms, tick, due: this.#passed + ms };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  soon(run: () => void): void {
    this.#soon++;
    setImmediate(() => {
      this.#soon--;
      run();
    });
  }

  /**
   * Lets time pass: each timer fires when it is due, and what it caused is done before the next
   * one.
   */
  async pass(ms: number): Promise<void> {
    const end = this.#passed + ms;
    await this.settle();
    while (true) {
      const due = [...this.#timers].reduce((least, timer) => Math.min(least, timer.due), end);
      this.#clock += due - this.#passed;
      this.#passed = due;
      const now = [...this.#timers].filter((timer) => timer.due <= due);
      if (now.length === 0) break;
      for (const timer of now) {
        timer.due += timer.ms;
        if (this.#timers.has(timer)) timer.tick();
      }
      await this.settle();
      if (due >= end && [...this.#timers].every((timer) => timer.due > end)) break;
    }
  }

  /** All that is under way and needs no time is done. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < quietTurns; quiet++) {
      await new Promise((resolve) => setImmediate(resolve));
      if (this.#soon > 0) quiet = -1;
    }
  }
}
