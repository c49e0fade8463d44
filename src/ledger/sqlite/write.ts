/** Applies changes in one transaction for each call, all of them or none. */
import type { DatabaseSync } from 'node:sqlite';
import { unreachable } from '../../lib/assert.ts';
import type { ChecklistWrite } from '../../ports/checklist/checklist.ts';
import type { ImportChange } from '../../ports/imports/imports.ts';
import type { CorrespondentsChange } from '../../ports/inbound/correspondents.ts';
import type { InboundChange } from '../../ports/inbound/inbound.ts';
import type { Change, Ledger } from '../../ports/ledger.ts';
import type { MailingChange } from '../../ports/mailings/mailings.ts';
import type { Marks } from './soundness/wal-match.ts';
import { writeFault } from './tables/faults.ts';
import type { Tables } from './tables.ts';

/**
 * Runs `work` in a transaction. After an error nothing is kept, and the connection stays usable.
 */
export function inTransaction<Result>(
  database: DatabaseSync,
  path: string,
  work: () => Result,
): Result {
  try {
    database.exec('BEGIN IMMEDIATE');
    const result = work();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    rollBack(database);
    throw writeFault(path, error);
  }
}

/**
 * Sets how far a commit reaches. NORMAL hands it to the kernel: a killed process loses nothing.
 * FULL (`durable`) waits for the disk, with all earlier commits: a power cut loses nothing either.
 */
export function writer(
  database: DatabaseSync,
  path: string,
  of: { readonly tables: Tables; readonly stillThere: () => void; readonly marks: Marks },
): Ledger['write'] {
  const { marks, stillThere, tables } = of;
  let synchronous = '';
  return (changes, { durable }) => {
    if (changes.length === 0 && !durable) return;
    stillThere();
    const wanted = durable ? 'FULL' : 'NORMAL';
    if (wanted !== synchronous) database.exec(`PRAGMA synchronous = ${wanted}`);
    synchronous = wanted;
    inTransaction(database, path, () => {
      for (const change of changes) apply(tables, change);
      marks.write();
    });
    marks.committed();
  };
}

function apply(tables: Tables, change: Change): void {
  switch (change.kind) {
    case 'account':
      tables.accounts.put(change);
      break;
    case 'message':
      tables.messages.put(change.row);
      break;
    case 'story':
      tables.stories.put(change.row);
      break;
    case 'held':
      tables.held.put(change.row);
      break;
    case 'incident':
      tables.incidents.put(change.row);
      break;
    case 'exemption':
      tables.exemptions.put(change.row);
      break;
    case 'audit':
      tables.audit.put(change.row);
      break;
    case 'notice':
      tables.notices.put(change.row);
      break;
    case 'sending-domain':
      tables.sendingDomains.put(change.row);
      break;
    case 'rollup':
      tables.rollups.put(change.row);
      break;
    case 'handover':
      tables.handovers.put(change.row);
      break;
    case 'meta':
      tables.meta.put(change.key, change.value);
      break;
    case 'dkim-key':
      tables.dkimKeys.put(change.row);
      break;
    case 'key-holder':
      tables.dkimKeys.putHolder(change.row);
      break;
    case 'dkim-key-forgotten':
      tables.dkimKeys.forget(change);
      break;
    case 'script':
      tables.scripts.put(change.row);
      break;
    case 'script-rule':
      tables.scripts.putRule(change.row);
      break;
    case 'weak-password':
      tables.weakPasswords.put(change.row);
      break;
    case 'may-write-as':
      tables.authors.put(change.row);
      break;
    case 'written-as':
      tables.authors.putSeen(change.row);
      break;
    case 'not-written-as':
      tables.authors.dropSeen(change.row);
      break;
    case 'lanes':
      tables.lanes.put(change.row);
      break;
    default:
      applyInbound(tables, change);
  }
}

type AccountWrite = MailingChange | ImportChange;
type Later = InboundChange | CorrespondentsChange | ChecklistWrite | AccountWrite;

function applyInbound(tables: Tables, change: Later): void {
  const { inbound } = tables;
  switch (change.kind) {
    case 'inbound':
      inbound.put(change.row);
      break;
    case 'inbound-deferred':
      inbound.putDeferred(change.row);
      break;
    case 'inbound-known':
      inbound.putKnown(change.row);
      break;
    case 'inbound-sent':
      inbound.putSent(change.row);
      break;
    case 'inbound-forgotten':
      inbound.forgetKnown(change.known);
      break;
    case 'inbound-allowed':
      inbound.putAllowed(change.row);
      break;
    case 'inbound-disallowed':
      inbound.dropAllowed(change.what);
      break;
    case 'correspondents':
      tables.correspondents.put(change.row);
      break;
    default:
      applyChecklist(tables, change);
  }
}

function applyChecklist(tables: Tables, change: ChecklistWrite | AccountWrite): void {
  const { checklist } = tables;
  switch (change.kind) {
    case 'checklist-item':
      checklist.put(change.row);
      break;
    case 'checklist-gone':
      checklist.drop(change.id);
      break;
    case 'checklist-change':
      checklist.putChange(change.row);
      break;
    case 'acknowledgement':
      checklist.putAcknowledgement(change.row);
      break;
    case 'acknowledgement-ended':
      checklist.dropAcknowledgement(change.id);
      break;
    default:
      applyAnnounced(tables, change);
  }
}

function applyAnnounced({ imports, mailings }: Tables, change: AccountWrite): void {
  switch (change.kind) {
    case 'mailing':
      mailings.put(change.row);
      break;
    case 'import':
      imports.put(change.row);
      break;
    case 'imported':
      imports.add(change);
      break;
    case 'not-imported':
      imports.drop(change);
      break;
    default:
      unreachable(change);
  }
}

/** Rolls back, unless SQLite has done so already (full disk, I/O error). */
function rollBack(database: DatabaseSync): void {
  if (!database.isTransaction) return;
  try {
    database.exec('ROLLBACK');
  } catch {
    // The first error is the one to report. The next transaction finds out whether the file works.
  }
}
