/**
 * The data that showing commands ask for: from the running guard, else from the ledger's file,
 * opened read-only. A line on standard error says so: a ledger may lack the last seconds.
 */

import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { baselineKey, decodeBaseline, newBaseline } from '../../core/account/baseline.ts';
import { evidenceNow } from '../../core/account/judge.ts';
import { noCeilings } from '../../core/account/policy.ts';
import { decodeProfile, today } from '../../core/account/profile.ts';
import { type Account, keepsCapitals } from '../../core/account-name.ts';
import {
  type Declaration,
  type Declarations,
  isDeclaredIn,
  orderDeclarations,
} from '../../core/authors/declaration.ts';
import { suggestedPairs } from '../../core/authors/suggest.ts';
import { enforcementOf } from '../../core/enforcement/enforcement.ts';
import { shownReason, withShownReasons } from '../../core/explain.ts';
import { lateAfterMs } from '../../core/inbound/kept.ts';
import type { IncidentBasis } from '../../core/incidents/facts.ts';
import type { IncidentReport } from '../../core/incidents/report.ts';
import type { ExpectedMailing } from '../../core/mailings/expected.ts';
import { weakText } from '../../core/passwords/weak.ts';
import { toldLately } from '../../core/telling/lately.ts';
import { shownUnsigned } from '../../core/unsigned-text.ts';
import { accountBound } from '../../flow/admin/account-bound.ts';
import { enforcingView } from '../../flow/admin/enforcing.ts';
import { observationKey, standingOf, storedObservation } from '../../flow/authors/observation.ts';
import { asItWas } from '../../flow/fate/as-it-was.ts';
import { openAsking } from '../../flow/fate/asking.ts';
import { storedLaneViews } from '../../flow/lanes/lane-views.ts';
import { scriptList } from '../../flow/scripts/script-list.ts';
import { incidentNow } from '../../flow/suspension/incident-now.ts';
import { OperatorError } from '../../lib/operator-error.ts';
import type { Millis } from '../../lib/time.ts';
import type { EnforcingView } from '../../ports/acting/enforcing.ts';
import type { AccountView, Admin, StatusView, StoryView } from '../../ports/admin.ts';
import type {
  ExplainAnswer,
  FindAnswer,
  FindAsk,
  HeldView,
  IncidentDetail,
  IncidentSearch,
  ReportAsk,
} from '../../ports/asking.ts';
import type { AuthorsView } from '../../ports/authors.ts';
import type { FateStore } from '../../ports/fate.ts';
import type { ImportRow } from '../../ports/imports/imports.ts';
import type {
  AllowedRow,
  DeferredRow,
  InboundRow,
  InboundStatus,
} from '../../ports/inbound/inbound.ts';
import type { LaneDetail, LaneList } from '../../ports/lanes.ts';
import type {
  AuditRow,
  AuditSearch,
  ExemptionRow,
  IncidentRow,
  Ledger,
} from '../../ports/ledger.ts';
import type { ScriptAdmin, ScriptListView } from '../../ports/scripts.ts';
import type { StatsAnswer, StatsQuery } from '../../ports/stats.ts';
import { loadConfig } from '../config/load-config.ts';
import { usualConfig } from '../config/usual-config.ts';
import {
  accountPath,
  connectToGuard,
  type FoundAccount,
  type FoundHeld,
  noSuch,
  nothingThere,
  queryText,
} from './client.ts';
import { storedIncidentSources } from './incident-sources.ts';
import { becomeOwnerOf } from './owner.ts';
import { peopleReads, storedPeople } from './people-reads.ts';
import { stateDirectory } from './run-file.ts';

const farFuture = Number.MAX_SAFE_INTEGER;

