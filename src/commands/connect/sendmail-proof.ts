/**
 * What `postern connect sendmail` waits for: the guard's door, a letter that is seen, and that
 * nothing is under way.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { leftInSpool } from '../../partners/spool/spool-folder.ts';
import type { StatusView } from '../../ports/admin.ts';
import { connectToGuard } from '../guard/client.ts';
import { readRunFile, stateDirectory } from '../guard/run-file.ts';
import { sendmailPath } from './sendmail-steps.ts';

/**
 * The guard opens the door as soon as it has read its configuration, a restarted one within some
 * seconds.
 */
const openMs = 20_000;
const letterMs = 20_000;
/** What is under way at the undo: each message takes milliseconds. */
const emptyMs = 60_000;

/** Tells the running guard, and waits until it says so. */
export async function doorIs(state: string | undefined, address: string): Promise<void> {
  const run = await readRunFile(stateDirectory(state)).catch((cause: unknown) => {
    if (address !== 'off') throw cause;
  });
  if (run === undefined) return; // no guard runs, and so no door is open
  process.kill(run.pid, 'SIGHUP');
  await until(openMs, async () => {
    const admin = await connectToGuard(state);
    const { doors } = await admin.read<StatusView>('/status');
    return (doors['sendmail'] ?? 'off') === address;
  }).catch(() => {
    throw new OperatorError('not-taken-over', 'the guard runs, and did not take the setting over', {
      hint: 'was it started with another file? its log says more',
      exit: sysexits.software,
    });
  });
}

/** Sends a letter to postmaster as any program does; answers with what was seen. */
export async function verified(state: string | undefined): Promise<string> {
  const id = `postern-verify.${randomBytes(12).toString('hex')}@localhost`;
  const child = spawn(sendmailPath, ['-oi', '-f', 'postmaster', 'postmaster'], {
    stdio: ['pipe', 'ignore', 'pipe'],
    timeout: letterMs,
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString('latin1')).slice(-1_000);
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(letter(id));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`sendmail ended with ${code}: ${said.trim()}`);
  let account = '';
  await until(letterMs, async () => {
    const admin = await connectToGuard(state);
    const recent =
      await admin.read<readonly { id: string; account: string }[]>('/recent?limit=100');
    for (const one of recent.filter((item) => /^(?:script|user):/.test(item.account))) {
      const known = await admin.read<unknown>(`/explain/${encodeURIComponent(one.id)}`);
      if (JSON.stringify(known ?? '').includes(id)) account = one.account;
    }
    return account !== '';
  }).catch(() => {
    throw new Error(`a letter to postmaster was not seen within ${letterMs / 1_000} s`);
  });
  return `a letter by ${sendmailPath} was seen, as mail of ${account}`;
}

function letter(messageId: string): string {
  return `From: Postern <postmaster>
To: postmaster
Subject: sendmail is connected to Postern
Message-ID: <${messageId}>
Auto-Submitted: auto-generated

This letter was sent by \`postern connect sendmail\` to prove that mail of programs passes Postern.
Nothing needs to be done. To undo the connection: postern connect sendmail --undo
`;
}

/** Waits until nothing that was handed to us is under way any more. */
export async function queueEmptied(named: string | undefined, spool: string): Promise<void> {
  const state = stateDirectory(named);
  const folders = [join(state, 'submissions/going'), join(state, 'submissions/sent')];
  const list = (path: string): string[] => {
    try {
      return readdirSync(path);
    } catch {
      return [];
    }
  };
  const left = (): number => folders.flatMap(list).length + leftInSpool(spool);
  await until(emptyMs, async () => left() === 0).catch(() => {
    throw new OperatorError('still-waiting', `${left()} messages of programs are still under way`, {
      hint: 'programs use the mail server’s own sendmail again. Does Postfix run? Then call this again',
      exit: sysexits.tempFail,
    });
  });
}

async function until(ms: number, done: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + ms;
  let fault: unknown;
  while (performance.now() < deadline) {
    try {
      if (await done()) return;
    } catch (cause) {
      fault = cause; // a guard that is just being restarted
    }
    await sleep(100);
  }
  throw fault ?? new Error('too late');
}
