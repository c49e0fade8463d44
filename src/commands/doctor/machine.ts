/** What doctor checks of the machine: Node, disk, clock. core/checklist/machine.ts judges. */
import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { checkClock, checkDisk, checkNode } from '../../core/checklist/machine.ts';
import type { Finding } from '../../core/finding.ts';
import { faultText } from '../../lib/error-text.ts';
import { programOutput } from '../../partners/program.ts';

export function nodeVersion(): Finding {
  return checkNode(process.versions.node);
}

/** Free space where the ledger is, or would be. */
export async function diskSpace(state: string): Promise<Finding> {
  const path = existsSync(state) ? state : dirname(state);
  try {
    const { bavail, blocks, bsize } = await statfs(path);
    return checkDisk(path, { freeBytes: bavail * bsize, totalBytes: blocks * bsize });
  } catch (cause) {
    const found = faultText(cause);
    const wanted = 'the state folder of the guard';
    const fix = 'name it with --state DIR';
    return { id: 'machine.disk', kind: 'unknown', title: 'Disk space', found, wanted, fix };
  }
}

/** `status`: of the running guard; undefined where none answers. */
export async function clockState(status: Record<string, unknown> | undefined): Promise<Finding> {
  const now = Number(status?.['now'] ?? Date.now());
  return checkClock({ synchronised: await synchronised(), daemonAheadMs: now - Date.now() });
}

/** Undefined: the system does not say. */
async function synchronised(): Promise<boolean | undefined> {
  if (!existsSync('/run/systemd/system')) return undefined;
  try {
    const args = ['show', '--property=NTPSynchronized', '--value'];
    const call = { program: '/usr/bin/timedatectl', args, errors: 'complaint' } as const;
    const [line] = await programOutput({ ...call, signal: AbortSignal.timeout(5_000) });
    return line === 'yes';
  } catch {
    return undefined;
  }
}
