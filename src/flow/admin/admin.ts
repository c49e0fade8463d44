/**
 * The operator's admin: what the status page and the command line show and do. Reads through the
 * journal, so that nothing decided is seen late; every act is written down with who did it.
 */
import { evidenceNow } from '../../core/account/judge.ts';
import { type AccountProfile, decodeProfile, today } from '../../core/account/profile.ts';
import type { Account } from '../../core/account-name.ts';
import { accountOf } from '../../core/account-name.ts';
import { shownReason, withShownReasons } from '../../core/explain.ts';
import type { Notice } from '../../core/notice.ts';
import { faultText } from '../../lib/error-text.ts';
import type { Millis } from '../../lib/time.ts';
import type {
  AccountView,
  Admin,
  Done,
  KeyAdmin,
  StatusView,
  StoryView,
} from '../../ports/admin.ts';
import type { AuditRow, Change, HeldRow, IncidentRow, StoryRow } from '../../ports/ledger.ts';
import type { Mta } from '../../ports/mail-server.ts';
import type { ScriptAdmin } from '../../ports/scripts.ts';
import type { AskStats } from '../../ports/stats.ts';
import type { Clock, Log } from '../../ports/world.ts';
import type { Accounts } from '../account/accounts.ts';
import type { Exemptions } from '../account/exemptions.ts';
import type { Feed } from '../account/verdict-feed.ts';
import type { Journal } from '../journal/journal.ts';
import type { Notices } from '../notices/notices.ts';
import type { WeakPasswords } from '../passwords/passwords-audited.ts';
import type { Settings } from '../settings.ts';
import type { Suspensions } from '../suspension/account-suspended.ts';

export type AdminDeps = {
  readonly accounts: Accounts;
  readonly journal: Journal;
  readonly exemptions: Exemptions;
  readonly weakPasswords: WeakPasswords;
  readonly suspensions: Suspensions;
  readonly notices: Notices;
  readonly feed: Feed;
  readonly mta: Mta | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly facts: Pick<StatusView, 'version' | 'host' | 'startedAt'> & {
    readonly ledgerPath: string;
    readonly defaultDomain: string;
  };
  readonly settings: Settings;
  readonly doors: () => Readonly<Record<string, string>>;
  readonly dkim: KeyAdmin;
  readonly scripts: ScriptAdmin;
  readonly stats: AskStats;
  readonly newId: () => string;
  readonly iso: (at: Millis) => string;
};

/** Rows of one kind shown with an account. */
const shownMax = 50;
/** Accounts counted by state; more are shown as this many. */
const countMax = 100_000;
const heldMax = 50_000;

export function openAdmin(deps: AdminDeps): Admin {
  const { exemptions, feed, journal, suspensions } = deps;
  const name = (text: string): Account => accountOf(text, deps.facts.defaultDomain);
  const live = journal.live;
  return {
    status: () => status(deps),
    accounts: (filter) => accountList(deps, filter),
    account(text) {
      const account = named(deps, text);
      const past = deps.accounts.known(account);
      if (past === undefined) return undefined;
      return {
        account: accountView(deps, account, past),
        incidents: live
          .incidents({ account, limit: shownMax })
          .map((incident) => withShownReasons(asOfNow(incident, past))),
        stories: live.stories({ account, limit: shownMax }).map(withShownReasons),
        audit: live.audit({ account, limit: shownMax }),
      };
    },
    suspend: (text, by, note) => suspensions.byHand(named(deps, text), by, note),
    release: (text, how) => suspensions.release(named(deps, text), how),
    async allow(text, until, by, note) {
      const account =
        deps.accounts.known(named(deps, text)) === undefined ? name(text) : named(deps, text);
      const at = deps.clock.now();
      const row = { account, until, by, note, at };
      const ended = until <= at;
      const detail = ended ? 'exemption ended' : `exempt until ${deps.iso(until)}`;
      const kept = await commit(deps, [
        exemptions.set(row),
        {
          kind: 'audit',
          row: { at, by, action: 'allow', account, detail: detailed(detail, note) },
        },
      ]);
      const suspended = deps.accounts.known(account)?.state === 'suspended';
      const more = suspended
        ? `; it is suspended all the same: postern accounts release ${account}`
        : '';
      return doneIf(kept, `${account}: ${detail}${more}`, 1);
    },
    exemptions: () => exemptions.all(deps.clock.now()),
    held: ({ account, ...filter }) =>
      live.held({ ...filter, ...(account === undefined ? {} : { account: named(deps, account) }) }),
    heldOne(queueId) {
      const held = live.heldOne(queueId);
      return held === undefined ? undefined : { held, story: shownStory(live.story(queueId)) };
    },
    releaseHeld: (which, by) => moveHeld(deps, which, by, 'released'),
    dropHeld: (which, by) => moveHeld(deps, which, by, 'dropped'),
    explain(id) {
      const story = shownStory(live.story(id));
      const message = live.message(id);
      return story === undefined && message === undefined ? undefined : { story, message };
    },
    audit: (filter) => live.audit(filter),
    recent: (limit) => feed.recent(limit),
    minutes: () => feed.minutes(deps.clock.now()),
    watch: (listener) => feed.watch(listener),
    testNotice: () => testNotice(deps),
    stats: deps.stats,
    dkim: deps.dkim,
    scripts: deps.scripts,
    passwords: () => ({ weak: deps.weakPasswords.all(), last: deps.weakPasswords.last() }),
    notePasswords: (report, by) => deps.weakPasswords.note(report, by),
  };
}

