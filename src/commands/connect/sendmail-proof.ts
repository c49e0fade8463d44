/**
 * What `postern connect sendmail` waits for: the guard's door, the test message, and an empty
 * queue of handovers.
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
import { hangUp } from '../guard/owner.ts';
import { readRunFile, stateDirectory } from '../guard/run-file.ts';
import { sendmailPath } from './sendmail-steps.ts';

/** The guard opens the door when it has read its configuration; a restart takes seconds. */
const openMs = 20_000;
const messageMs = 20_000;
/** Wait at the undo for handovers to be done; each takes milliseconds. */
const emptyMs = 60_000;
/** Within this time after it left the maildrop, Postfix shows a message to the milter door. */
const shownMs = 10_000;

/** Makes the running guard read its configuration, and waits until its door has `address`. */
export async function doorIs(state: string | undefined, address: string): Promise<void> {
  const run = await readRunFile(stateDirectory(state)).catch((cause: unknown) => {
    if (address !== 'off') throw cause;
  });
  if (run === undefined) return; // no guard is running, so no door is open
  hangUp(stateDirectory(state), run.pid);
  await until(openMs, async () => {
    const admin = await connectToGuard(state);
    const { doors } = await admin.read<StatusView>('/status');
    return (doors['sendmail'] ?? 'off') === address;
  }).catch(() => {
    throw new OperatorError(
      'not-taken-over',
      'the guard is running, but did not apply the setting',
      {
        hint: 'perhaps it uses another configuration file; see journalctl -u postern',
        exit: sysexits.software,
      },
    );
  });
}

/** Sends a test message to postmaster as any program does; answers with what was seen. */
export async function verified(state: string | undefined): Promise<string> {
  const id = `postern-verify.${randomBytes(12).toString('hex')}@localhost`;
  const child = spawn(sendmailPath, ['-oi', '-f', 'postmaster', 'postmaster'], {
    stdio: ['pipe', 'ignore', 'pipe'],
    timeout: messageMs,
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString('latin1')).slice(-1_000);
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(testMessage(id));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`sendmail ended with ${code}: ${said.trim()}`);
  let account = '';
  await until(messageMs, async () => {
    const admin = await connectToGuard(state);
    const recent =
      await admin.read<readonly { id: string; account: string }[]>('/recent?limit=100');
    for (const one of recent.filter((item) => /^(?:script|user):/.test(item.account))) {
      const known = await admin.read<unknown>(`/explain/${encodeURIComponent(one.id)}`);
      if (JSON.stringify(known ?? '').includes(id)) account = one.account;
    }
    return account !== '';
  }).catch(() => {
    throw new Error(`the test message to postmaster was not seen within ${messageMs / 1_000} s`);
  });
  return `the test message through ${sendmailPath} was seen, as mail of ${account}`;
}

function testMessage(messageId: string): string {
  return `From: Postern <postmaster>
To: postmaster
Subject: sendmail is connected to Postern
Message-ID: <${messageId}>
Auto-Submitted: auto-generated

This test message was sent by \`postern connect sendmail\` to prove that mail of programs passes
Postern.
Nothing needs to be done. To undo the connection: postern connect sendmail --undo
`;
}

/**
 * Waits until every handover has been passed on to Postfix. What Postfix took from its maildrop was
 * passed on, also if it was never shown to the milter door.
 */
export async function queueEmptied(
  named: string | undefined,
  of: { readonly spool: string; readonly queueDirectory: string },
): Promise<void> {
  const state = stateDirectory(named);
  const count = (path: string): number => {
    try {
      return readdirSync(path).length;
    } catch {
      return 0;
    }
  };
  let pickedUpAt: number | undefined;
  const left = (): number => {
    const going = count(join(state, 'submissions/going')) + leftInSpool(of.spool);
    const isPickedUp = going === 0 && count(join(of.queueDirectory, 'maildrop')) === 0;
    pickedUpAt = isPickedUp ? (pickedUpAt ?? performance.now()) : undefined;
    const passed = pickedUpAt !== undefined && performance.now() - pickedUpAt > shownMs;
    return going + (passed ? 0 : count(join(state, 'submissions/sent')));
  };
  await until(emptyMs, async () => left() === 0).catch(() => {
    throw new OperatorError(
      'still-waiting',
      `${left()} messages of programs are not yet passed on to Postfix`,
      {
        hint:
          'programs use the mail server’s own sendmail again; ' +
          'check that Postfix is running, then repeat this command',
        exit: sysexits.tempFail,
      },
    );
  });
}

async function until(ms: number, done: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + ms;
  let fault: unknown;
  while (performance.now() < deadline) {
    try {
      if (await done()) return;
    } catch (cause) {
      fault = cause; // the guard may be restarting
    }
    await sleep(100);
  }
  throw fault ?? new Error('too late');
}
