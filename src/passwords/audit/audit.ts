/**
 * One audit: all accounts of the sources, leg by leg, likeliest candidates first. Work is cut into
 * units of some seconds; after each one it is written down how far its accounts are, so that a run
 * that was killed goes on where it was.
 */
import { statSync, writeFileSync } from 'node:fs';
import type { PasswordFinding, WeakNote } from '../../core/passwords/audit-report.ts';
import type { Hash } from '../../core/passwords/hash.ts';
import type { Leg } from '../../core/passwords/strength.ts';
import type { Millis } from '../../lib/time.ts';
import { type CandidatePlan, copySlice } from '../candidates/candidates.ts';
import { type John, runJohn, type Target, writeCandidates } from '../john/john.ts';
import type { PrivateFolder } from '../sandbox/private-folder.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import type { WorkerJob } from '../workers/hash-worker.ts';
import type { Workers } from '../workers/workers.ts';
import { type Noted, type TriedStore, toTheEnd } from './tried-store.ts';
import type { Group, Work, Worklist } from './worklist.ts';

export type AuditDeps = {
  readonly john: John;
  readonly sandbox: Sandbox;
  readonly folder: PrivateFolder;
  readonly workers: Workers;
  readonly worklist: Worklist;
  readonly triedStore: TriedStore;
  readonly plans: readonly CandidatePlan[];
  readonly processors: number;
  readonly now: () => Millis;
  /** Time is up, or a person has had enough. */
  readonly signal: AbortSignal;
  readonly found: (found: readonly PasswordFinding[]) => void;
  readonly progress: (progress: AuditProgress) => void;
  /** John took fewer hashes of a scheme than it was given: so many were not tried. */
  readonly refused: (scheme: string, count: number) => void;
};

export type AuditProgress = {
  readonly leg: string;
  /** Candidates tried so far, and how many a second. */
  readonly tried: number;
  readonly perSecond: number;
  readonly secondsLeft: number;
  readonly weak: number;
};

/**
 * A unit takes about so long: short enough to lose little when it is cut off, long enough that
 * starting John costs nothing.
 */
const unitSeconds = 15;
/** Until it is known how fast a group is. */
const firstUnitSeconds = 3;
/** Accounts in a unit: their hashes fit into memory, and John loads them at once. */
const unitAccountsMax = 2_000;
/** Candidates in a file for workers. */
const unitWordsMax = 2_000_000;

type Unit = {
  readonly plan: CandidatePlan;
  readonly works: readonly Work[];
  readonly from: number;
  readonly to: number;
};

/** What goes on during one audit. */
type Course = AuditDeps & {
  /** Candidates a second, by group, all processors together. */
  readonly speeds: Map<string, number>;
  /** Ids of those that were guessed. */
  readonly guessed: Set<number>;
};

/** True: every candidate was tried on everybody. */
export async function audit(deps: AuditDeps): Promise<boolean> {
  const course: Course = { ...deps, speeds: new Map(), guessed: new Set() };
  const meter = openMeter(course);
  for (const dear of [false, true]) {
    for (const [nth, plan] of deps.plans.entries()) {
      const groups = deps.worklist
        .begin(plan.key, plan.edition)
        .filter(({ hash }) => hash.rate < dearRate === dear);
      meter.begin(nth, groups);
      // The quick ones first: most of the weak are found before the slow ones have taken the time.
      for (const { group } of groups.toSorted((a, b) => b.hash.rate - a.hash.rate)) {
        if (!(await through(course, plan, group, meter))) return false;
      }
    }
  }
  return true;
}

/**
 * What takes longer than a second for one try goes last, through all legs: else one account, whose
 * owner had a say in what his hash costs, took the time of all others in the first leg, audit after
 * audit.
 */
const dearRate = 1;