/** The account as it is known: names of clients and local senders are taken as they stand. */
function named(deps: AdminDeps, text: string): Account {
  // Paths have capitals; logins have none.
  if (/^(?:script|user):/.test(text)) return text.trim() as Account;
  const asIs = text.trim().toLowerCase() as Account;
  if (deps.accounts.known(asIs) !== undefined) return asIs;
  return accountOf(text, deps.facts.defaultDomain);
}

function status(deps: AdminDeps): StatusView {
  const { clock, facts, feed, journal } = deps;
  const { live } = journal;
  const { state, why } = journal.state();
  return {
    version: facts.version,
    mode: deps.settings.mode,
    host: facts.host,
    startedAt: facts.startedAt,
    now: clock.now(),
    ledger: { state, why, path: facts.ledgerPath },
    doors: deps.doors(),
    accounts: {
      known: live.countAccounts(),
      watched: live.accounts({ state: 'watched', limit: countMax }).length,
      suspended: live.accounts({ state: 'suspended', limit: countMax }).length,
      exempt: deps.exemptions.all(clock.now()).length,
    },
    held: live.countHeld(),
    verdicts: feed.verdicts,
  };
}

function accountList(
  deps: AdminDeps,
  filter: Parameters<Admin['accounts']>[0],
): readonly AccountView[] {
  return deps.journal.live.accounts(filter).map(({ account, profile }) =>
    // Without its book: listing must not load thousands of them.
    accountView(deps, account, decodeProfile(profile)),
  );
}

function accountView(deps: AdminDeps, account: Account, past: AccountProfile): AccountView {
  const now = deps.clock.now();
  const why = deps.weakPasswords.why(account);
  const { evidence, reasons } = evidenceNow(past, deps.accounts.context.baseline, now, why);
  const { messages, recipients } = today(past, now);
  const until = deps.exemptions.until(account);
  const suspended = past.state === 'suspended';
  const incident = suspended
    ? deps.journal.live.incidents({ account, open: true, limit: 1 })[0]
    : undefined;
  return {
    account,
    state: past.state,
    evidence: suspended ? Math.max(evidence, past.evidence) : evidence,
    reasons: (incident?.reasons ?? reasons).map(shownReason),
    lastSeen: past.at,
    messagesToday: messages,
    recipientsToday: recipients,
    knownRecipients: Math.max(past.book.size, past.bookSize),
    exemptUntil: until > now ? until : undefined,
    weakPassword: why,
  };
}

function shownStory(story: StoryRow | undefined): StoryView | undefined {
  return story === undefined ? undefined : withShownReasons(story);
}

/**
 * An open incident goes on: what was stopped since it was written down is in the account's past.
 */
function asOfNow(incident: IncidentRow, past: AccountProfile): IncidentRow {
  if (incident.endedAt !== undefined || past.state !== 'suspended') return incident;
  return { ...incident, stoppedMessages: Math.max(incident.stoppedMessages, past.stoppedMessages) };
}

