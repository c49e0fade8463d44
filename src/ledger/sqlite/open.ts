/**
 * Opens the ledger: SQLite in this process, write-ahead log, one writer. A command may read while
 * the daemon writes (`readOnly`). What was written survives kill -9; what was written `durable`
 * survives a power cut.
 */
import { existsSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import type { CorrespondentLedger } from '../../ports/inbound/correspondents.ts';
import type { InboundLedger } from '../../ports/inbound/inbound.ts';
import type { Ledger } from '../../ports/ledger.ts';
import type { Log } from '../../ports/world.ts';
import { readableVersion, showAsToday } from './as-today.ts';
import { checkpoints, walPagesMax, walPagesWithoutThread } from './checkpoint.ts';
import { copyBeforeMigration, removeOldCopies, wayBack } from './earlier-copy.ts';
import {
  fileGuard,
  lockForWriting,
  preparePrivateFile,
  refuseForRoot,
  refuseOtherKinds,
} from './files.ts';
import { forgetter } from './forget.ts';
import { checkVersion, migrate, migrations } from './migrations.ts';
import { pruner } from './prune.ts';
import { accountRemover } from './remove-account.ts';
import { startPageChecks } from './soundness/page-check.ts';
import { steadyLedger } from './soundness/steady.ts';
import { asidePath, type Marks, setWalAside, walBelongs, walMarks } from './soundness/wal-match.ts';
import { statisticsReader } from './statistics-reader.ts';
import { openFault } from './tables/faults.ts';
import { type Statements, statements } from './tables/statements.ts';
import { tables } from './tables.ts';
import { inTransaction, writer } from './write.ts';

export type LedgerOptions = {
  readonly log?: Log;
  /** For commands beside the daemon: takes no lock, changes nothing. */
  readonly readOnly?: boolean;
  /**
   * For the running guard. Gets what is wrong with the files; undefined when it is over. The ledger
   * then opens and answers in spite of damaged pages (soundness/steady.ts). Without this, damage is
   * an error.
   */
  readonly trouble?: LedgerTrouble;
};

export type LedgerTrouble = (part: 'ledger pages' | 'ledger log', why: string | undefined) => void;

export const inMemory = ':memory:';

/** Pages kept in memory, in KiB. With twice as many, a look-up among a million is 4 % cheaper. */
const cacheKib = 16_384;
/**
 * Only foreign programs lock the file. The event loop stands still meanwhile, so the retry is left
 * to the journal.
 */
const busyMs = 200;
/** What the log file shrinks to after a burst. */
const walBytesMax = 64 * 1024 * 1024;

export function openLedger(path: string, options: LedgerOptions = {}): Ledger {
  if (path !== inMemory) {
    refuseForRoot(path);
    refuseOtherKinds(path);
  }
  const log = options.log ?? (() => {});
  try {
    return options.readOnly === true
      ? openForReading(path, log)
      : openForWriting(path, log, options.trouble);
  } catch (error) {
    throw openFault(path, error);
  }
}

function openForWriting(path: string, log: Log, trouble: LedgerTrouble | undefined): Ledger {
  using stack = new DisposableStack();
  if (path !== inMemory) {
    preparePrivateFile(path);
    stack.defer(lockForWriting(path));
    if (!walBelongs(path)) dealWithForeignWal(path, log, trouble);
  }
  const database = stack.adopt(new DatabaseSync(path, { timeout: busyMs }), close);
  const version = checkVersion(database, path); // before anything of a foreign file is changed
  database.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA wal_autocheckpoint = ${walPagesMax};
    PRAGMA journal_size_limit = ${walBytesMax};
    PRAGMA cache_size = ${-cacheKib};
    PRAGMA temp_store = MEMORY;
  `);
  if (version < migrations.length) bringUpToDate(database, path, { version, log });
  const stillThere = path === inMemory ? () => {} : fileGuard(path);
  const make = statements(database, path);
  const all = tables(make);
  const marks = path === inMemory ? noMarks : walMarksOf(database, path, make);
  stack.defer(marks.close);
  const writeChanges = writer(database, path, { tables: all, stillThere, marks });
  const folding = checkpoints(path, {
    log,
    onDead: () => database.exec(`PRAGMA wal_autocheckpoint = ${walPagesWithoutThread}`),
  });
  stack.defer(folding.stop);
  const write: Ledger['write'] = (changes, how) => {
    writeChanges(changes, how);
    if (path !== inMemory) folding.wrote(changes.length);
  };
  const statistics = statisticsReader(path, { log });
  stack.defer(statistics.stop);
  const forget = forgetter(database, path, { make, stillThere });
  const removeAccount = accountRemover(database, path, { make, stillThere });
  const prune = pruner(database, path, { make, stillThere });
  log('debug', 'ledger.opened', { path, version: migrations.length });
  if (path !== inMemory && trouble !== undefined) {
    const checked = (why: string | undefined): void =>
      trouble('ledger pages', why === undefined ? undefined : damageText(path, why));
    stack.defer(startPageChecks(path, { log, checked }));
  }
  const owned = stack.move();
  const stored = reads(all);
  const statsAside = path === inMemory ? stored.statsAside : statistics.ask;
  const ledger = {
    ...stored,
    statsAside,
    write,
    prune,
    forget,
    removeAccount,
    close: () => owned.dispose(),
  };
  if (trouble === undefined) return ledger;
  return steadyLedger(ledger, (why) => trouble('ledger pages', damageText(path, why)));
}

const noMarks: Marks = { write() {}, committed() {}, close() {} };

function walMarksOf(database: DatabaseSync, path: string, make: Statements): Marks {
  const transaction = (work: () => void): void => inTransaction(database, path, work);
  return walMarks(database, path, { make, transaction });
}

/**
 * The log does not belong to the ledger, so it must not be applied. The guard goes on with the
 * ledger alone and keeps the log: mail matters more. A command leaves that to the guard.
 */
function dealWithForeignWal(path: string, log: Log, trouble: LedgerTrouble | undefined): void {
  if (trouble === undefined) {
    throw new OperatorError('ledger-log', `${path}-wal does not belong to ledger ${path}`, {
      hint: 'start the guard; it puts the file aside and says what to look at',
      exit: sysexits.dataErr,
    });
  }
  setWalAside(path);
  const aside = asidePath(path);
  log('error', 'ledger.log-set-aside', { path, aside });
  trouble(
    'ledger log',
    `${path}-wal did not belong to ledger ${path} and is now ${aside}: one of the two was ` +
      'restored without the other, and suspensions, releases and held mail may be missing; ' +
      'compare `postern accounts list` with what you know, then restart Postern',
  );
}

function damageText(path: string, why: string): string {
  return (
    `ledger ${path} is damaged (${why}): mail is judged, but with what can be read, and some new ` +
    'rows may be lost; repair the ledger as docs/operate.md says'
  );
}

/** Migrates the ledger. One that was in use is copied first; a new one is empty. */
function bringUpToDate(
  database: DatabaseSync,
  path: string,
  { version, log }: { readonly version: number; readonly log: Log },
): void {
  const copy = version === 0 ? undefined : copyBeforeMigration(database, path, { version });
  try {
    migrate(database, path);
  } catch (error) {
    if (copy !== undefined) rmSync(copy, { force: true });
    throw error;
  }
  log('info', 'ledger.migrated', { path, version });
  if (copy === undefined) return;
  const toGoBack = wayBack(path, copy);
  log('info', 'ledger.copied', { copy, version, toGoBack });
  removeOldCopies(path, copy);
}

function openForReading(path: string, log: Log): Ledger {
  if (path !== inMemory && !existsSync(path)) {
    throw new OperatorError('ledger-missing', `there is no ledger ${path}`, {
      hint: 'Postern makes it at the first start; if it is in another folder, give --state DIR',
      exit: sysexits.noInput,
    });
  }
  using stack = new DisposableStack();
  const database = stack.adopt(
    new DatabaseSync(path, { timeout: busyMs, readOnly: true }),
    (opened) => opened.close(),
  );
  const version = checkVersion(database, path);
  if (version < readableVersion) {
    throw new OperatorError(
      'ledger-too-old',
      `ledger ${path} has version ${version}; this postern reads ${readableVersion} and later`,
      { hint: 'start the guard with this version once; it changes the ledger to the new format' },
    );
  }
  showAsToday(database, version);
  log('debug', 'ledger.opened', { path, version, readOnly: true });
  const all = tables(statements(database, path));
  const refuse = (): never => {
    throw new OperatorError('ledger-write', `ledger ${path} was opened for reading only`);
  };
  const owned = stack.move();
  return {
    ...reads(all),
    write: refuse,
    prune: refuse,
    forget: refuse,
    removeAccount: refuse,
    close: () => owned.dispose(),
  };
}

function reads(
  all: ReturnType<typeof tables>,
): Omit<Ledger, 'write' | 'prune' | 'forget' | 'removeAccount' | 'close'> {
  const { accounts, messages, stories, held, incidents } = all;
  return {
    loadAccount: accounts.loadAccount,
    knownHere: accounts.knownHere,
    accounts: accounts.accounts,
    countAccounts: accounts.countAccounts,
    findAccounts: accounts.findAccounts,
    messagesOf: messages.messagesOf,
    message: messages.message,
    handover: all.handovers.handover,
    stories: stories.stories,
    story: stories.story,
    observedSince: stories.observedSince,
    held: held.held,
    heldOne: held.heldOne,
    countHeld: held.countHeld,
    heldSum: held.heldSum,
    heldMost: held.heldMost,
    oldestHeldAt: held.oldestHeldAt,
    incidents: incidents.incidents,
    exemptions: all.exemptions.exemptions,
    audit: all.audit.audit,
    notices: all.notices.notices,
    meta: all.meta.meta,
    dkimKeys: all.dkimKeys.dkimKeys,
    keyHolders: all.dkimKeys.keyHolders,
    sendingDomains: all.sendingDomains.sendingDomains,
    stats: all.rollups.stats,
    damaged: () => false,
    statsAside: async (query) => all.rollups.stats(query),
    scripts: all.scripts.scripts,
    scriptRules: all.scripts.scriptRules,
    weakPasswords: all.weakPasswords.weakPasswords,
    mayWriteAs: all.authors.mayWriteAs,
    writtenAs: all.authors.writtenAs,
    lanes: all.lanes.lanes,
    laneSamples: all.lanes.laneSamples,
    laneChanges: all.lanes.laneChanges,
    laneReplies: all.lanes.laneReplies,
    bulkDomains: all.lanes.bulkDomains,
    ...inboundReads(all),
    checklistItems: all.checklist.checklistItems,
    acknowledgements: all.checklist.acknowledgements,
    checklistChanges: all.checklist.checklistChanges,
    mailings: all.mailings.mailings,
    imports: all.imports.imports,
    importedOf: all.imports.importedOf,
  };
}

function inboundReads({
  correspondents,
  inbound,
}: ReturnType<typeof tables>): InboundLedger & CorrespondentLedger {
  return {
    inboundMail: inbound.inboundMail,
    inboundOne: inbound.inboundOne,
    inboundDue: inbound.inboundDue,
    inboundByDay: inbound.inboundByDay,
    notBack: inbound.notBack,
    countNotBack: inbound.countNotBack,
    deferredOne: inbound.deferredOne,
    known: inbound.known,
    countKnown: inbound.countKnown,
    sentNames: inbound.sentNames,
    inboundAllowed: inbound.inboundAllowed,
    correspondent: correspondents.correspondent,
    countCorrespondents: correspondents.countCorrespondents,
    domainUse: correspondents.domainUse,
    countDomainUses: correspondents.countDomainUses,
  };
}

/**
 * Folds the write-ahead log into the file, where no reader prevents it, so that a copy of the one
 * file is a backup.
 */
function close(database: DatabaseSync): void {
  try {
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  } catch {
    // On a full disk it stays in the log file, from which the next start reads it.
  }
  database.close();
}
