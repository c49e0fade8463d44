/**
 * Reminds the operator of accounts that wait for a decision: suspended ones, and ones whose mail is
 * held. The times between the reminders grow, and after the last one nobody is reminded again. Time
 * never does more than that.
 */
import type { Account } from '../../core/account-name.ts';
import { megabytes } from '../../core/explain.ts';
import type { Notice } from '../../core/notice.ts';
import { releaseCommands } from '../../core/release-commands.ts';
import { faultText } from '../../lib/error-text.ts';
import { shellWords } from '../../lib/shell-words.ts';
import { dayMs, hourMs, type Millis, minuteMs } from '../../lib/time.ts';
import type { World } from '../../ports/world.ts';
import type { Accounts } from '../account/accounts.ts';
import type { Journal } from '../journal/journal.ts';
import { observes, type Settings } from '../settings.ts';
import type { Notices } from './notices.ts';

/** How long after it began to wait an account is told of again. */
export const remindedAfterMs: readonly number[] = [
  4 * hourMs,
  dayMs,
  3 * dayMs,
  7 * dayMs,
  14 * dayMs,
  30 * dayMs,
];
/** What is due in this time goes in one notice. */
const everyMs = hourMs;
const tickMs = minuteMs;
/** Accounts looked at, and accounts that one notice names. */
const accountsMax = 1_000;
/** A notice names at most five addresses. The command in it lists all. */
const namedMax = 5;
const rowsMax = 10_000;
/** In the ledger: until when was told what was due. */
const toldKey = 'reminded';

export type RemindersDeps = {
  readonly accounts: Accounts;
  readonly journal: Journal;
  readonly notices: Pick<Notices, 'prepare'>;
  readonly world: World;
  readonly settings: Settings;
  readonly host: string;
  /** RFC 3339. */
  readonly iso: (at: Millis) => string;
};

type Waiting = {
  readonly account: Account;
  readonly since: Millis;
  readonly suspended: boolean;
  readonly messages: number;
  readonly bytes: number;
};

/** Starts to remind. `close` stops it. */
export function openReminders(deps: RemindersDeps): { close(): void } {
  return {
    close: deps.world.timers.every(tickMs, () => {
      try {
        remind(deps);
      } catch (error) {
        deps.world.log('error', 'reminders.failed', { why: faultText(error) });
      }
    }),
  };
}

function remind(deps: RemindersDeps): void {
  const { journal, world } = deps;
  const now = world.clock.now();
  const told = Number(journal.live.meta(toldKey) ?? 0);
  // A clock that was set back: what was told is not told again.
  if (told <= now && now - told < everyMs) return;
  const until = { kind: 'meta', key: toldKey, value: String(now) } as const;
  const due =
    told === 0 || told > now
      ? []
      : waiting(deps).filter(({ since }) =>
          remindedAfterMs.some((afterMs) => since + afterMs > told && since + afterMs <= now),
        );
  if (due.length === 0) {
    journal.add(until);
    return;
  }
  world.log('info', 'account.reminded', { accounts: due.length });
  // Together: whatever happens to this process, each reminder is sent once.
  journal.commit([until, ...deps.notices.prepare(notice(deps, due, now))], () => {});
}

/** Accounts about which nobody has decided yet. */
function waiting({ accounts, journal, settings }: RemindersDeps): readonly Waiting[] {
  const { live } = journal;
  const suspended = live
    .incidents({ open: true, limit: accountsMax })
    .filter(({ by, observed }) => by === 'guard' && !observed);
  const since = new Map(suspended.map(({ account, suspendedAt }) => [account, suspendedAt]));
  const all = new Set([...since.keys(), ...live.heldMost(accountsMax).map((one) => one.account)]);
  const found: Waiting[] = [];
  for (const account of all) {
    if (observes(settings, account)) continue;
    if ((accounts.known(account)?.hijackedAt ?? 0) > 0) continue;
    const oldest = live.held({ account, state: 'held', limit: rowsMax }).at(-1)?.at;
    const began = since.get(account) ?? oldest;
    if (began === undefined) continue;
    const sum = live.heldSum(account);
    found.push({ account, since: began, suspended: since.has(account), ...sum });
  }
  return found.sort((one, other) => one.since - other.since);
}

function notice(deps: RemindersDeps, due: readonly Waiting[], now: Millis): Notice {
  const { host, iso, world } = deps;
  const [first] = due;
  const only = due.length === 1 ? (first?.account ?? '') : '';
  const left = due.length - namedMax;
  const more = left > 0 ? [{ signal: 'waiting', text: `and ${left} more accounts` }] : [];
  const reasons = due
    .slice(0, namedMax)
    .map((one) => ({ signal: 'waiting', text: waitingText(deps, one, now) }));
  return {
    version: 1,
    event: 'account.waiting',
    id: world.newId(),
    host,
    at: iso(now),
    account: only,
    since: iso(first?.since ?? now),
    leaked: { messages: 0, recipients: 0 },
    stopped: { messages: due.reduce((sum, { messages }) => sum + messages, 0), fromQueue: 0 },
    loginClosed: false,
    reasons: [...reasons, ...more],
    undo: only === '' ? '' : undo(only, first?.suspended === true || isLocked(deps, only)),
    explain: only === '' ? 'postern held list' : shellWords('postern', 'accounts', 'show', only),
  };
}

/** Its mail waits for a person: to deliver what is held would not end that. */
function isLocked({ accounts }: Pick<RemindersDeps, 'accounts'>, account: Account): boolean {
  return (accounts.known(account)?.lockedAt ?? 0) > 0;
}

function undo(account: string, needsRelease: boolean): string {
  return needsRelease
    ? releaseCommands(account).falseAlarm
    : shellWords('postern', 'held', 'release', '--account', account);
}

function waitingText(
  { accounts }: RemindersDeps,
  { account, since, suspended, messages, bytes }: Waiting,
  now: Millis,
): string {
  const { heldMax } = accounts.context.policy;
  const held = isLocked({ accounts }, account) ? 'mail waits for you' : 'mail is held';
  const what = suspended ? 'suspended' : held;
  return (
    `${account}: ${what} for ${age(now - since)}, ` +
    `${messages} of at most ${heldMax.messages} messages held (${megabytes(bytes)})`
  );
}

/** In whole hours below two days, else in whole days. */
function age(ms: number): string {
  const [amount, unit] =
    ms < 2 * dayMs ? [Math.floor(ms / hourMs), 'hour'] : [Math.floor(ms / dayMs), 'day'];
  return `${amount} ${amount === 1 ? unit : `${unit}s`}`;
}