async function through(
  course: Course,
  plan: CandidatePlan,
  group: string,
  meter: Meter,
): Promise<boolean> {
  for (let next = nextUnit(course, plan, group); next; next = nextUnit(course, plan, group)) {
    if (course.signal.aborted) return false;
    const unit = sliced(course, next);
    const seconds = await run(course, unit);
    if (seconds === undefined) return false;
    measure(course.speeds, group, triesOf(unit), seconds);
    settle(course, unit);
    meter.add(unit);
  }
  return true;
}

/**
 * Writes down how far these accounts are. Of hashes without a mark nothing is kept: they are tried
 * anew every time.
 */
function settle({ worklist, triedStore, guessed }: Course, { plan, works, to }: Unit): void {
  const { key, edition } = plan;
  const position = to >= plan.to ? toTheEnd : to;
  const rest = works.filter(({ id }) => !guessed.has(id));
  worklist.advance(key, edition, rest, position);
  const notes = rest.filter(({ mark }) => mark !== '');
  triedStore.write(
    notes.map(({ source, account, mark, progress }) => ({
      source,
      account,
      mark,
      weak: undefined,
      progress: { ...progress, [key]: [edition, position] },
    })),
  );
}

type Meter = { begin(nth: number, groups: readonly Group[]): void; add(unit: Unit): void };

/**
 * Counts candidates, and estimates what is still to do from how many accounts of which group there
 * are.
 */
function openMeter(course: Course): Meter {
  const { plans, speeds, processors } = course;
  const began = performance.now();
  let [leg, tried] = [0, 0];
  const left = new Map<string, Group>();
  const secondsOf = (plan: CandidatePlan | undefined, { group, count, hash }: Group): number => {
    if (plan === undefined) return 0;
    const salts = isShared(plan, hash) ? Math.min(count, 1) : count;
    const rate = speeds.get(group) ?? hash.rate * processors;
    return (plan.count(plan.from, plan.to, wordsUsual) * salts) / rate;
  };
  const tell = (): void => {
    let secondsLeft = 0;
    for (const group of left.values()) {
      for (const plan of plans.slice(leg + 1)) {
        secondsLeft += secondsOf(plan, everybody.get(group.group) ?? group);
      }
      secondsLeft += secondsOf(plans[leg], group);
    }
    const perSecond = tried / Math.max((performance.now() - began) / 1_000, 0.001);
    const by = plans[leg]?.leg.name ?? '';
    course.progress({ leg: by, tried, perSecond, secondsLeft, weak: course.guessed.size });
  };
  const everybody = new Map<string, Group>();
  return {
    begin(nth, groups) {
      leg = nth;
      left.clear();
      for (const one of groups) {
        left.set(one.group, one);
        if (!everybody.has(one.group)) everybody.set(one.group, one);
      }
      // Where all are through this leg already, nothing is known yet of those to come.
      if (everybody.size > 0) tell();
    },
    add(unit) {
      tried += triesOf(unit);
      const group = left.get(unit.works[0]?.hash.group ?? '');
      const share = (unit.to - unit.from) / Math.max(unit.plan.to - unit.plan.from, 1);
      if (group !== undefined) {
        const count = Math.max(0, group.count - unit.works.length * share);
        left.set(group.group, { ...group, count });
      }
      tell();
    },
  };
}

/** A candidate is worked out once for all accounts of the group. */
function isShared({ candidates }: CandidatePlan, { unsalted }: Hash): boolean {
  return unsalted && candidates.kind === 'list';
}

function triesOf({ plan, works, from, to }: Unit): number {
  const [first] = works;
  const salts = first !== undefined && isShared(plan, first.hash) ? 1 : works.length;
  const words = works.reduce((sum, work) => sum + work.words.length, 0) / Math.max(works.length, 1);
  return plan.count(from, to, words) * salts;
}

/** Words of an account, on the average of those seen. */
const wordsUsual = 5;
/** A measurement of less than this tells more of starting a program than of trying passwords. */
const measuredSecondsMin = 0.3;