async function moveHeld(
  deps: AdminDeps,
  which: { readonly ids: readonly string[] } | { readonly account: string },
  by: string,
  state: 'released' | 'dropped',
): Promise<Done> {
  const { clock, mta } = deps;
  if (mta === undefined) {
    return {
      ok: false,
      text: 'this guard has no hand on a mail queue',
      hint: 'set postfix.queue, or use postsuper -H ID yourself',
    };
  }
  const rows = heldRows(deps, which);
  if (rows.length === 0) return { ok: false, text: 'no such message is held' };
  const ids = rows.map(({ queueId }) => queueId);
  const { done: moved, fault } = await (state === 'released' ? mta.release(ids) : mta.drop(ids));
  if (fault !== undefined && moved.size === 0) return { ok: false, text: faultText(fault) };
  const at = clock.now();
  const changes: Change[] = [];
  for (const row of rows) {
    if (moved.has(row.queueId)) {
      changes.push({ kind: 'held', row: { ...row, state, changedAt: at, by } });
    }
  }
  for (const account of new Set(rows.map((row) => row.account))) {
    const detail = rows
      .filter((row) => row.account === account && moved.has(row.queueId))
      .map(({ queueId }) => queueId);
    changes.push({
      kind: 'audit',
      row: {
        at,
        by,
        action: state === 'released' ? 'release-held' : 'drop-held',
        account,
        detail: detailed(`${detail.length} messages`, detail.slice(0, shownMax).join(' ')),
      },
    });
  }
  const kept = await commit(deps, changes);
  const missed = ids.length - moved.size;
  const what = `${moved.size} ${moved.size === 1 ? 'message' : 'messages'} ${state}`;
  if (fault !== undefined) {
    const text = `${what}, ${missed} are not: ${faultText(fault)}`;
    const told = doneIf(kept, text, moved.size);
    return told.ok ? { ok: false, text, hint: 'ask again for the rest' } : told;
  }
  const text = missed === 0 ? what : `${what}; ${missed} are not in the hold queue any more`;
  return doneIf(kept, text, moved.size);
}

function heldRows(
  deps: AdminDeps,
  which: { readonly ids: readonly string[] } | { readonly account: string },
): readonly HeldRow[] {
  const { live } = deps.journal;
  if ('account' in which) {
    return live.held({ account: named(deps, which.account), state: 'held', limit: heldMax });
  }
  return which.ids
    .map((id) => live.heldOne(id))
    .filter((row): row is HeldRow => row?.state === 'held');
}

async function testNotice(deps: AdminDeps): Promise<Done> {
  const { clock, facts, iso, newId, notices } = deps;
  if (notices.roads.length === 0) {
    return {
      ok: false,
      text: 'no road for notices is set',
      hint: 'set notices.mail_to and notices.webhook',
    };
  }
  const at = iso(clock.now());
  const notice: Notice = {
    version: 1,
    event: 'test',
    id: newId(),
    host: facts.host,
    at,
    account: '',
    since: at,
    leaked: { messages: 0, recipients: 0 },
    stopped: { messages: 0, fromQueue: 0 },
    loginClosed: false,
    reasons: [],
    undo: '',
    explain: 'postern status',
  };
  const said = await notices.now(notice);
  const faults = said.filter(({ fault }) => fault !== '');
  const row: AuditRow = {
    at: clock.now(),
    by: 'operator',
    action: 'test-notice',
    account: '',
    detail: said.map(({ road, fault }) => `${road}: ${fault === '' ? 'taken' : fault}`).join('; '),
  };
  deps.journal.add({ kind: 'audit', row });
  if (faults.length === 0) return { ok: true, count: said.length, text: row.detail };
  return { ok: false, text: row.detail, hint: 'look at the roads under [notices]' };
}

function commit(deps: AdminDeps, changes: readonly Change[]): Promise<boolean> {
  return new Promise((resolve) => deps.journal.commit(changes, resolve));
}

function doneIf(kept: boolean, text: string, count: number): Done {
  if (kept) return { ok: true, text, count };
  return {
    ok: false,
    text: `${text}; done, but the ledger could not be written`,
    hint: 'see postern doctor: most often the disk is full',
  };
}

function detailed(what: string, more: string): string {
  return more === '' ? what : `${what}: ${more}`;
}
