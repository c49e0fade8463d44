/**
 * Reads the accounts of all sources into the worklist, with what earlier audits noted about them.
 * Lines that cannot be read are reported as faults.
 */
import { setImmediate as breathe } from 'node:timers/promises';
import type { Login, PasswordFinding, WeakNote } from '../../core/passwords/audit-report.ts';
import type { Hash } from '../../core/passwords/hash.ts';
import { ownWords } from '../../core/passwords/own-words.ts';
import { faultText } from '../../lib/error-text.ts';
import { OperatorError } from '../../lib/operator-error.ts';
import type { Millis } from '../../lib/time.ts';
import type { RangeLists } from '../candidates/range-lists.ts';
import type { PrivateFolder } from '../sandbox/private-folder.ts';
import type { SourceRow } from '../sources/row.ts';
import { rowsOf, type Source } from '../sources/source.ts';
import type { TriedStore } from './tried-store.ts';
import type { Worklist } from './worklist.ts';

export type SourceFault = { readonly source: string; readonly line: number; readonly what: string };

export type LoadDeps = {
  readonly folder: PrivateFolder;
  readonly triedStore: TriedStore;
  readonly worklist: Worklist;
  /** Domain of accounts without one; its words are tried too. */
  readonly domain: string;
  readonly ranges: RangeLists;
  /** The hash as the installed John tries it. */
  readonly forJohn: (hash: Hash) => Hash;
  readonly now: () => Millis;
  /**
   * Aborted when time is up: reading ends, and accounts that were not read do not count as gone.
   */
  readonly signal: AbortSignal;
  readonly fault: (fault: SourceFault) => void;
  readonly found: (found: readonly PasswordFinding[]) => void;
  /** Accounts that had a weak password and now have another one, or are gone. */
  readonly changed: (changed: readonly Login[]) => void;
};

/**
 * Rows between two pauses. Reading is synchronous, so without pauses neither signals nor timers
 * would run.
 */
const rowsBetween = 1_000;
/**
 * Time for questions about leaks: 10 minutes. A service answers in a tenth of a second, so this is
 * enough for some thousand accounts.
 */
const leaksMs = 10 * 60_000;

export type LoadedAccounts = {
  accounts: number;
  locked: number;
  faults: number;
  /** Sources that were read to the end. */
  readonly whole: Set<string>;
};

/** Loads all sources. A source that cannot be read is reported as a fault; the others go on. */
export async function loadAccounts(
  sources: readonly Source[],
  deps: LoadDeps,
): Promise<LoadedAccounts> {
  const sum: LoadedAccounts = { accounts: 0, locked: 0, faults: 0, whole: new Set() };
  const { signal } = deps;
  const leaks = askedUntilItFails(deps, sum);
  let rows = 0;
  for (const source of sources) {
    const { spec } = source;
    deps.triedStore.begin(spec);
    try {
      for (const row of await rowsOf(source, deps)) {
        await take(spec, row, { ...deps, leaks }, sum);
        if (++rows % rowsBetween === 0) await breathe();
        if (signal.aborted) return sum;
      }
      sum.whole.add(spec);
      const gone = deps.triedStore.gone(spec).filter(({ weak }) => weak);
      if (gone.length > 0) deps.changed(gone.map(({ account }) => ({ source: spec, account })));
    } catch (error) {
      if (!(error instanceof OperatorError) || !/^source-/.test(error.code)) throw error;
      if (signal.aborted) return sum;
      sum.faults++;
      deps.fault({ source: spec, line: 0, what: faultText(error) });
    } finally {
      deps.triedStore.end();
    }
  }
  return sum;
}

type RowDeps = LoadDeps & { readonly leaks: (sha1: string) => Promise<number> };

/**
 * Asks about leaks until it fails once or takes too long. That is reported as a fault, and the
 * audit goes on without leaks.
 */
function askedUntilItFails(
  { ranges, fault }: LoadDeps,
  sum: LoadedAccounts,
): (sha1: string) => Promise<number> {
  let failed = false;
  let spentMs = 0;
  const fail = (why: string): number => {
    failed = true;
    sum.faults++;
    fault({ source: 'leaks', line: 0, what: `${why}; the other passwords are not looked up` });
    return 0;
  };
  return async (sha1) => {
    if (failed || sha1 === '') return 0;
    const began = performance.now();
    try {
      const times = await ranges.times(sha1);
      spentMs += performance.now() - began;
      if (spentMs > leaksMs) fail(`looking up leaks took more than ${leaksMs / 60_000} minutes`);
      return times;
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      return fail(error.message);
    }
  };
}

async function take(
  source: string,
  row: SourceRow,
  deps: RowDeps,
  sum: LoadedAccounts,
): Promise<void> {
  switch (row.kind) {
    case 'fault':
      sum.faults++;
      deps.fault({ source, line: row.line, what: row.what });
      return;
    case 'locked':
      sum.locked++;
      return;
    case 'empty':
      sum.accounts++;
      noPassword(source, row.account, deps);
      return;
    default:
      sum.accounts++;
      await account(source, row, deps);
  }
}

function noPassword(source: string, name: string, deps: LoadDeps): void {
  const { triedStore, worklist } = deps;
  const since = triedStore.read(source, name)?.weak?.since ?? deps.now();
  const weak: WeakNote = { strength: 'no-password', by: 'empty', since };
  const hash = {
    scheme: 'none',
    group: 'none',
    rate: 1,
    unsalted: true,
    tried: { by: 'john', format: 'crypt', text: '' },
  } as const;
  triedStore.write([{ source, account: name, mark: '', progress: {}, weak }]);
  worklist.add({
    source,
    account: name,
    hash,
    words: [],
    mark: '',
    progress: {},
    fresh: false,
    further: false,
    weak,
  });
  deps.found([{ source, account: name, scheme: 'none', ...weak }]);
}

async function account(
  source: string,
  row: Extract<SourceRow, { kind: 'account' }>,
  deps: RowDeps,
): Promise<void> {
  const { triedStore, worklist } = deps;
  const { account: name } = row;
  const hash = deps.forJohn(row.hash);
  const note = triedStore.read(source, name);
  // A directory may have several passwords for one account.
  const further = note?.seen === true;
  const mark = further ? '' : triedStore.mark(row.hash);
  // An unsalted hash has no mark, so a change does not show; trying it again costs next to nothing.
  const same = note !== undefined && mark !== '' && note.mark === mark;
  if (note?.weak !== undefined && mark !== '' && !same) deps.changed([{ source, account: name }]);
  const whole = name.includes('@') || deps.domain === '' ? name : `${name}@${deps.domain}`;
  const words = ownWords({ account: whole, name: row.name, organisation: row.organisation });
  const common = { source, account: name, mark };
  let weak = same ? note.weak : undefined;
  if (weak === undefined && row.sha1 !== '' && (await deps.leaks(row.sha1)) > 0) {
    const since = note?.weak?.since ?? deps.now();
    weak = { strength: 'by-rule', by: 'leaked-range', since };
    deps.found([{ source, account: name, scheme: hash.scheme, ...weak }]);
  }
  const progress = same ? note.progress : {};
  worklist.add({ ...common, hash, words, progress, fresh: !same, further, weak });
  if (further) return;
  if (same) triedStore.seen(source, name);
  // A weak password stays weak in the notes until it is tried again, because `since` is needed
  // then.
  else
    triedStore.write([
      { ...common, progress: {}, weak: mark === '' ? (weak ?? note?.weak) : weak },
    ]);
}