export type GuardReads = {
  /** False: read from the ledger's file. */
  readonly live: boolean;
  accounts(filter: Parameters<Admin['accounts']>[0]): Promise<readonly AccountView[]>;
  account(name: string): Promise<FoundAccount>;
  /** Newest first, at most 1000. */
  audit(filter: AuditSearch): Promise<readonly AuditRow[]>;
  /** How many there are, of those that are counted. */
  counts(): Promise<{ readonly accounts: number; readonly held: number }>;
  /** What mode guard would have changed. */
  enforcing(): Promise<EnforcingView>;
  exemptions(): Promise<readonly ExemptionRow[]>;
  /** Announced mailings in force. */
  mailings(): Promise<readonly ExpectedMailing[]>;
  /** Newest first. */
  imports(limit: number): Promise<readonly ImportRow[]>;
  held(filter: Parameters<Admin['held']>[0]): Promise<readonly HeldView[]>;
  /** Mail that came in: what waits, what is in quarantine, and the rest. */
  inbound(filter: Parameters<Admin['inbound']['list']>[0]): Promise<readonly InboundRow[]>;
  /** One of these; undefined if no such mail came in. */
  inboundOne(id: string): Promise<InboundRow | undefined>;
  inboundAllowed(): Promise<readonly AllowedRow[]>;
  /** Undefined if the guard is not running. */
  inboundStatus(): Promise<InboundStatus | undefined>;
  atRisk(filter: Parameters<Admin['inbound']['atRisk']>[0]): Promise<readonly DeferredRow[]>;
  heldOne(id: string): Promise<FoundHeld>;
  explain(id: string): Promise<ExplainAnswer>;
  find(asked: FindAsk): Promise<FindAnswer>;
  incidents(filter: IncidentSearch): Promise<readonly IncidentBasis[]>;
  /** By its id, or the name of an account for its latest one. */
  incident(id: string): Promise<IncidentDetail>;
  report(id: string, about: ReportAsk): Promise<IncidentReport>;
  stats(query: StatsQuery): Promise<StatsAnswer>;
  scripts(filter: Parameters<ScriptAdmin['list']>[0]): Promise<ScriptListView>;
  lanes(): Promise<LaneList>;
  /** All lanes of one provider. */
  provider(id: string, since: Millis): Promise<readonly LaneDetail[]>;
  authors(): Promise<AuthorsView>;
  [Symbol.dispose](): void;
};

/** Throws OperatorError `not-running` when there is neither a guard nor a ledger. */
export async function openReads(
  state: string | undefined,
  warn: (text: string) => void,
): Promise<GuardReads> {
  becomeOwnerOf(stateDirectory(state));
  try {
    const { read } = await connectToGuard(state);
    return {
      live: true,
      accounts: (filter) => read(`/accounts${queryText(filter)}`),
      account: (name) => read(accountPath(name)),
      enforcing: () => read('/enforcing'),
      audit: (filter) => read(`/audit${queryText(filter)}`),
      async counts() {
        const { accounts, held } = await read<StatusView>('/status');
        return { accounts: accounts.known, held };
      },
      exemptions: () => read('/exemptions'),
      mailings: () => read('/mailings'),
      imports: (limit) => read(`/imports${queryText({ limit })}`),
      held: (filter) => read(`/held${queryText(filter)}`),
      inbound: (filter) => read(`/inbound${queryText(filter)}`),
      inboundOne: (id) =>
        read<InboundRow>(`/inbound/message/${encodeURIComponent(id)}`).catch(nothingThere),
      inboundAllowed: () => read('/inbound/allowed'),
      inboundStatus: () => read('/inbound/status'),
      atRisk: ({ all, limit }) => read(`/inbound/at-risk${queryText({ all: `${all}`, limit })}`),
      heldOne: (id) => read(`/held/${encodeURIComponent(id)}`),
      explain: (id) => read(`/explain/${encodeURIComponent(id)}`),
      find: ({ text, ...asked }) => read(`/find${queryText({ q: text, ...asked })}`),
      incidents: (filter) => read(`/incidents${queryText(filter)}`),
      incident: (id) => read(`/incidents/${encodeURIComponent(id)}`),
      report: (id, about) => read(`/incidents/${encodeURIComponent(id)}/report${queryText(about)}`),
      stats: (query) => read(`/stats${queryText(query)}`),
      scripts: (filter) => read(`/scripts${queryText(filter)}`),
      lanes: () => read('/providers'),
      provider: (id, since) => read(`/providers/${encodeURIComponent(id)}${queryText({ since })}`),
      authors: () => read('/authors'),
      [Symbol.dispose]: () => {},
    };
  } catch (error) {
    const path = join(stateDirectory(state), 'ledger.db');
    if (!(error instanceof OperatorError) || !isReadable(path)) throw error;
    const why = {
      'not-running': 'the guard is not running',
      'door-off': 'the http door of the guard is off',
    }[error.code];
    if (why === undefined) throw error;
    const { openLedger } = await import('../../ledger/sqlite/open.ts');
    const { fateFiles } = await import('../../ledger/fates/files-store.ts');
    const ledger = openLedger(path, { readOnly: true });
    const fates = fateFiles(stateDirectory(state));
    const reads = fileReads(ledger, fates, Date.now() as Millis);
    warn(`postern: ${why}; this comes from its ledger (${path})\n`);
    return reads;
  }
}

