/**
 * The changes that wait to be written, in two lanes. In the row lane every change keeps its place,
 * and the changes of one commit stay together. In the account lane the soft changes of an account
 * become one, oldest account first.
 *
 * A commit that contains an account also contains that account's pending changes, and the account
 * lane waits for every commit with an account. So an older state of an account never overwrites a
 * newer one.
 */
import type { Account } from '../../core/account-name.ts';
import { assert } from '../../lib/assert.ts';
import type { InboundState } from '../../ports/inbound/inbound.ts';
import type { AccountRecord, Change } from '../../ports/ledger.ts';
import {
  accountChange,
  endAccount,
  type LearnedCount,
  mergeAccount,
  overlayAccount,
  type PendingAccount,
} from './pending-account.ts';

export type RowChange = Exclude<Change, { kind: 'account' }>;
type Pending = RowChange | PendingAccount;

/** Called once with whether the commit was kept. */
export type CommitDone = (kept: boolean) => void;

/** Changes that are written together or not at all. */
export type PendingEntry = {
  readonly changes: readonly Pending[];
  readonly durable: boolean;
  /** May be given up if the ledger cannot be written for long. */
  readonly droppable: boolean;
  readonly holdsAccount: boolean;
  readonly done: CommitDone | undefined;
  /** Failed attempts to write the ledger since this entry came. */
  failures: number;
};

/** Entries to write in one transaction. They wait until `settle` is called. */
export type PendingSlice = {
  readonly from: 'rows' | 'accounts';
  readonly entries: readonly PendingEntry[];
  readonly changes: readonly Change[];
  readonly durable: boolean;
};

/**
 * Soft rows (messages, stories, what is known of senders, incoming mail that passed) and accounts
 * that may wait: some 10 to 40 MB each. Beyond this the oldest are given up. Everything else is
 * kept: suspensions, held mail, the audit trail.
 */
export const softRowsMax = 20_000;
export const softAccountsMax = 20_000;
/** Entries that are never given up: some 100 MB. Beyond this new commits are refused. */
const keptEntriesMax = 100_000;

export class PendingChanges {
  #entries: PendingEntry[] = [];
  readonly #lane = new Map<Account, PendingAccount>();
  readonly #learnedCount: LearnedCount = new Map();
  #softRows = 0;
  #kept = 0;
  #withAccount = 0;
  /** No droppable row is before this place. */
  #dropFrom = 0;

  get rowCount(): number {
    return this.#entries.length;
  }

  get accountCount(): number {
    return this.#lane.size;
  }

  /** Adds a soft change. Answers with the kind of an older change that was given up for it. */
  add(change: Change): Change['kind'] | undefined {
    if (change.kind === 'account') {
      const older = this.#lane.get(change.account);
      this.#lane.set(change.account, mergeAccount(older, change, this.#learnedCount));
      return this.#lane.size > softAccountsMax ? this.#dropOldestAccount() : undefined;
    }
    this.#push(softEntry(change));
    return this.#softRows > softRowsMax ? this.#dropOldestRow() : undefined;
  }