function measure(speeds: Map<string, number>, group: string, tries: number, seconds: number): void {
  if (tries === 0) return;
  if (seconds < measuredSecondsMin) {
    speeds.set(group, Math.max(speeds.get(group) ?? 0, tries / measuredSecondsMin));
    return;
  }
  const now = tries / seconds;
  const before = speeds.get(group);
  speeds.set(group, before === undefined ? now : before / 2 + now / 2);
}

function nextUnit(
  { worklist, processors, speeds }: Course,
  plan: CandidatePlan,
  group: string,
): Unit | undefined {
  const head = worklist.next(group, 1);
  const [first] = head.works;
  if (first === undefined) return undefined;
  const from = Math.max(head.position, plan.from);
  const known = speeds.get(group);
  const rate = known ?? first.hash.rate * processors;
  const wanted = rate * (known === undefined ? firstUnitSeconds : unitSeconds);
  const each = plan.count(from, plan.to, wordsUsual);
  const shared = isShared(plan, first.hash);
  const most = shared ? unitAccountsMax : Math.floor(wanted / each);
  const { works } = worklist.next(group, Math.min(Math.max(1, most), unitAccountsMax));
  const room = Math.min(wanted / (shared ? 1 : works.length), unitWordsMax);
  if (each <= room) return { plan, works: distinct(works), from, to: plan.to };
  const to = from + Math.max(1, Math.floor(((plan.to - from) * room) / each));
  return { plan, works: distinct(works), from, to: Math.min(to, plan.to) };
}

/** John keeps one of several equal hashes: the others come with the next unit. */
function distinct(works: readonly Work[]): readonly Work[] {
  const seen = new Set<string>();
  return works.filter(({ hash: { tried } }) => {
    if (tried.by !== 'john') return true;
    if (seen.has(tried.text)) return false;
    seen.add(tried.text);
    return true;
  });
}

/** How long it took; undefined: cut off. */
async function run(deps: Course, unit: Unit): Promise<number | undefined> {
  const [first] = unit.works;
  if (first === undefined) return 0;
  if (first.hash.tried.by === 'john') return await runByJohn(deps, unit, first.hash);
  const began = performance.now();
  const done = await runByWorkers(deps, unit);
  return done ? (performance.now() - began) / 1_000 : undefined;
}

const wordsFile = 'words';

/** Of a list, the part of this unit becomes a file; where that ends is only known then. */
function sliced(deps: Course, unit: Unit): Unit {
  const { candidates } = unit.plan;
  if (candidates.kind === 'own') return unit;
  const into = deps.folder.file(wordsFile);
  const blank = candidates.blank && unit.from === unit.plan.from;
  const to = copySlice(candidates.file, { from: unit.from, to: unit.to, into, blank });
  deps.folder.makeOver(wordsFile);
  return { ...unit, to: Math.min(Math.max(to, unit.to), unit.plan.to) };
}

async function runByJohn(deps: Course, unit: Unit, hash: Hash): Promise<number | undefined> {
  if (hash.tried.by !== 'john') return 0;
  const { candidates, leg } = unit.plan;
  const byName = new Map<string, Work>();
  const targets: Target[] = [];
  for (const work of unit.works) {
    if (work.hash.tried.by !== 'john') continue;
    const name = nameFor(work, byName);
    byName.set(name, work);
    targets.push({ name, hash: work.hash.tried.text, words: work.words });
  }
  const { complete, loaded, seconds } = await runJohn({
    john: deps.john,
    sandbox: deps.sandbox,
    folder: deps.folder,
    targets,
    format: hash.tried.format,
    processors: deps.processors,
    signal: deps.signal,
    candidates:
      candidates.kind === 'own'
        ? { kind: 'single', rules: candidates.rules.slice(unit.from, unit.to) }
        : { kind: 'words', file: wordsFile, rules: candidates.rules },
    found(name) {
      const work = byName.get(name);
      if (work !== undefined) noteGuessed(deps, [work], leg);
    },
  });
  if (complete && loaded < targets.length) deps.refused(hash.scheme, targets.length - loaded);
  return complete ? seconds : undefined;
}

/**
 * The login is a word that John tries, so it stands for itself where nothing in it could be
 * misread; no login is like the other.
 */
