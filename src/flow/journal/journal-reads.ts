/**
 * Reads the ledger as it will be: what is stored, with the changes laid over it that still wait to
 * be written. So nobody sees a suspension or a release late, even while the disk is full.
 */
import type { Account } from '../../core/account-name.ts';
import { inOrder, keyName } from '../../core/signing/key.ts';
import type { AccountState, HeldSum } from '../../core/verdict.ts';
import { lazyText } from '../../lib/lazy.ts';
import type { Millis } from '../../lib/time.ts';
import type { ChecklistLedger } from '../../ports/checklist/checklist.ts';
import type { ImportLedger } from '../../ports/imports/imports.ts';
import type { CorrespondentLedger } from '../../ports/inbound/correspondents.ts';
import type { InboundLedger } from '../../ports/inbound/inbound.ts';
import type { HeldRow, Ledger, MessageRow, StoryRow } from '../../ports/ledger.ts';
import type { MailingLedger } from '../../ports/mailings/mailings.ts';
import type { PendingChanges } from './pending-changes.ts';
import { type KeptKind, type KeptRow, noticeKey, type RecentRows } from './recent-rows.ts';

/** The minute of a recipient that is not written yet: later than any other. */
const justNow: number = Number.MAX_SAFE_INTEGER;

/**
 * The reads of the ledger that the journal overlays. Weak passwords, scripts and declarations are
 * not among them, nor mail that comes in and who wrote it: their flows keep them in memory
 * (passwords-audited.ts, script-mailed.ts, observation.ts, inbound/waiting, correspondents,
 * checklist, mailings, imports). Those of lanes are asked of the ledger; the last seconds are
 * missing.
 * Statistics come from the ledger itself (shared-answers.ts), without the last seconds.
 */
export type LedgerReads = Omit<
  Ledger,
  | 'write'
  | 'prune'
  | 'forget'
  | 'removeAccount'
  | 'close'
  | 'damaged'
  | 'weakPasswords'
  | 'scripts'
  | 'scriptRules'
  | 'mayWriteAs'
  | 'writtenAs'
  | 'stats'
  | 'lanes'
  | 'laneSamples'
  | 'laneChanges'
  | 'laneReplies'
  | 'bulkDomains'
  | 'statsAside'
  | keyof InboundLedger
  | keyof CorrespondentLedger
  | keyof ChecklistLedger
  | keyof MailingLedger
  | keyof ImportLedger
>;

/** `recent` counts only once pages of the ledger are damaged. */
export function liveReads(
  ledger: Ledger,
  pending: PendingChanges,
  recent: RecentRows,
): LedgerReads {
  const kept: Kept = {
    with: (kind, waiting) =>
      ledger.damaged() ? new Map([...recent.all(kind), ...waiting]) : waiting,
    or: (kind, key, stored) => (ledger.damaged() ? recent.get(kind, key) : undefined) ?? stored,
  };
  return {
    ...accountReads(ledger, pending),
    ...mailReads(ledger, pending, kept),
    ...operatorReads(ledger, pending, kept),
  };
}

/** Lays the recent rows over the ledger's. Ask the ledger first: that may find the damage. */
type Kept = {
  /** Adds the recent rows below those that wait. */
  with<Kind extends KeptKind>(
    kind: Kind,
    waiting: ReadonlyMap<string, KeptRow<Kind>>,
  ): ReadonlyMap<string, KeptRow<Kind>>;
  /** The recent row, else the stored one. */
  or<Kind extends KeptKind>(
    kind: Kind,
    key: string,
    stored: KeptRow<Kind> | undefined,
  ): KeptRow<Kind> | undefined;
};

type AccountReads = Pick<
  LedgerReads,
  'loadAccount' | 'knownHere' | 'accounts' | 'countAccounts' | 'findAccounts'
>;

function accountReads(ledger: Ledger, pending: PendingChanges): AccountReads {
  return {
    loadAccount: (account) => pending.overlay(account, ledger.loadAccount(account)),
    // A recipient that was just forgotten may still count as known until that is written.
    knownHere: (recipient) =>
      ledger.knownHere(recipient) ?? (pending.learned(recipient) ? justNow : undefined),
    accounts(filter) {
      const waiting = new Map<
        Account,
        { account: Account; state: AccountState; profile: string }
      >();
      for (const { account, state, profile } of pending.accounts().toReversed()) {
        if (!waiting.has(account))
          waiting.set(account, { account, state, profile: lazyText(profile) });
      }
      const part = filter.like?.toLowerCase() ?? '';
      const fresh = [...waiting.values()].filter(
        ({ account, state }) =>
          state === (filter.state ?? state) && account.toLowerCase().includes(part),
      );
      const limit = filter.limit + waiting.size;
      const stored = ledger.accounts({ ...filter, limit });
      const others = stored.filter(({ account }) => !waiting.has(account));
      return [...fresh, ...others].slice(0, filter.limit);
    },
    // Accounts first seen within the last seconds are missing from the count.
    countAccounts: () => ledger.countAccounts(),
    findAccounts: (text, limit) => ledger.findAccounts(text, limit),
  };
}

