/**
 * Writes what became of messages into the file of the day on which each was handed over. Runs in
 * the thread of thread.ts.
 */
import type { Attempt, LoggedMessage } from '../../core/fate/attempt.ts';
import { OperatorError } from '../../lib/operator-error.ts';
import { RecentMap } from '../../lib/recent-map.ts';
import { dayMs, type Millis, secondMs } from '../../lib/time.ts';
import type { JudgedMessage } from '../../ports/fate.ts';
import { DayFile } from './day.ts';
import { dayFault, isLost } from './day-fault.ts';
import { type DayName, dayEnd, dayNameOf, dayPaths, daysIn, setDamagedAside } from './day-names.ts';
import {
  addJudged,
  addMessage,
  clockMs,
  findMessage,
  type MessagePlace,
  mergeMessages,
  uploadMs,
  writeAttempt,
  writeJudged,
  writeLogged,
} from './day-write.ts';

export type Fact =
  | { readonly kind: 'judged'; readonly message: JudgedMessage }
  | {
      readonly kind: 'logged';
      readonly message: LoggedMessage;
      readonly startMissing: boolean;
    }
  | { readonly kind: 'merged'; readonly from: LoggedMessage; readonly into: LoggedMessage }
  | { readonly kind: 'attempted'; readonly attempt: Attempt };

export type Keeping = {
  /** How long a day stays after its end; longer if it has mail of an incident. */
  readonly keepMs: number;
  /** How long clear text of mail that passed stays after the end of its day; 0: not written. */
  readonly keepClearMs: number;
};

export type Wrote = {
  /** Rows about days that are not kept any more, or that have not come yet. */
  readonly outOfRange: number;
  /** Files that were damaged and are put aside now. */
  readonly damaged: readonly string[];
  /** Facts that could not be written by a mistake of ours. */
  readonly failed: number;
  /** Why days cannot be written: a newer Postern made their files. */
  readonly unusable: readonly string[];
};

/** Days open at the same time: today, yesterday, and those of mail that waits long. */
const openMax = 4;
/** Messages whose place stays in memory: 20 MB at most. */
const placesMax = 50_000;

const nothing: Wrote = { outOfRange: 0, damaged: [], failed: 0, unusable: [] };

type Found = { readonly day: DayFile; readonly place: MessagePlace };
type Known = { readonly day: DayName; readonly start: Millis; readonly place: MessagePlace };

/** Two machines whose lines stand in one log may use the same short id. */
type IdAtHost = { readonly queueId: string; readonly host: string };

export class FateWriter {
  readonly #folder: string;
  #keeping: Keeping;
  readonly #days = new Map<DayName, DayFile>();
  #known = new RecentMap<string, Known>(placesMax);
  #present: ReadonlySet<DayName> = new Set();
  /** The day that is being written, for the error that a write ends with. */
  #at: DayName | undefined;
  #now = 0 as Millis;
  #unusable: ReadonlyMap<DayName, string> = new Map();

  constructor(folder: string, keeping: Keeping) {
    this.#folder = folder;
    this.#keeping = keeping;
  }

  configure(keeping: Keeping): void {
    this.#keeping = keeping;
    this.close();
  }

  /**
   * Throws for a fault of the disk; nothing is kept then. A fact that fails by a
   * mistake of ours costs no other fact.
   */
  write(facts: readonly Fact[], now: Millis): Wrote {
    try {
      return this.#write(facts, now);
    } catch (error) {
      if (dayFault(error) !== 'mistake') throw error;
      if (facts.length <= 1) return { ...nothing, failed: facts.length };
      const half = facts.length >> 1;
      return sum(this.write(facts.slice(0, half), now), this.write(facts.slice(half), now));
    }
  }

  #write(facts: readonly Fact[], now: Millis): Wrote {
    const damaged: string[] = [];
    const unusable = new Map<DayName, string>();
    this.#now = now;
    this.#unusable = unusable;
    for (;;) {
      try {
        this.#present = new Set(daysIn(this.#folder).filter((day) => !unusable.has(day)));
        let outOfRange = 0;
        for (const fact of facts) if (!this.#one(fact)) outOfRange++;
        for (const [name, day] of this.#days) {
          this.#at = name;
          day.commit();
        }
        this.#closeSome();
        return { failed: 0, outOfRange, damaged, unusable: [...unusable.values()] };
      } catch (error) {
        const at = this.#at;
        this.close();
        if (at === undefined) throw error;
        if (error instanceof OperatorError && !isLost(error) && !unusable.has(at)) {
          unusable.set(at, error.message);
          continue;
        }
        if (!isLost(error)) throw error;
        const { main, clear } = dayPaths(this.#folder, at);
        // Once for each file: a disk that damages the new one as well is a fault of its own.
        if (damaged.includes(main)) throw error;
        setDamagedAside(main);
        setDamagedAside(clear);
        damaged.push(main);
      }
    }
  }

  /** Closes all days: what is not committed is dropped. */
  close(): void {
    for (const day of this.#days.values()) {
      try {
        day.close();
      } catch {
        // A damaged file may not close cleanly; it is opened anew.
      }
    }
    this.#days.clear();
    this.#known = new RecentMap(placesMax);
  }

  #one(fact: Fact): boolean {
    if (fact.kind === 'judged') return this.#judged(fact.message);
    if (fact.kind === 'logged') return this.#logged(fact.message, fact.startMissing);
    if (fact.kind === 'merged') return this.#merged(fact.from, fact.into);
    return this.#attempted(fact.attempt);
  }