  /** Adds durable changes that are written together. False: there is no room. */
  commit(changes: readonly Change[], done: CommitDone): boolean {
    if (this.#kept >= keptEntriesMax) return false;
    this.#push(groupEntry(this.#gather(changes), done));
    return true;
  }

  /** The oldest rows, up to about `weightMax`; a commit is never divided. */
  rowSlice(weightMax: number): PendingSlice {
    let weight = 0;
    let length = 0;
    for (const entry of this.#entries) {
      weight += weigh(entry.changes);
      if (length > 0 && weight > weightMax) break;
      length += 1;
    }
    return slice('rows', this.#entries.slice(0, length));
  }

  /** The oldest accounts; empty while a commit with an account waits. */
  accountSlice(weightMax: number): PendingSlice {
    const chosen: PendingEntry[] = [];
    let weight = 0;
    for (const pending of this.#withAccount > 0 ? [] : this.#lane.values()) {
      weight += weigh([pending]);
      if (chosen.length > 0 && weight > weightMax) break;
      chosen.push({ ...groupEntry([pending], undefined), durable: false });
    }
    return slice('accounts', chosen);
  }

  /** Removes a slice that was written or given up. */
  settle(settled: PendingSlice): void {
    for (const change of settled.entries.flatMap((entry) => entry.changes).filter(isAccount)) {
      endAccount(change, this.#learnedCount);
      if (settled.from === 'accounts') this.#lane.delete(change.account);
    }
    if (settled.from === 'accounts') return;
    assert(this.#entries[0] === settled.entries[0], 'rows are settled from the front');
    for (const entry of this.#entries.splice(0, settled.entries.length)) this.#count(entry, -1);
    this.#dropFrom = Math.max(0, this.#dropFrom - settled.entries.length);
  }

  /** Notes another failed attempt to write. */
  noteFailure(): void {
    for (const entry of this.#entries) entry.failures += 1;
  }

  /**
   * Ends the waiting for commits that failed `failuresMax` times; their changes stay. Answers with
   * the callbacks that waited.
   */
  overdue(failuresMax: number): readonly CommitDone[] {
    const late = ({ done, failures }: PendingEntry): boolean =>
      done !== undefined && failures >= failuresMax;
    const waiting = this.#entries.filter(late).flatMap(({ done }) => done ?? []);
    if (waiting.length === 0) return waiting;
    this.#entries = this.#entries.flatMap((entry) => (late(entry) ? split(entry) : [entry]));
    this.#softRows = 0;
    this.#kept = 0;
    this.#withAccount = 0;
    this.#dropFrom = 0;
    for (const entry of this.#entries) this.#count(entry, 1);
    return waiting;
  }

  /** All waiting changes of one kind, oldest first. */
  rows<Kind extends RowChange['kind']>(kind: Kind): readonly Extract<RowChange, { kind: Kind }>[] {
    const isKind = (change: Pending): change is Extract<RowChange, { kind: Kind }> =>
      change.kind === kind;
    return this.#entries.flatMap((entry) => entry.changes.filter(isKind));
  }

  /** Visits all waiting changes of one kind, oldest first, without a copy of them. */
  each<Kind extends RowChange['kind']>(
    kind: Kind,
    visit: (change: Extract<RowChange, { kind: Kind }>) => void,
  ): void {
    for (const { changes } of this.#entries) {
      for (const change of changes) {
        if (change.kind === kind) visit(change as Extract<RowChange, { kind: Kind }>);
      }
    }
  }

  /** The latest waiting change of one kind that `fits`. The mail log asks for each of its lines. */
  latest<Kind extends RowChange['kind']>(
    kind: Kind,
    fits: (change: Extract<RowChange, { kind: Kind }>) => boolean,
  ): Extract<RowChange, { kind: Kind }> | undefined {
    const isFound = (change: Pending): change is Extract<RowChange, { kind: Kind }> =>
      change.kind === kind && fits(change as Extract<RowChange, { kind: Kind }>);
    for (let at = this.#entries.length - 1; at >= 0; at--) {
      const found = this.#entries[at]?.changes.findLast(isFound);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Waiting accounts, oldest first. If one is there more than once, the last counts. */
  accounts(): readonly PendingAccount[] {
    const committed = this.#entries.flatMap((entry) => entry.changes).filter(isAccount);
    return [...committed, ...this.#lane.values()];
  }

  /** The account as it will be when all changes are written. */
  overlay(account: Account, stored: AccountRecord | undefined): AccountRecord | undefined {
    let record = stored;
    for (const entry of this.#withAccount > 0 ? this.#entries : []) {
      for (const change of entry.changes) {
        const ours = isAccount(change) && change.account === account;
        if (ours) record = overlayAccount(record, change);
      }
    }
    const pending = this.#lane.get(account);
    return pending === undefined ? record : overlayAccount(record, pending);
  }

  /** Was this recipient learned in a change that is not written yet? */
  learned(recipient: number): boolean {
    return this.#learnedCount.has(recipient);
  }

  #push(entry: PendingEntry): void {
    this.#entries.push(entry);
    this.#count(entry, 1);
  }

  #count(entry: PendingEntry, by: 1 | -1): void {
    if (entry.droppable) this.#softRows += by;
    else this.#kept += by;
    if (entry.holdsAccount) this.#withAccount += by;
  }

  /** Adds the pending changes of each account to the commit that contains it. */
  #gather(changes: readonly Change[]): readonly Pending[] {
    const accounts = new Map<Account, PendingAccount>();
    const rows: Pending[] = [];
    for (const change of changes) {
      if (change.kind === 'account') {
        const older = accounts.get(change.account) ?? this.#lane.get(change.account);
        this.#lane.delete(change.account);
        accounts.set(change.account, mergeAccount(older, change, this.#learnedCount));
      } else rows.push(change);
    }
    return [...accounts.values(), ...rows];
  }

  #dropOldestRow(): Change['kind'] | undefined {
    while (this.#entries[this.#dropFrom]?.droppable === false) this.#dropFrom += 1;
    const [dropped] = this.#entries.splice(this.#dropFrom, 1);
    if (dropped !== undefined) this.#count(dropped, -1);
    const change = dropped?.changes[0];
    return change === undefined || isAccount(change) ? undefined : change.kind;
  }

  #dropOldestAccount(): Change['kind'] | undefined {
    for (const [account, pending] of this.#lane) {
      if (pending.state === 'suspended') continue;
      this.#lane.delete(account);
      endAccount(pending, this.#learnedCount);
      return 'account';
    }
    return undefined;
  }
}

function isAccount(change: Pending): change is PendingAccount {
  return change.kind === 'pending-account';
}

/**
 * Explanations, statistics, what is known of senders and what was used up of an announcement or an
 * import may be given up; decisions may not.
 */
const droppableKinds: ReadonlySet<Pending['kind']> = new Set<Pending['kind']>([
  'message',
  'story',
  'rollup',
  'lanes',
  'inbound-known',
  'inbound-deferred',
  'mailing',
  'not-imported',
]);

/** Incoming mail that was delivered at once; all other was or is in the hold queue. */
const passedStates: ReadonlySet<InboundState> = new Set<InboundState>([
  'observed',
  'observed-junk',
  'junk',
]);

function mayDrop(change: Pending): boolean {
  if (change.kind === 'inbound') return passedStates.has(change.row.state);
  return droppableKinds.has(change.kind);
}

function softEntry(change: RowChange): PendingEntry {
  const droppable = mayDrop(change);
  return {
    changes: [change],
    durable: false,
    droppable,
    holdsAccount: false,
    done: undefined,
    failures: 0,
  };
}

function groupEntry(changes: readonly Pending[], done: CommitDone | undefined): PendingEntry {
  const holdsAccount = changes.some(isAccount);
  return { changes, durable: true, droppable: false, holdsAccount, done, failures: 0 };
}

/**
 * Divides a commit that nobody waits for any longer: its explanations may be given up if room is
 * short, its decisions stay.
 */
function split(entry: PendingEntry): readonly PendingEntry[] {
  const decided = entry.changes.filter((change) => !mayDrop(change));
  const explaining = entry.changes.filter(mayDrop);
  return [
    ...(decided.length > 0 ? [groupEntry(decided, undefined)] : []),
    ...explaining.map((change) => ({ ...groupEntry([change], undefined), droppable: true })),
  ];
}

function slice(from: PendingSlice['from'], entries: readonly PendingEntry[]): PendingSlice {
  const changes = entries.flatMap((entry) =>
    entry.changes.map((change) => (isAccount(change) ? accountChange(change) : change)),
  );
  return { from, entries, changes, durable: entries.some((entry) => entry.durable) };
}

/** The number of rows that these changes touch in the ledger. */
function weigh(changes: readonly Pending[]): number {
  let weight = 0;
  for (const change of changes) {
    weight += isAccount(change) ? 2 + change.learned.size + change.forgotten.size : 1;
  }
  return weight;
}
