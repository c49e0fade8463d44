/**
 * Runs an audit from start to end: opens everything it needs, loads accounts, tries candidates,
 * reports, and closes everything whatever happens.
 */
import { availableParallelism } from 'node:os';
import {
  byLogin,
  type Login,
  loginKey,
  loginOf,
  type PasswordFinding,
  type WeakNote,
} from '../../core/passwords/audit-report.ts';
import { forJohn } from '../../core/passwords/john-format.ts';
import type { AuditSummary, WeakPassword } from '../../core/passwords/weak.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import type { Millis } from '../../lib/time.ts';
import { type CandidatePlan, type Lists, planOf } from '../candidates/candidates.ts';
import { openRangeLists } from '../candidates/range-lists.ts';
import { findJohn } from '../john/john.ts';
import { openPrivateFolder } from '../sandbox/private-folder.ts';
import { forbidCoreFiles, openSandbox } from '../sandbox/sandbox.ts';
import type { Source } from '../sources/source.ts';
import { openWorkers, type Workers } from '../workers/workers.ts';
import { audit } from './audit.ts';
import type { AuditProgress } from './audit-state.ts';
import { loadAccounts, type SourceFault } from './load-accounts.ts';
import { openTriedStore, type TriedStore } from './tried-store.ts';
import { openWorklist, type UnitResult, type Worklist } from './worklist.ts';

export type AuditOptions = {
  /** Path of the file in which audits note what they tried. */
  readonly triedStore: string;
  readonly sources: readonly Source[];
  /** John's program; empty: in the usual places. */
  readonly john: string;
  readonly topList: string;
  readonly leakedLists: readonly string[];
  readonly rangeFiles: string;
  readonly rangeService: string;
  /** Names of John's rule sections for the last leg. */
  readonly rules: readonly string[];
  /** Try only the candidates that find a password in under a second. */
  readonly quick: boolean;
  /** Processors to use; 0: half of all. */
  readonly processors: number;
  /** Domain of accounts without one. */
  readonly domain: string;
  readonly now: () => Millis;
  /** Aborted when time is up or the operator stops the audit; what was done is kept. */
  readonly signal: AbortSignal;
  /** Accounts that count as weak so far; the store or one of its reports may have been lost. */
  readonly known: readonly WeakPassword[];
  readonly events: AuditEvents;
};

export type AuditEvents = {
  readonly began: (began: {
    readonly accounts: number;
    readonly locked: number;
    readonly john: string;
    /** False if the private folder is on a disk, because there is no tmpfs. */
    readonly memory: boolean;
  }) => void;
  readonly found: (found: readonly PasswordFinding[]) => void;
  readonly changed: (changed: readonly Login[]) => void;
  readonly fault: (fault: SourceFault) => void;
  readonly progress: (progress: AuditProgress) => void;
  /** Called for each account at the end. */
  readonly result: (result: UnitResult) => Promise<unknown> | undefined;
};