/** Where the ledger is missing or another user's, the guard's absence is the better answer. */
function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

function fileReads(ledger: Ledger, fates: Pick<FateStore, 'find'>, now: Millis): GuardReads {
  const account = (name: string): AccountView | undefined => storedAccount(ledger, name, now);
  const asOfNow = (incident: IncidentRow): IncidentRow => storedIncidentNow(ledger, incident);
  const lanes = storedLaneViews(ledger, now);
  const asking = openAsking({
    fates,
    live: ledger,
    log: () => 'stopped',
    named: (name) => (keepsCapitals(name) ? name.trim() : name.trim().toLowerCase()) as Account,
    now: () => now,
    weakPassword: (name) => storedWeak(ledger, name),
    asOfNow,
    incidents: storedIncidentSources(lanes.changes),
  });
  return {
    live: false,
    accounts: async (filter) =>
      ledger
        .accounts(filter)
        .map((line) => account(line.account))
        .filter((one) => one !== undefined),
    async account(name) {
      const key = name as Account;
      return {
        account: found(account(name), 'account'),
        incidents: ledger
          .incidents({ account: key, limit: 100 })
          .map((incident) => withShownReasons(asItWas(asOfNow(incident), ledger))),
        stories: ledger.stories({ account: key, limit: 100 }).map(withShownReasons),
        audit: ledger.audit({ account: name, limit: 100 }),
        facts: await asking.accountFacts(name),
      };
    },
    audit: async (filter) => ledger.audit(filter),
    counts: async () => ({ accounts: ledger.countAccounts(), held: ledger.countHeld() }),
    // The configuration says what the next start does.
    enforcing: async () => storedEnforcing(ledger, now),
    exemptions: async () => exemptionsInForce(ledger, now),
    ...peopleReads(ledger, now),
    held: async ({ account: name, ...filter }) =>
      asking.heldViews(
        ledger.held(name === undefined ? filter : { ...filter, account: name as Account }),
      ),
    inbound: async (filter) => ledger.inboundMail(filter),
    inboundOne: async (id) => ledger.inboundOne(id),
    inboundAllowed: async () => ledger.inboundAllowed(),
    inboundStatus: async () => undefined,
    atRisk: async ({ all, limit }) =>
      ledger.notBack((all ? farFuture : now - lateAfterMs) as Millis, limit),
    async heldOne(id) {
      const row = found(ledger.heldOne(id), 'held message');
      const [held = row] = await asking.heldViews([row]);
      return { held, story: storedStory(ledger, id) };
    },
    async explain(id) {
      const story = storedStory(ledger, id);
      const message = ledger.message(id);
      const fate = await asking.fate(id);
      if (story === undefined && message === undefined) found(fate, 'message');
      const unsigned = shownUnsigned(message, {
        hasKeys: () => ledger.dkimKeys().length > 0,
        isDeclared: (name, author) => isDeclaredIn(declaredNow(ledger), name, author, ''),
      });
      return { story, message, ...unsigned, fate };
    },
    find: asking.find,
    incidents: async (filter) => asking.incidents(filter),
    incident: async (id) => found(await asking.incident(id), 'incident'),
    report: async (id, about) => found(await asking.report(id, about), 'incident'),
    stats: async (query) => ledger.stats(query),
    async scripts(filter) {
      const rules = ledger.scriptRules().filter(({ removedAt }) => removedAt === undefined);
      const { mode } = loadConfig(usualConfig()).config.scripts;
      return scriptList({ mode, scripts: ledger.scripts(), rules }, filter);
    },
    lanes: async () => lanes.list(),
    provider: async (id, since) => found(orNone(lanes.show(id, since)), 'provider'),
    authors: async () => storedAuthors(ledger, now),
    [Symbol.dispose]: () => ledger.close(),
  };
}