function nameFor({ id, account }: Work, taken: ReadonlyMap<string, Work>): string {
  return /^[\w.@+-]{1,64}$/.test(account) && !taken.has(account) ? account : `account~${id}`;
}

async function runByWorkers(deps: Course, unit: Unit): Promise<boolean> {
  const { candidates } = unit.plan;
  if (candidates.kind === 'own') return await eachByItsOwnWords(deps, unit, candidates.rules);
  let file = wordsFile;
  if (candidates.rules.length > 0) {
    file = 'varied';
    await writeCandidates(deps, { words: wordsFile, rules: candidates.rules, into: file });
  }
  const path = deps.folder.file(file);
  const size = statSync(path).size;
  const pieces = deps.processors * piecesEach;
  const at = (piece: number): number => Math.floor((size * piece) / pieces);
  const jobs = Array.from({ length: pieces }, (_, nth) => (): WorkerJob | undefined => {
    const entries = entriesOf(deps, unit.works);
    if (entries.length === 0) return undefined;
    return { kind: 'try', file: path, from: at(nth), to: at(nth + 1), entries };
  });
  return await tryJobs(deps, unit, jobs);
}

/**
 * A worker's share of a list comes in so many pieces: what another has guessed meanwhile is not
 * tried on.
 */
const piecesEach = 6;

/** So many files of candidates at once. */
const ownFilesMax = 200;

async function eachByItsOwnWords(
  deps: Course,
  unit: Unit,
  rules: readonly string[],
): Promise<boolean> {
  const { folder } = deps;
  const part = rules.slice(unit.from, unit.to);
  for (let at = 0; at < unit.works.length; at += ownFilesMax) {
    const some = unit.works.slice(at, at + ownFilesMax);
    const jobs: (() => WorkerJob | undefined)[] = [];
    for (const [nth, work] of some.entries()) {
      if (deps.signal.aborted) return false;
      const into = `own-${nth}`;
      writeFileSync(folder.file(wordsFile), `${work.words.join('\n')}\n`, { mode: 0o600 });
      await writeCandidates(deps, { words: wordsFile, rules: part, into });
      const file = folder.file(into);
      const entries = entriesOf(deps, [work]);
      jobs.push(() => ({ kind: 'try', file, from: 0, to: statSync(file).size, entries }));
    }
    const done = await tryJobs(deps, unit, jobs);
    if (!done) return false;
  }
  return true;
}

async function tryJobs(
  deps: Course,
  { plan, works }: Unit,
  jobs: readonly (() => WorkerJob | undefined)[],
): Promise<boolean> {
  const byId = new Map(works.map((work) => [work.id, work]));
  return await deps.workers.run(
    jobs,
    ({ found }) => {
      const hit = found.flatMap((id) => byId.get(id) ?? []);
      noteGuessed(deps, hit, plan.leg);
    },
    deps.signal,
  );
}

function entriesOf(
  { guessed }: Course,
  works: readonly Work[],
): Extract<WorkerJob, { kind: 'try' }>['entries'] {
  return works.flatMap(({ id, hash: { tried } }) =>
    tried.by === 'workers' && !guessed.has(id) ? [{ id, trial: tried.trial }] : [],
  );
}

/** At once, so that nothing found is lost when the unit is cut off. */
function noteGuessed(deps: Course, works: readonly Work[], leg: Leg): void {
  if (works.length === 0) return;
  const findings: PasswordFinding[] = [];
  const notes: Noted[] = [];
  for (const { id, source, account, hash, mark, progress, further } of works) {
    const since = deps.triedStore.read(source, account)?.weak?.since ?? deps.now();
    const weak: WeakNote = { strength: leg.strength, by: leg.by, since };
    deps.worklist.found(id, weak);
    deps.guessed.add(id);
    if (!further) notes.push({ source, account, mark, progress, weak });
    findings.push({ source, account, scheme: hash.scheme, ...weak });
  }
  deps.triedStore.write(notes);
  deps.found(findings);
}
