/**
 * The memory of the checklist, which the running guard keeps: a run reports what it found, and
 * learns what is acknowledged. Without a guard, acknowledgements come from the ledger.
 */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { ChecklistItem } from '../../core/checklist/items/item.ts';
import type { Acknowledgement } from '../../core/checklist/memory/ack.ts';
import { openLedger } from '../../ledger/sqlite/open.ts';
import { faultText } from '../../lib/error-text.ts';
import { secondMs } from '../../lib/time.ts';
import { connectToGuard, type GuardClient } from '../guard/client.ts';
import { otherOwnerOf } from '../guard/owner.ts';
import { openOwnerProcess } from '../guard/owner-process.ts';
import { isNotRunning, stateDirectory } from '../guard/run-file.ts';
import { leaveRunning } from './left-running.ts';

export type Memory = {
  readonly acks: readonly Acknowledgement[];
  /** Why this run was not kept; empty if it was, or was not meant to be. */
  readonly note: string;
};

export type Reporting = {
  readonly nightly?: boolean;
  /** Who found it; without: the operator. */
  readonly by?: string;
};

/** Bytes of the items in one request; the body may have at most 64 KiB. */
const partBytesMax = 40_000;
const partItemsMax = 100;
const textMax = 2_000;

/** Reports a run to the guard. Throws OperatorError if none takes it. */
export async function report(
  guard: GuardClient,
  items: readonly ChecklistItem[],
  { by, nightly = false }: Reporting = {},
): Promise<string> {
  const run = randomUUID();
  const asRoot = process.geteuid?.() === 0;
  const all = parts(items.map(shortened));
  let text = '';
  for (const [nth, part] of all.entries()) {
    const isLast = nth === all.length - 1;
    const about = {
      run,
      items: part,
      isLast,
      total: items.length,
      asRoot,
      nightly,
      ...(by === undefined ? {} : { by }),
    };
    ({ text } = await guard.act('/checklist', about));
  }
  return text;
}

/** A guard that hangs must not hold the command up. */
const answerMs = 5 * secondMs;

/** Reports a run if a guard is there, and answers with what is acknowledged. */
export async function remembered(
  state: string | undefined,
  items: readonly ChecklistItem[],
  how: { readonly isWhole: boolean },
): Promise<Memory> {
  const late = Promise.withResolvers<'late'>();
  const timer = setTimeout(() => late.resolve('late'), answerMs);
  try {
    const asked = askGuard(state, items, how);
    asked.catch(() => undefined); // after the time nobody waits for it
    const acks = await Promise.race([asked, late.promise]);
    if (acks === 'late') {
      leaveRunning();
      const note = `Not kept: the guard did not answer within ${answerMs / secondMs} s`;
      return { acks: await storedAcks(state).catch(() => []), note };
    }
    const note = how.isWhole ? '' : 'Not kept: with --domain or --config-dir this is a part of all';
    return { acks, note };
  } catch (error) {
    const isDenied = faultText(error).startsWith('cannot ask');
    const note =
      isNotRunning(error) && !isDenied
        ? 'Not kept: the history and the nightly mail need a guard that runs'
        : `Not kept: ${faultText(error)}`;
    return { acks: await storedAcks(state).catch(() => []), note };
  } finally {
    clearTimeout(timer);
  }
}

async function askGuard(
  state: string | undefined,
  items: readonly ChecklistItem[],
  { isWhole }: { readonly isWhole: boolean },
): Promise<readonly Acknowledgement[]> {
  const guard = await connectToGuard(state);
  if (isWhole) await report(guard, items);
  return guard.read('/checklist/acks');
}

async function storedAcks(state: string | undefined): Promise<readonly Acknowledgement[]> {
  const folder = resolve(stateDirectory(state));
  const owner = otherOwnerOf(folder);
  if (owner === undefined) return readAcks(folder);
  const script = join(import.meta.dirname, 'memory-process.ts');
  const reader = openOwnerProcess(script, [folder], { ...owner, limitMs: answerMs });
  return (await reader.ask({})) as readonly Acknowledgement[];
}

/** From the ledger in `folder`; none if there is no ledger. */
export function readAcks(folder: string): readonly Acknowledgement[] {
  const path = join(folder, 'ledger.db');
  if (!existsSync(path)) return [];
  const ledger = openLedger(path, { readOnly: true });
  try {
    return ledger.acknowledgements();
  } finally {
    ledger.close();
  }
}

function shortened(item: ChecklistItem): ChecklistItem {
  const [title, effect, found] = [item.title, item.effect, item.found].map(oneLine);
  const fix = item.fix.replace(/[^\P{Cc}\n]/gu, ' ').slice(0, textMax);
  return { ...item, title: title ?? '', effect: effect ?? '', found: found ?? '', fix };
}

function oneLine(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ').slice(0, textMax);
}

function parts(items: readonly ChecklistItem[]): readonly (readonly ChecklistItem[])[] {
  const all: ChecklistItem[][] = [[]];
  let bytes = 0;
  for (const item of items) {
    const size = Buffer.byteLength(JSON.stringify(item));
    const last = all.at(-1);
    if (last === undefined) continue;
    if (last.length > 0 && (bytes + size > partBytesMax || last.length >= partItemsMax)) {
      all.push([item]);
      bytes = size;
      continue;
    }
    last.push(item);
    bytes += size;
  }
  return all;
}
