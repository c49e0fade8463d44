/** Tries one unit of candidates on its accounts, by John or by our own workers. */
import { statSync, writeFileSync } from 'node:fs';
import type { PasswordFinding, WeakNote } from '../../core/passwords/audit-report.ts';
import type { Hash } from '../../core/passwords/hash.ts';
import type { Leg } from '../../core/passwords/strength.ts';
import { copySlice } from '../candidates/candidates.ts';
import { runJohn, type Target, writeCandidates } from '../john/john.ts';
import type { WorkerJob } from '../workers/hash-worker.ts';
import type { AuditState } from './audit-state.ts';
import type { TriedNote } from './tried-store.ts';
import type { TryUnit } from './units.ts';
import type { Work } from './worklist.ts';

/** Tries the unit, and answers with the seconds it took; undefined if it was cut off. */
export async function tryUnit(state: AuditState, unit: TryUnit): Promise<number | undefined> {
  const [first] = unit.works;
  if (first === undefined) return 0;
  if (first.hash.tried.by === 'john') return await runByJohn(state, unit, first.hash);
  const began = performance.now();
  const done = await runByWorkers(state, unit);
  return done ? (performance.now() - began) / 1_000 : undefined;
}

const wordsFile = 'words';

/**
 * The unit with its part of a list copied to a file. Only the copy shows where the part ends, at
 * the end of a line.
 */
export function sliced(state: AuditState, unit: TryUnit): TryUnit {
  const { candidates } = unit.plan;
  if (candidates.kind === 'own') return unit;
  const into = state.folder.file(wordsFile);
  const blank = candidates.blank && unit.from === unit.plan.from;
  const to = copySlice(candidates.file, { from: unit.from, to: unit.to, into, blank });
  state.folder.makeOver(wordsFile);
  return { ...unit, to: Math.min(Math.max(to, unit.to), unit.plan.to) };
}

async function runByJohn(
  state: AuditState,
  unit: TryUnit,
  hash: Hash,
): Promise<number | undefined> {
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
    john: state.john,
    sandbox: state.sandbox,
    folder: state.folder,
    targets,
    format: hash.tried.format,
    processors: state.processors,
    signal: state.signal,
    candidates:
      candidates.kind === 'own'
        ? { kind: 'single', rules: candidates.rules.slice(unit.from, unit.to) }
        : { kind: 'words', file: wordsFile, rules: candidates.rules },
    found(name) {
      const work = byName.get(name);
      if (work !== undefined) noteGuessed(state, [work], leg);
    },
  });
  if (complete && loaded < targets.length) state.refused(hash.scheme, targets.length - loaded);
  return complete ? seconds : undefined;
}

/**
 * The login under which John knows the account; each differs from all others. It is the account's
 * own name if John cannot misread it, because John also tries the login as a word.
 */
function nameFor({ id, account }: Work, taken: ReadonlyMap<string, Work>): string {
  return /^[\w.@+-]{1,64}$/.test(account) && !taken.has(account) ? account : `account~${id}`;
}

async function runByWorkers(state: AuditState, unit: TryUnit): Promise<boolean> {
  const { candidates } = unit.plan;
  if (candidates.kind === 'own') return await eachByItsOwnWords(state, unit, candidates.rules);
  let file = wordsFile;
  if (candidates.rules.length > 0) {
    file = 'varied';
    await writeCandidates(state, { words: wordsFile, rules: candidates.rules, into: file });
  }
  const path = state.folder.file(file);
  const size = statSync(path).size;
  const pieces = state.processors * piecesEach;
  const at = (piece: number): number => Math.floor((size * piece) / pieces);
  const jobs = Array.from({ length: pieces }, (_, nth) => (): WorkerJob | undefined => {
    const entries = entriesOf(state, unit.works);
    if (entries.length === 0) return undefined;
    return { kind: 'try', file: path, from: at(nth), to: at(nth + 1), entries };
  });
  return await tryJobs(state, unit, jobs);
}

/**
 * Pieces of a list for each worker. A new piece leaves out the accounts that other workers have
 * guessed meanwhile.
 */
const piecesEach = 6;

/** Files of candidates that exist at the same time. */
const ownFilesMax = 200;

async function eachByItsOwnWords(
  state: AuditState,
  unit: TryUnit,
  rules: readonly string[],
): Promise<boolean> {
  const { folder } = state;
  const part = rules.slice(unit.from, unit.to);
  for (let at = 0; at < unit.works.length; at += ownFilesMax) {
    const some = unit.works.slice(at, at + ownFilesMax);
    const jobs: (() => WorkerJob | undefined)[] = [];
    for (const [nth, work] of some.entries()) {
      if (state.signal.aborted) return false;
      const into = `own-${nth}`;
      writeFileSync(folder.file(wordsFile), `${work.words.join('\n')}\n`, { mode: 0o600 });
      await writeCandidates(state, { words: wordsFile, rules: part, into });
      const file = folder.file(into);
      const entries = entriesOf(state, [work]);
      jobs.push(() => ({ kind: 'try', file, from: 0, to: statSync(file).size, entries }));
    }
    const done = await tryJobs(state, unit, jobs);
    if (!done) return false;
  }
  return true;
}

async function tryJobs(
  state: AuditState,
  { plan, works }: TryUnit,
  jobs: readonly (() => WorkerJob | undefined)[],
): Promise<boolean> {
  const byId = new Map(works.map((work) => [work.id, work]));
  return await state.workers.run(
    jobs,
    ({ found }) => {
      const hit = found.flatMap((id) => byId.get(id) ?? []);
      noteGuessed(state, hit, plan.leg);
    },
    state.signal,
  );
}

function entriesOf(
  { guessed }: AuditState,
  works: readonly Work[],
): Extract<WorkerJob, { kind: 'try' }>['entries'] {
  return works.flatMap(({ id, hash: { tried } }) =>
    tried.by === 'workers' && !guessed.has(id) ? [{ id, trial: tried.trial }] : [],
  );
}

/** Notes weak passwords immediately, so that none is lost when the unit is cut off. */
function noteGuessed(state: AuditState, works: readonly Work[], leg: Leg): void {
  if (works.length === 0) return;
  const findings: PasswordFinding[] = [];
  const notes: TriedNote[] = [];
  for (const { id, source, account, hash, mark, progress, further } of works) {
    const since = state.triedStore.read(source, account)?.weak?.since ?? state.now();
    const weak: WeakNote = { strength: leg.strength, by: leg.by, since };
    state.worklist.found(id, weak);
    state.guessed.add(id);
    if (!further) notes.push({ source, account, mark, progress, weak });
    findings.push({ source, account, scheme: hash.scheme, ...weak });
  }
  state.triedStore.write(notes);
  state.found(findings);
}