function storedEnforcing(ledger: Ledger, now: Millis): EnforcingView {
  const { enforce, mode } = loadConfig(usualConfig()).config;
  const seed = Number(ledger.meta('seed') ?? 0);
  return enforcingView(ledger, mode, now, { enforce, enforced: enforcementOf(enforce), seed });
}

function storedIncidentNow(ledger: Ledger, incident: IncidentRow): IncidentRow {
  const record = ledger.loadAccount(incident.account);
  return incidentNow(incident, record === undefined ? undefined : decodeProfile(record.profile));
}

function orNone<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length === 0 ? undefined : list;
}

function exemptionsInForce(ledger: Ledger, now: Millis): readonly ExemptionRow[] {
  const inForce = ledger.exemptions().filter(({ until }) => until > now);
  return inForce.sort((a, b) => a.until - b.until);
}

function declaredNow(ledger: Ledger): Declarations<Declaration> {
  return orderDeclarations(inForce(ledger));
}

function inForce(ledger: Ledger): AuthorsView['declarations'] {
  return ledger.mayWriteAs().filter(({ removedAt }) => removedAt === undefined);
}

function storedAuthors(ledger: Ledger, now: Millis): AuthorsView {
  const observation = storedObservation(ledger.meta(observationKey), now);
  const since = observation.from ?? now;
  const all = declaredNow(ledger);
  // Which signs begin an extension of an address, only the running guard knows.
  const open = ledger
    .writtenAs()
    .filter(({ account, address }) => !isDeclaredIn(all, account, address, ''));
  return {
    declarations: inForce(ledger),
    observation,
    suggestions: suggestedPairs(open, (account) => {
      const [incident] = ledger.incidents({ account, limit: 1 });
      const { state } = ledger.loadAccount(account) ?? { state: 'clear' };
      return standingOf({ state, incident, since });
    }),
  };
}

function storedAccount(ledger: Ledger, name: string, now: Millis): AccountView | undefined {
  const record = ledger.loadAccount(name as Account);
  if (record === undefined) return undefined;
  const profile = decodeProfile(record.profile);
  const stored = ledger.meta(baselineKey);
  const baseline = stored === undefined ? newBaseline() : decodeBaseline(stored);
  const weakPassword = storedWeak(ledger, name);
  const { evidence, reasons } = evidenceNow(profile, baseline, now, weakPassword);
  const exemption = ledger.exemptions().find((one) => one.account === name && one.until > now);
  const { messages, recipients } = today(profile, now);
  const open = ledger.incidents({ account: record.account, open: true, limit: 1 })[0];
  return {
    account: name,
    state: record.state,
    observed: record.state === 'suspended' && open?.observed === true,
    evidence,
    reasons: reasons.map(shownReason),
    lastSeen: profile.at,
    messagesToday: messages,
    recipientsToday: recipients,
    knownRecipients: record.recipients.length,
    exemptUntil: exemption?.until,
    ...storedPeople(ledger, name, now),
    weakPassword,
    probation: '', // Only the running guard knows.
    held: ledger.heldSum(record.account),
    heldMax: undefined,
    waitsSince: profile.lockedAt > 0 && record.state !== 'suspended' ? profile.lockedAt : undefined,
    hijackedAt: profile.hijackedAt > 0 ? profile.hijackedAt : undefined,
    told: toldLately(profile, now),
    bound: accountBound(profile, {
      at: now,
      policy: noCeilings,
      isExempt: exemption !== undefined,
      weakPassword,
      expected: storedPeople(ledger, name, now).expected?.left ?? 0,
    }),
  };
}

function storedWeak(ledger: Ledger, name: string): string {
  const all = ledger.weakPasswords();
  const weak = all.find((one) => one.account === name && one.changedAt === undefined);
  return weak ? weakText(weak) : '';
}

function storedStory(ledger: Ledger, id: string): StoryView | undefined {
  const story = ledger.story(id);
  return story && withShownReasons(story);
}

function found<Value>(value: Value | undefined, what: string): Value {
  if (value === undefined) throw noSuch(`no such ${what}`);
  return value;
}
