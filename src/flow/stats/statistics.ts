/**
 * Statistics of mail that leaves: each message is counted by day and by whom, in memory, and what
 * came together is added to the ledger every few seconds, a row a key. So a question is answered
 * from some thousand rows, whether they stand for a thousand messages or ten million.
 */
import type { Submission } from '../../core/event.ts';
import { addScore, type Sketch } from '../../core/stats/sketch.ts';
import {
  byProvider,
  type Counting,
  countMessage,
  noCounts,
  scriptOf,
} from '../../core/stats/tally.ts';
import { domainOf } from '../../formats/message/address.ts';
import { dayMs, secondMs } from '../../lib/time.ts';
import type { RollupRow, StatsKind } from '../../ports/stats.ts';
import type { World } from '../../ports/world.ts';
import type { Journal } from '../journal/journal.ts';

export type Statistics = {
  /** `stopped`: it was held, delayed or refused. */
  seen(message: Submission, what: 'passed' | 'stopped'): void;
  /** PrivilegedTools what was counted to the journal. */
  write(): void;
  close(): void;
};

/** A busy account is then one row in so long. */
const statisticsEveryMs = 5 * secondMs;
/**
 * Keys of a kind a day; later ones are counted together. A thief who makes up a From domain for
 * each message must not fill the disk.
 */
const keysMax: Readonly<Record<StatsKind, number>> = {
  account: 50_000,
  script: 10_000,
  domain: 5_000,
  provider: 5_000,
  rule: 2_000,
  day: 1,
};
export const otherKeys = '(others)';
const keyLengthMax = 300;
/** Providers of one message that are counted: a newsletter goes to all of them. */
const providersMax = 50;
/**
 * Rows that are handed over at once: half of those that may wait, so that nothing is given up for
 * them.
 */
const rowsMax = 10_000;

type Group = { readonly counting: Counting; readonly sketch: Sketch };

export function openStatistics(deps: {
  readonly journal: Pick<Journal, 'add' | 'state'>;
  readonly world: World;
}): Statistics {
  const counted = new StatisticsOfDay();
  const write = (): void => {
    // While the ledger takes nothing, counting goes on here: keys are few, and changes that wait
    // are many.
    if (deps.journal.state().state === 'failing') return;
    for (const row of counted.take()) deps.journal.add({ kind: 'rollup', row });
  };
  const stop = deps.world.timers.every(statisticsEveryMs, write);
  return {
    seen(message, what) {
      if (counted.isOtherDay(message.at)) write();
      counted.count(message, what === 'stopped');
    },
    write,
    close() {
      stop();
      write();
    },
  };
}

class StatisticsOfDay {
  #day = -1;
  #groups = new Map<StatsKind, Map<string, Group>>();
  #known = new Map<StatsKind, Set<string>>();

  isOtherDay(at: number): boolean {
    return Math.floor(at / dayMs) !== this.#day;
  }

  count(message: Submission, stopped: boolean): void {
    const day = Math.floor(message.at / dayMs);
    if (day !== this.#day) {
      // What could not be written of another day is counted with this one.
      this.#day = day;
      this.#known = new Map();
    }
    const recipients = message.outside.length + message.local.length;
    const one = (by: StatsKind, key: string, share = recipients): void => {
      if (key === '' && by !== 'day') return;
      const group = this.#group(by, key);
      countMessage(group.counting, message, { stopped, recipients: share });
      if (message.scan !== undefined && message.scan.by !== '') {
        addScore(group.sketch, message.scan.score);
      }
    };
    one('day', '');
    one('account', message.account);
    one('script', scriptOf(message));
    one('domain', domainOf(message.headerFrom ?? ''));
    for (const [name, share] of byProvider(message).entries().take(providersMax)) {
      one('provider', name, share);
    }
    for (const rule of message.scan?.rules ?? []) this.#rule(rule, recipients);
  }

  /** Some of what was counted; the rest goes on waiting here. */
  take(): readonly RollupRow[] {
    const rows: RollupRow[] = [];
    for (const [by, groups] of this.#groups) {
      for (const [key, { counting, sketch }] of groups) {
        if (rows.length >= rowsMax) return rows;
        rows.push({ by, day: this.#day, key, tally: counting, sketch });
        groups.delete(key);
      }
    }
    return rows;
  }

  /** A rule has no messages of its own: its points are what it gave, not the whole score. */
  #rule({ name, points }: { readonly name: string; readonly points: number }, to: number): void {
    const { counting, sketch } = this.#group('rule', name);
    counting.messages++;
    counting.recipients += to;
    counting.scored++;
    counting.points += points;
    addScore(sketch, points);
  }

  #group(by: StatsKind, wanted: string): Group {
    const key = this.#named(by, wanted.slice(0, keyLengthMax));
    let groups = this.#groups.get(by);
    if (groups === undefined) {
      groups = new Map();
      this.#groups.set(by, groups);
    }
    let group = groups.get(key);
    if (group === undefined) {
      group = { counting: noCounts(), sketch: new Map() };
      groups.set(key, group);
    }
    return group;
  }

  #named(by: StatsKind, key: string): string {
    let known = this.#known.get(by);
    if (known === undefined) {
      known = new Set();
      this.#known.set(by, known);
    }
    if (known.has(key)) return key;
    if (known.size >= keysMax[by]) return otherKeys;
    known.add(key);
    return key;
  }
}