const timeOf = ({ at }: { readonly at: Millis }): number => at;
const queueIdOf = ({ queueId }: { readonly queueId: string }): string => queueId;

/** True if it passed, or was let pass because the mode was observe. */
function hasLeft(
  { account, at, queueId, verdict }: MessageRow,
  storyOf: (id: string) => StoryRow | undefined,
): boolean {
  if (verdict === 'pass') return true;
  const story = storyOf(queueId);
  return story?.observed === true && story.at === at && story.account === account;
}

type MailReads = Pick<
  LedgerReads,
  | 'messagesOf'
  | 'message'
  | 'handover'
  | 'stories'
  | 'story'
  | 'observedSince'
  | 'held'
  | 'heldOne'
  | 'countHeld'
  | 'heldSum'
  | 'heldMost'
  | 'oldestHeldAt'
>;

function mailReads(ledger: Ledger, pending: PendingChanges, kept: Kept): MailReads {
  const messages = () => byKey(pending.rows('message'), ({ row }) => row.queueId);
  const stories = () => byKey(pending.rows('story'), ({ row }) => row.id);
  const held = () => byKey(pending.rows('held'), ({ row }) => row.queueId);
  const storyOf = (id: string): StoryRow | undefined =>
    pending.latest('story', ({ row }) => row.id === id)?.row ?? ledger.story(id);
  return {
    messagesOf(account, since, limit) {
      const waiting = new Map(kept.with('message', messages()));
      for (const id of stories().keys()) {
        const row = waiting.get(id) ?? ledger.message(id);
        if (row !== undefined) waiting.set(id, row);
      }
      const stored = ledger.messagesOf(account, since, limit + waiting.size);
      const matches = (row: MessageRow): boolean =>
        row.account === account && row.at >= since && hasLeft(row, storyOf);
      const layers = { waiting, stored, limit, at: timeOf, key: queueIdOf };
      return newest(layers, matches);
    },
    message: (queueId) =>
      pending.latest('message', ({ row }) => row.queueId === queueId)?.row ??
      kept.or('message', queueId, ledger.message(queueId)),
    stories(filter) {
      const waiting = stories();
      const stored = ledger.stories({ ...filter, limit: filter.limit + waiting.size });
      const { limit } = filter;
      return newest(
        { waiting, stored, limit, at: (row) => row.at, key: (row) => row.id },
        (row) => row.account === (filter.account ?? row.account),
      );
    },
    handover: (token) =>
      pending.latest('handover', ({ row }) => row.token === token)?.row ?? ledger.handover(token),
    story: storyOf,
    // Those of the last second are missing.
    observedSince: (since, limit) => ledger.observedSince(since, limit),
    held(filter) {
      const waiting = held();
      const stored = ledger.held({ ...filter, limit: filter.limit + waiting.size });
      const { limit } = filter;
      return newest(
        { waiting: kept.with('held', waiting), stored, limit, at: timeOf, key: queueIdOf },
        (row) =>
          row.account === (filter.account ?? row.account) &&
          row.state === (filter.state ?? row.state),
      );
    },
    heldOne: (queueId) =>
      pending.latest('held', ({ row }) => row.queueId === queueId)?.row ??
      kept.or('held', queueId, ledger.heldOne(queueId)),
    countHeld() {
      let count = ledger.countHeld();
      for (const [queueId, row] of held()) {
        if (ledger.heldOne(queueId)?.state === 'held') count -= 1;
        if (row.state === 'held') count += 1;
      }
      return count;
    },
    heldSum: (account, since) => heldSum(ledger, heldOf(pending, account), account, since),
    heldMost(limit) {
      const waiting = held();
      const changed = new Set([...waiting.values()].map(({ account }) => account));
      const stored = ledger
        .heldMost(limit + changed.size)
        .filter(({ account }) => !changed.has(account));
      const fresh = [...changed].map((account) => ({
        account,
        ...heldSum(ledger, heldOf(pending, account), account),
      }));
      return [...stored, ...fresh]
        .filter(({ messages: waits }) => waits > 0)
        .sort((one, other) => other.messages - one.messages)
        .slice(0, limit);
    },
    // A message that was just released may still count here; a DKIM key then stays a little longer.
    oldestHeldAt() {
      const waiting = [...held().values()].filter(({ state }) => state === 'held');
      const times = [ledger.oldestHeldAt(), ...waiting.map(({ at }) => at)];
      return times.filter((at) => at !== undefined).sort((one, other) => one - other)[0];
    },
  };
}

type OperatorReads = Pick<
  LedgerReads,
  | 'incidents'
  | 'exemptions'
  | 'audit'
  | 'notices'
  | 'meta'
  | 'dkimKeys'
  | 'keyHolders'
  | 'sendingDomains'
>;