  #judged(message: JudgedMessage): boolean {
    const { queueId, at } = message;
    const from = (at - uploadMs) as Millis;
    const to = (at + clockMs) as Millis;
    const id = { queueId, host: '' };
    const found = this.#find({ ...id, from, to, first: at });
    if (found !== undefined) {
      writeJudged(found.day, found.place, message);
      return true;
    }
    const day = this.#dayFor(at);
    if (day === undefined) return false;
    this.#remember(id, day, addJudged(day, message));
    return true;
  }

  #logged(message: LoggedMessage, startMissing: boolean): boolean {
    const found = this.#findLogged(message, startMissing) ?? this.#add(message, message.at);
    if (found === undefined) return false;
    writeLogged(found.day, found.place, message, startMissing);
    return true;
  }

  #findLogged({ queueId, host, at }: LoggedMessage, startMissing: boolean): Found | undefined {
    const from = startMissing ? this.#oldest() : ((at - clockMs) as Millis);
    const to = (at + (startMissing ? clockMs : uploadMs)) as Millis;
    return this.#find({ queueId, host, from, to, first: at });
  }

  #merged(from: LoggedMessage, into: LoggedMessage): boolean {
    const one = this.#findLogged(from, false);
    const other = this.#findLogged(into, false);
    if (one === undefined || other === undefined) return false;
    // Over midnight they stay two: each day is removed alone.
    if (one.day !== other.day) return true;
    mergeMessages(one.day, one.place, other.place);
    for (const queueId of [from.queueId, ...from.otherIds]) {
      for (const host of new Set([from.host, ''])) {
        this.#remember({ queueId, host }, other.day, other.place);
      }
    }
    return true;
  }

  /** Nothing older is kept. */
  #oldest(): Millis {
    return (this.#now - this.#keeping.keepMs - dayMs) as Millis;
  }

  #attempted(attempt: Attempt): boolean {
    const { queueId, host, at } = attempt;
    const begun = (at - attempt.delaySeconds * secondMs) as Millis;
    const from = this.#oldest();
    const to = (at + clockMs) as Millis;
    const found =
      this.#find({ queueId, host, from, to, first: begun }) ?? this.#add(attempt, begun);
    if (found === undefined) return false;
    writeAttempt(found.day, found.place, attempt);
    return true;
  }

  /** Looks on the day of `first`, then on its neighbours, then on all other days. */
  #find(of: {
    readonly queueId: string;
    readonly host: string;
    readonly from: Millis;
    readonly to: Millis;
    readonly first: Millis;
  }): Found | undefined {
    const known = this.#known.get(keyOf(of));
    if (known !== undefined && this.#present.has(known.day)) {
      const at = known.start + known.place.at;
      if (at >= of.from && at <= of.to) return { day: this.#open(known.day), place: known.place };
    }
    for (const name of this.#daysFor(of)) {
      const day = this.#open(name);
      const place = findMessage(day, of);
      if (place !== undefined) return this.#remember(of, day, place);
    }
    return undefined;
  }

  #daysFor(of: { readonly from: Millis; readonly to: Millis; readonly first: Millis }): DayName[] {
    const near = [of.first, of.first - dayMs, of.first + dayMs].filter(isTime).map(dayNameOf);
    const days = [...new Set([...near, ...this.#present])];
    return days.filter(
      (day) => this.#present.has(day) && dayEnd(day) > of.from && dayEnd(day) - dayMs <= of.to,
    );
  }

  #add(id: IdAtHost, at: Millis): Found | undefined {
    const day = this.#dayFor(at);
    if (day === undefined) return undefined;
    return this.#remember(id, day, addMessage(day, { queueId: id.queueId, at }));
  }

  /** The day of a new message; undefined if it is out of range. */
  #dayFor(at: Millis): DayFile | undefined {
    if (!isTime(at)) return undefined;
    const name = dayNameOf(at);
    const isOver = dayEnd(name) + this.#keeping.keepMs <= this.#now;
    if (isOver || at > this.#now + dayMs || this.#unusable.has(name)) return undefined;
    return this.#open(name);
  }

  #remember(id: IdAtHost, day: DayFile, place: MessagePlace): Found {
    if (id.queueId !== '') this.#known.set(keyOf(id), { day: day.name, start: day.start, place });
    return { day, place };
  }

  #open(name: DayName): DayFile {
    this.#at = name;
    let day = this.#days.get(name);
    if (day === undefined) {
      const { keepClearMs } = this.#keeping;
      const withClear = keepClearMs > 0 && dayEnd(name) + keepClearMs > this.#now;
      day = DayFile.open(this.#folder, name, { as: 'write', withClear });
      this.#present = new Set([...this.#present, name]);
      this.#days.set(name, day);
    }
    day.begin();
    return day;
  }

  /** The oldest days are used least. */
  #closeSome(): void {
    const names = [...this.#days.keys()].sort();
    for (const name of names.slice(0, Math.max(0, names.length - openMax))) {
      this.#days.get(name)?.close();
      this.#days.delete(name);
    }
  }
}

function keyOf({ host, queueId }: IdAtHost): string {
  return `${host} ${queueId}`;
}

function sum(first: Wrote, second: Wrote): Wrote {
  return {
    outOfRange: first.outOfRange + second.outOfRange,
    failed: first.failed + second.failed,
    damaged: [...first.damaged, ...second.damaged],
    unusable: [...new Set([...first.unusable, ...second.unusable])],
  };
}

/** A time that is a day of four digits. */
function isTime(at: number): at is Millis {
  return at >= 0 && at < 253_402_300_800_000;
}