/** Throws OperatorError if John is missing or no account could be read. */
export async function runAudit(options: AuditOptions): Promise<AuditSummary> {
  const { events } = options;
  forbidCoreFiles();
  const sandbox = openSandbox();
  using triedStore = openTriedStore(options.triedStore);
  using folder = openPrivateFolder(sandbox.owner);
  const john = findJohn(options.john, { sandbox, folder });
  using worklist = openWorklist(folder);
  const processors = options.processors || Math.max(1, Math.floor(availableParallelism() / 2));
  using workers = openWorkers(sandbox, processors);
  const lists: Lists = {
    top: options.topList,
    leaked: options.leakedLists,
    keyboard: folder.file('keyboard'),
    season: folder.file('season'),
  };
  const year = new Date(options.now()).getUTCFullYear();
  await writeLists(workers, lists, year, options.signal);
  const all = planOf(john, lists, { rules: options.rules, year });
  const plans = options.quick ? all.filter(({ leg }) => leg.strength === quickest) : all;
  const ranges = openRangeLists(options.rangeFiles, options.rangeService);
  const loaded = await loadAccounts(options.sources, {
    folder,
    triedStore,
    worklist,
    domain: options.domain,
    ranges,
    now: options.now,
    signal: options.signal,
    fault: events.fault,
    found: events.found,
    changed: events.changed,
    forJohn: (hash) => forJohn(hash, john.formats),
  });
  if (loaded.accounts === 0 && loaded.locked === 0 && loaded.faults > 0) throw nothing();
  events.began({ ...loaded, john: john.version, memory: folder.memory });
  const refused = new Map<string, number>();
  const through = await audit({
    john,
    sandbox,
    folder,
    workers,
    worklist,
    triedStore,
    plans,
    processors,
    now: options.now,
    signal: options.signal,
    found: events.found,
    progress: events.progress,
    refused: (scheme, count) => refused.set(scheme, Math.max(refused.get(scheme) ?? 0, count)),
  });
  for (const [scheme, count] of refused) {
    loaded.faults += count;
    const what = `John did not load ${count} ${scheme} hashes, so they were not tried`;
    events.fault({ source: 'john', line: 0, what });
  }
  const complete = through && !options.quick;
  const tried = through ? triedAgain(plans, options) : () => false;
  events.changed(weakNoMore({ worklist, triedStore, tried, whole: loaded.whole }, options.known));
  for (const result of worklist.results()) await events.result(result);
  const { accounts, weak } = worklist.counts();
  return { at: options.now(), accounts, weak, faults: loaded.faults, complete };
}

const quickest = 'under-a-second';

async function writeLists(
  workers: Workers,
  lists: Lists,
  year: number,
  signal: AbortSignal,
): Promise<void> {
  const jobs = (['keyboard', 'season'] as const).map((what) => () => ({
    kind: 'write' as const,
    what,
    year,
    file: lists[what],
  }));
  if (await workers.run(jobs, () => undefined, signal)) return;
  throw new OperatorError('audit-stopped', 'the audit was stopped before it tried anything', {
    exit: sysexits.tempFail,
  });
}

/**
 * Tells whether this audit tried the kind of candidates by which a weak password was found. With
 * fewer lists than before, it cannot know that the password has changed.
 */
function triedAgain(
  plans: readonly CandidatePlan[],
  { rangeFiles, rangeService }: AuditOptions,
): (weak: WeakNote) => boolean {
  const ranges = rangeFiles !== '' || rangeService !== '';
  return ({ strength, by }) =>
    by === 'empty' ||
    (by === 'leaked-range' && ranges) ||
    plans.some(({ leg }) => leg.by === by && leg.strength === strength);
}

/**
 * Accounts that are no longer weak. If the same candidates do not guess a weak password again, it
 * was changed; an account that its source no longer has is gone. A salted hash shows a change
 * earlier, by its mark.
 */
function weakNoMore(
  {
    worklist,
    triedStore,
    tried,
    whole,
  }: {
    readonly worklist: Worklist;
    readonly triedStore: TriedStore;
    readonly tried: (weak: WeakNote) => boolean;
    readonly whole: ReadonlySet<string>;
  },
  known: readonly WeakPassword[],
): readonly Login[] {
  const changed: Login[] = [];
  const unseen = byLogin(known.filter(({ source }) => whole.has(source)));
  // An account may have several passwords; one weak password is enough.
  const stillWeak = new Set<string>();
  for (const { source, account, weak } of worklist.results()) {
    if (weak !== undefined) stillWeak.add(loginKey({ source, account }));
  }
  for (const { source, account } of worklist.results()) {
    const key = loginKey({ source, account });
    const before = unseen.get(key);
    unseen.delete(key);
    if (stillWeak.has(key)) continue;
    const note = triedStore.read(source, account);
    const last = note?.weak ?? before;
    if (last === undefined || !tried(last)) continue;
    changed.push({ source, account });
    if (note !== undefined) triedStore.write([{ source, account, ...note, weak: undefined }]);
  }
  return [...changed, ...[...unseen.values()].map(loginOf)];
}

function nothing(): OperatorError {
  return new OperatorError('no-accounts', 'no account could be read', {
    hint: 'postern passwords sources shows where passwords are; most can be read only by root',
    exit: sysexits.noInput,
  });
}
