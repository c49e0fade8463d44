/**
 * Automatic answers through a real Postfix: without the guard's judgement a vacation answer goes to
 * an address that spam has forged; with it, the answer is discarded without a notice, and answers
 * to honest mail leave.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { type DnsRecord, txtStrings } from '../../src/formats/dns/record.ts';
import { openScriptedDns } from '../doubles/dns-server.ts';
import { mustBeRoot } from './dovecot-instance.ts';
import { startGuard } from './guard-instance.ts';
import { connectPostfix } from './guarded-server.ts';
import { eventually } from './leash.ts';
import { type PostfixInstance, startPostfix } from './postfix-instance.ts';
import { connectSmtp } from './smtp-client.ts';
import { startSink } from './smtp-sink.ts';

const friend = '127.0.0.5';
const stranger = '127.0.0.6';
const spf = (name: string, rule: string): DnsRecord => {
  return { name, ttlSeconds: 0, type: 'TXT', strings: txtStrings(rule) };
};
const zone = [spf('friend.test', `v=spf1 ip4:${friend} -all`), spf('forged.test', 'v=spf1 -all')];

/** What Sieve's vacation hands to sendmail. */
async function answer(postfix: PostfixInstance, to: string, about: string): Promise<void> {
  const words = ['-C', postfix.configDirectory, '-f', '<>', '--', to];
  const child = spawn('/usr/sbin/sendmail', words, { stdio: ['pipe', 'ignore', 'inherit'] });
  child.stdin.end(
    `From: Ann <ann@mail.test>\nTo: <${to}>\nSubject: Away\nAuto-Submitted: auto-replied\n` +
      `In-Reply-To: <${about}>\nX-Test-Id: about-${about}\n\nI am away.\n`,
  );
  const [code] = await once(child, 'exit');
  assert.equal(code, 0);
}

for (const [how, answers, arrive] of [
  ['not judged: it goes to the forged address', 'pass', ['forged-1@test', 'honest-1@test']],
  ['judged: it is discarded, and no notice is made', 'judge', ['honest-1@test']],
] as const) {
  test(`an answer to forged mail, ${how}`, async () => {
    mustBeRoot();
    await using dns = await openScriptedDns(zone);
    await using sink = await startSink();
    await using postfix = await startPostfix({ sink: sink.port });
    await using guard = await startGuard({
      config: `
mode = "guard"
host = "mail.test"
[dns]
servers = ["127.0.0.1:${dns.server.port}"]
[verify]
enabled = true
trusted_networks = ["127.0.0.9"]
[reflection]
answers = "${answers}"
`,
    });
    await connectPostfix({ guard, postfix });
    for (const [from, client, id] of [
      ['victim@forged.test', stranger, 'forged-1@test'],
      ['joe@friend.test', friend, 'honest-1@test'],
    ] as const) {
      await using smtp = await connectSmtp(postfix.ports.smtp, { localAddress: client });
      const body = `Message-ID: <${id}>\r\nFrom: ${from}\r\nX-Test-Id: ${id}\r\n\r\nHello.\r\n`;
      const reply = await smtp.sendOctets({ from, to: 'ann@mail.test', text: body });
      assert.equal(reply.code, 250, reply.text);
      await answer(postfix, from, id);
    }
    const answered = (): readonly string[] =>
      sink.deliveries.flatMap(({ id }) => /^about-(.*)/.exec(id)?.[1] ?? []).sort();
    await sink.until(() => answered().includes('honest-1@test'), 'the honest answer');
    await sink.until(() => answered().length >= arrive.length, 'what may arrive');
    if (answers === 'judge') await postfix.logged(/milter-discard/);
    await eventually('the queue is empty', async () => (await postfix.queue()).length === 0);
    assert.deepEqual(answered(), arrive);
    assert.doesNotMatch(await postfix.log(), /non-delivery notification/);
  });
}
