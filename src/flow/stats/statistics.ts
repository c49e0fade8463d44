/**
 * Counts mail that leaves, by day and by account, script, domain, provider and rule. Counts grow in
 * memory and are added to the ledger every few seconds, one row a key. So an answer needs some
 * thousand rows, whether it is about a thousand messages or ten million.
 */
import type { Submission } from '../../core/event.ts';
import { isMadeUpAccount } from '../../core/made-up.ts';
import { addScore, type Sketch } from '../../core/stats/sketch.ts';
import {
  byProvider,
  countMessage,
  emptyTally,
  type GrowingTally,
  scriptOf,
} from '../../core/stats/tally.ts';
import { domainOf } from '../../formats/message/address.ts';
import { dayMs, secondMs } from '../../lib/time.ts';
import type { RollupRow, StatsKind } from '../../ports/stats.ts';
import type { World } from '../../ports/world.ts';
import type { Journal } from '../journal/journal.ts';

export type Statistics = {
  /** Counts a message; `stopped`: it was held, delayed or refused. */
  seen(message: Submission, what: 'passed' | 'stopped'): void;
  /** Hands what was counted to the journal. */
  write(): void;
  close(): void;
};

/** A busy account makes one row in this time. */
const statisticsEveryMs = 5 * secondMs;
/**
 * Keys of each kind a day; further keys are counted together. A thief who invents a From domain for
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
/** Providers counted for one message: a newsletter goes to all of them. */
const providersMax = 50;
/** Rows handed over at once: half of those that may wait in the journal, so that none is lost. */
const rowsMax = 10_000;

type Group = { readonly tally: GrowingTally; readonly sketch: Sketch };

export function openStatistics(deps: {
  readonly journal: Pick<Journal, 'add' | 'state'>;
  readonly world: World;
}): Statistics {
  const counted = new StatisticsOfDay();
  const write = (): void => {
    // While the ledger cannot be written, counts go on growing here: keys need less room than
    // changes that wait.
    if (deps.journal.state().state === 'failing') return;
    for (const row of counted.take()) deps.journal.add({ kind: 'rollup', row });
  };
  const stop = deps.world.timers.every(statisticsEveryMs, write);
  return {
    seen(message, what) {
      // A play of `postern try` is no mail.
      if (isMadeUpAccount(message.account)) return;
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
      // Counts of another day that could not be written are added to this one.
      this.#day = day;
      this.#known = new Map();
    }
    const recipients = message.outside.length + message.local.length;
    const one = (by: StatsKind, key: string, share = recipients): void => {
      if (key === '' && by !== 'day') return;
      const group = this.#group(by, key);
      countMessage(group.tally, message, { stopped, recipients: share });
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

  /** Takes some of the counts, as rows; the others stay here. */
  take(): readonly RollupRow[] {
    const rows: RollupRow[] = [];
    for (const [by, groups] of this.#groups) {
      for (const [key, { tally, sketch }] of groups) {
        if (rows.length >= rowsMax) return rows;
        rows.push({ by, day: this.#day, key, tally, sketch });
        groups.delete(key);
      }
    }
    return rows;
  }

  /** Counts a rule of a scanner, with the points that it gave instead of the whole score. */
  #rule({ name, points }: { readonly name: string; readonly points: number }, to: number): void {
    const { tally, sketch } = this.#group('rule', name);
    tally.messages++;
    tally.recipients += to;
    tally.scored++;
    tally.points += points;
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
      group = { tally: emptyTally(), sketch: new Map() };
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
