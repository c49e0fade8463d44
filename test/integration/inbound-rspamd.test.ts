/**
 * Incoming mail with a real rspamd as the content filter: what it calls spam gets the field for
 * Junk at once, unknown and suspicious mail waits and leaves once, honest mail is not touched.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import type { InboundRow } from '../../src/ports/inbound/inbound.ts';
import { openScriptedDns } from '../doubles/dns-server.ts';
import { startGuard } from './guard-instance.ts';
import { connectPostfix } from './guarded-server.ts';
import {
  friend,
  friendZone,
  type InboundMessage,
  inboundSettings,
  sendAs,
  stranger,
} from './inbound-mail.ts';
import { eventually } from './leash.ts';
import { startPostfix } from './postfix-instance.ts';
import { startRspamdWorker } from './scanner-instances.ts';
import type { Sent } from './smtp-client.ts';
import { startSink } from './smtp-sink.ts';

/** What every content filter must call spam. */
const gtube = 'XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X';

test('rspamd: Junk at once, a wait for the suspicious, nothing for honest mail', async () => {
  await using dns = await openScriptedDns(friendZone);
  await using sink = await startSink({ keepBodies: true });
  await using rspamd = await startRspamdWorker();
  await using postfix = await startPostfix({ sink: sink.port });
  await using guard = await startGuard({
    config: inboundSettings(dns, {
      scan: `rspamd = "${rspamd.address}"`,
      inbound: 'stance = "auto"\nwait = "3s"',
    }),
  });
  await connectPostfix({ guard, postfix });
  const send = (client: string, message: InboundMessage): Promise<Sent> =>
    sendAs(client, postfix, message);
  const arrived = async (id: string): Promise<string> => {
    const found = () => sink.deliveries.find((one) => one.id === id);
    await sink.until(() => found() !== undefined, id);
    return found()?.headers ?? '';
  };
  const states = async (): Promise<readonly string[]> => {
    const rows = await guard.json<readonly InboundRow[]>('/api/inbound?limit=100');
    return rows.map(({ queueId, state }) => `${queueId} ${state}`).sort();
  };

  await send(friend, { id: 'honest' });
  assert.doesNotMatch(await arrived('honest'), /^X-Spam/m);
  assert.deepEqual(await states(), []);

  const junk = await send(stranger, { id: 'junk', body: `${gtube}\r\n` });
  assert.match(await arrived('junk'), /^X-Spam: Yes\r$/m);
  const waits = await send(stranger, { id: 'waits', from: 'a@other.example' });
  assert.match(await arrived('waits'), /^X-Postern-Inbound: wait; points=/m);
  const expected = [`${junk.queueId} junk`, `${waits.queueId} released`].sort();
  await eventually('the rows', async () => {
    return JSON.stringify(await states()) === JSON.stringify(expected) || undefined;
  });
  const ids = sink.deliveries.map(({ id }) => id).filter((id) => id !== '');
  assert.deepEqual(ids, ['honest', 'junk', 'waits']);

  // Without `wait` nothing is held; in stance observe it is only noted what would be done.
  let reloads = 0;
  const reload = async (from: string, to: string): Promise<void> => {
    writeFileSync(guard.configFile, readFileSync(guard.configFile, 'utf8').replace(from, to));
    guard.kill('SIGHUP');
    reloads++;
    await eventually('the new settings', async () => {
      const lines = (await guard.log()).filter(({ event }) => event === 'config.reloaded');
      return lines.length === reloads || undefined;
    });
  };
  await reload('wait = "3s"', '');
  await send(stranger, { id: 'at-once', from: 'a@third.example' });
  assert.match(await arrived('at-once'), /^X-Postern-Inbound: pass; points=/m);
  const second = await send(stranger, { id: 'junk-too', body: `${gtube}\r\n` });
  assert.match(await arrived('junk-too'), /^X-Spam: Yes\r$/m);
  await reload('stance = "auto"', 'stance = "observe"');
  const third = await send(stranger, { id: 'observed', body: `${gtube}\r\n` });
  assert.match(await arrived('observed'), /^X-Postern-Inbound: pass \(would junk\)/m);
  assert.doesNotMatch(await arrived('observed'), /^X-Spam/m);
  expected.push(`${second.queueId} junk`, `${third.queueId} observed-junk`);
  await eventually('more rows', async () => {
    return JSON.stringify(await states()) === JSON.stringify(expected.sort()) || undefined;
  });
});
