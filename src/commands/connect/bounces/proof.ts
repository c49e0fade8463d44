/**
 * Proves that the guard sees Postfix's own notices: Postfix is asked for a report about postmaster
 * (sendmail -bv), which it writes as it writes notices. The report is delivered to postmaster.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { faultText } from '../../../lib/error-text.ts';
import { programOutput } from '../../../partners/program.ts';
import { guardAnswer } from '../../guard/answer.ts';
import type { RunFile } from '../../guard/run-file.ts';

/** The account for mail without a sender that is made on this machine. */
const account = 'local:<>';
const waitMs = 30_000;
const lookEveryMs = 100;

/** Undefined if the guard saw a report; else why that is not known. */
export async function noticeProof(
  configDirectory: string,
  run: RunFile,
): Promise<string | undefined> {
  const before = await reportsSeen(run);
  if (before === undefined) return 'the guard does not answer';
  const args = ['-C', configDirectory, '-bv', '-f', 'postmaster', 'postmaster'];
  const signal = AbortSignal.timeout(waitMs);
  try {
    await programOutput({ program: '/usr/sbin/sendmail', args, signal, errors: 'complaint' });
  } catch (fault) {
    return `Postfix wrote no report: ${faultText(fault)}`;
  }
  const deadline = Date.now() + waitMs;
  while (Date.now() < deadline) {
    const now = await reportsSeen(run);
    if (now?.some((id) => !before.includes(id)) === true) return undefined;
    await sleep(lookEveryMs);
  }
  return `the guard saw no report of Postfix within ${waitMs / 1_000} s`;
}

/** Ids of the latest messages of that account. */
async function reportsSeen(run: RunFile): Promise<readonly string[] | undefined> {
  const recent = await guardAnswer(run, '/api/recent?limit=200');
  if (!Array.isArray(recent)) return undefined;
  return (recent as { readonly id?: unknown; readonly account?: unknown }[])
    .filter((one) => one.account === account)
    .map(({ id }) => String(id));
}
