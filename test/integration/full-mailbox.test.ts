/**
 * A full mailbox on a real Dovecot: mail for it is accepted and returned; after the cure that
 * doctor prints, it is refused while its sender waits, and mail for other mailboxes still arrives.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { appendFile } from 'node:fs/promises';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { readPostfixFiles } from '../../src/commands/connect/postfix-files.ts';
import type { Finding } from '../../src/core/finding.ts';
import { dovecotFactsIn } from '../../src/core/reflection/dovecot.ts';
import { reflectionFindings } from '../../src/core/reflection/ways.ts';
import { readReflectionFacts } from '../../src/partners/postfix/recipients/reflection-facts.ts';
import { type DovecotInstance, startDovecot } from './dovecot-instance.ts';
import { eventually, freePort, listens } from './leash.ts';
import { type PostfixInstance, startPostfix } from './postfix-instance.ts';
import { reloaded } from './postfix-reload.ts';
import { connectSmtp, type Sent } from './smtp-client.ts';
import { startSink } from './smtp-sink.ts';

const run = promisify(execFile);
const victim = 'victim@forged.test';
const full = 'full@virtual.test';
const empty = 'empty@virtual.test';

const settings23 = `
mail_plugins = quota
plugin {
  quota = maildir:User quota
  quota_rule = *:storage=20K
  quota_grace = 50%%
}
service stats {
  unix_listener stats-writer {
    mode = 0666
  }
}
service auth {
  unix_listener auth-userdb {
    mode = 0666
  }
}
`;

async function quota(
  postfix: PostfixInstance,
  { configFile }: DovecotInstance,
): Promise<Finding | undefined> {
  const { configDirectory } = postfix;
  const facts = await readReflectionFacts(configDirectory, await readPostfixFiles(configDirectory));
  const { stdout: all } = await run('/usr/bin/doveconf', ['-n', '-c', configFile]);
  const { stdout: version } = await run('/usr/sbin/dovecot', ['--version']);
  const more = { otherExchangers: [], answersJudged: false };
  const dovecot = dovecotFactsIn(all, version.trim());
  const found = reflectionFindings({ ...facts, ...more, dovecot });
  return found.find(({ id }) => id === 'reflection.quota');
}

async function send(postfix: PostfixInstance, to: string, size: number): Promise<Sent> {
  await using client = await connectSmtp(postfix.ports.smtp);
  const body = `${'x'.repeat(78)}\r\n`.repeat(size / 80);
  return await client.send({ from: victim, to: [to], id: `${to}-${Math.random()}`, body });
}

test('a full mailbox: returned before, refused at RCPT after the cure of doctor', async (t) => {
  await using dovecot = await startDovecot({
    users: { [full]: 'x', [empty]: 'x' },
    settings: { '2.3': settings23, '2.4': '' },
  });
  if (dovecot.version !== '2.3') {
    t.skip('the quota of this test is written for Dovecot 2.3');
    return;
  }
  await using sink = await startSink();
  await using postfix = await startPostfix({
    sink: sink.port,
    settings: {
      mydestination: '',
      virtual_mailbox_domains: 'virtual.test',
      virtual_mailbox_maps: `inline:{${full}=ok, ${empty}=ok}`,
      virtual_transport: 'dovecot',
      dovecot_destination_recipient_limit: '1',
    },
    services: `dovecot unix - n n - - pipe
  user=nobody argv=/usr/lib/dovecot/dovecot-lda -e -o log_path=/dev/stderr
  -c ${dovecot.configFile} -d \${recipient}
`,
  });
  // The last one is over the limit, within the grace; what comes then is returned.
  for (const size of [16_000, 8_000, 8_000]) {
    assert.equal((await send(postfix, full, size)).stage, 'done');
    await eventually('the queue is empty', async () => {
      return (await postfix.queue()).length === 0 || undefined;
    });
  }
  await sink.until(() => sink.deliveries.some(({ to }) => to.includes(victim)), 'the notice');
  const notices = sink.deliveries.length;
  const found = await quota(postfix, dovecot);
  assert.equal(found?.kind, 'warn');

  // The printed cure, at a port of this test.
  const port = String(await freePort());
  const fix = (found.fix ?? '').replaceAll('12340', port).split('\n');
  const service = fix.slice(1, -1).join('\n');
  assert.match(service, /^service quota-status \{\n/);
  await appendFile(dovecot.configFile, `${service}\n`);
  await run('/usr/bin/doveadm', ['-c', dovecot.configFile, 'reload']);
  await listens(Number(port));
  const restriction = /check_policy_service \S+/.exec(fix.at(-1) ?? '')?.[0] ?? '';
  await postfix.set({
    smtpd_recipient_restrictions: `reject_unauth_destination, ${restriction}`,
  });
  await reloaded(postfix);
  assert.equal((await quota(postfix, dovecot))?.kind, 'ok');
  const refused = await send(postfix, full, 800);
  assert.equal(refused.stage, 'rcpt');
  assert.match(refused.reply.text, /Mailbox is full/);
  assert.equal((await send(postfix, empty, 800)).stage, 'done');
  await postfix.logged(/to=<empty@virtual\.test>.*status=sent/);
  assert.equal(sink.deliveries.length, notices);
});
