/**
 * Port 25 while the disk of the ledger is full: mail of strangers is delivered at once, and so is
 * mail of a client that may relay.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startGuard } from './guard-instance.ts';
import { connectPostfix } from './guarded-server.ts';
import { eventually } from './leash.ts';
import { onMachineOfItsOwn, onOwnMachine } from './own-machine.ts';
import { startPostfix } from './postfix-instance.ts';
import { connectSmtp } from './smtp-client.ts';
import { startSink } from './smtp-sink.ts';

async function fullDisk(): Promise<void> {
  const state = '/var/lib/postern-full';
  mkdirSync(state);
  execFileSync('/usr/bin/mount', ['-t', 'tmpfs', '-o', 'size=8m,mode=700', 'tmpfs', state]);
  await using sink = await startSink();
  await using postfix = await startPostfix({ sink: sink.port });
  await using guard = await startGuard({
    state,
    config: 'mode = "guard"\n[mail_log]\nsource = "off"\n',
  });
  await connectPostfix({ guard, postfix });
  fill(state);
  const send = async (id: string, from: string, to: string): Promise<void> => {
    const localAddress = from.endsWith('@far.test') ? '127.0.0.7' : '127.0.0.1';
    await using client = await connectSmtp(postfix.ports.smtp, { localAddress });
    const sent = await client.send({ from, to: [to], id });
    assert.equal(sent.stage, 'done', sent.reply.text);
    await sink.until(() => sink.recipients(id).length === 1, `${id} is delivered`);
  };
  for (let nth = 0; nth < 5; nth++) await send(`relay${nth}`, 'x@mail.test', 'b@world.test');
  await eventually('the guard says that its ledger takes no writes', async () => {
    const { status, why } = await guard.health();
    return status === 503 && /ledger/.test(why.join(' ')) ? true : undefined;
  });
  for (let nth = 0; nth < 5; nth++) await send(`in${nth}`, 'x@far.test', 'a@mail.test');
  for (let nth = 5; nth < 9; nth++) await send(`relay${nth}`, 'x@mail.test', 'b@world.test');
  assert.doesNotMatch(await postfix.log(), /milter .*timed out/i);
}

/** Leaves no block free. */
function fill(folder: string): void {
  for (let nth = 0; ; nth++) {
    const { bavail, bsize } = statfsSync(folder);
    if (bavail === 0) return;
    writeFileSync(join(folder, `fill${nth}`), Buffer.alloc(bavail * bsize));
  }
}

if (onOwnMachine) test('mail comes in while the disk is full', fullDisk);
else onMachineOfItsOwn(import.meta.filename);