function operatorReads(ledger: Ledger, pending: PendingChanges, kept: Kept): OperatorReads {
  return {
    incidents(filter) {
      const waiting = byKey(pending.rows('incident'), ({ row }) => row.id);
      const stored = ledger.incidents({ ...filter, limit: filter.limit + waiting.size });
      const { limit } = filter;
      return newest(
        {
          waiting: kept.with('incident', waiting),
          stored,
          limit,
          at: (row) => row.suspendedAt,
          key: (row) => row.id,
        },
        (row) =>
          row.account === (filter.account ?? row.account) &&
          (filter.open !== true || row.endedAt === undefined),
      );
    },
    exemptions() {
      const waiting = byKey(pending.rows('exemption'), ({ row }) => row.account);
      const stored = ledger.exemptions().filter(({ account }) => !waiting.has(account));
      return [...stored, ...waiting.values()].sort((one, other) =>
        one.account < other.account ? -1 : 1,
      );
    },
    audit(filter) {
      const waiting = pending.rows('audit').map(({ row }) => row);
      const { account: wanted, limit, offset = 0, since = 0 } = filter;
      const fresh = waiting
        .filter(({ account, at }) => account === (wanted ?? account) && at >= since)
        .reverse();
      const later = Math.max(0, offset - fresh.length);
      const shown = fresh.slice(offset);
      return [...shown, ...ledger.audit({ ...filter, offset: later })].slice(0, limit);
    },
    notices(due) {
      const found = ledger.notices(due);
      const waiting = kept.with(
        'notice',
        byKey(pending.rows('notice'), ({ row }) => noticeKey(row)),
      );
      const stored = found.filter((row) => !waiting.has(noticeKey(row)));
      const fresh = [...waiting.values()].filter(
        (row) => row.state === 'waiting' && row.nextAt <= due,
      );
      return [...stored, ...fresh].sort((one, other) => one.nextAt - other.nextAt);
    },
    sendingDomains(limit) {
      const waiting = byKey(pending.rows('sending-domain'), ({ row }) => row.domain);
      const stored = ledger.sendingDomains(limit + waiting.size);
      return newest(
        { waiting, stored, limit, at: (row) => row.lastAt, key: (row) => row.domain },
        () => true,
      );
    },
    meta: (key) =>
      pending.latest('meta', (change) => change.key === key)?.value ?? ledger.meta(key),
    dkimKeys() {
      const waiting = byKey(pending.rows('dkim-key'), ({ row }) => keyName(row));
      const stored = ledger.dkimKeys().filter((row) => !waiting.has(keyName(row)));
      const gone = new Set(pending.rows('dkim-key-forgotten').map(keyName));
      const all = [...stored, ...waiting.values()].filter((row) => !gone.has(keyName(row)));
      return all.sort(inOrder);
    },
    keyHolders() {
      const waiting = byKey(pending.rows('key-holder'), ({ row }) => keyName(row));
      const stored = ledger.keyHolders().filter((row) => !waiting.has(keyName(row)));
      const gone = new Set(pending.rows('dkim-key-forgotten').map(keyName));
      return [...stored, ...waiting.values()].filter((row) => !gone.has(keyName(row)));
    },
  };
}

/** The waiting rows of one account: asked for each message that would be held. */
function heldOf(pending: PendingChanges, account: Account): ReadonlyMap<string, HeldRow> {
  const latest = new Map<string, HeldRow>();
  pending.each('held', ({ row }) => {
    // Only a row of this account can change its sum: queue ids are seldom used again.
    if (row.account === account) latest.set(row.queueId, row);
  });
  return latest;
}

/** What is held of an account, with the changes that wait laid over it. */
function heldSum(
  ledger: Ledger,
  waiting: ReadonlyMap<string, HeldRow>,
  account: Account,
  since: Millis = 0 as Millis,
): HeldSum {
  let { messages, bytes } = ledger.heldSum(account, since);
  const add = (row: HeldRow | undefined, sign: 1 | -1): void => {
    if (row?.state !== 'held' || row.account !== account || row.at < since) return;
    messages += sign;
    bytes += sign * row.bytes;
  };
  for (const [queueId, row] of waiting) {
    add(ledger.heldOne(queueId), -1);
    add(row, 1);
  }
  return { messages, bytes };
}

/** The latest row of each key, ordered by its last change. */
function byKey<Row>(
  changes: readonly { readonly row: Row }[],
  key: (change: { readonly row: Row }) => string,
): ReadonlyMap<string, Row> {
  const latest = new Map<string, Row>();
  for (const change of changes) {
    latest.delete(key(change));
    latest.set(key(change), change.row);
  }
  return latest;
}

type Layers<Row> = {
  readonly waiting: ReadonlyMap<string, Row>;
  /** Newest first, `waiting.size` more than asked for, as that many may be out of date. */
  readonly stored: readonly Row[];
  readonly limit: number;
  readonly at: (row: Row) => number;
  readonly key: (row: Row) => string;
};

function newest<Row>(layers: Layers<Row>, matches: (row: Row) => boolean): readonly Row[] {
  const { waiting, stored, limit, at, key } = layers;
  if (waiting.size === 0) return stored;
  const fresh = [...waiting.values()].reverse().filter(matches);
  const unchanged = stored.filter((row) => !waiting.has(key(row)));
  const rows = [...fresh, ...unchanged];
  return rows.sort((one, other) => at(other) - at(one)).slice(0, limit);
}
