/**
 * Incoming mail that is put off with a 451, by the milter and by the policy door: a real Postfix
 * sends it, tries again, and each message arrives once. When the guard is away, the policy door
 * holds nothing up.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type DnsRecord, txtStrings } from '../../src/formats/dns/record.ts';
import type { DeferredRow } from '../../src/ports/inbound/inbound.ts';
import { openScriptedDns } from '../doubles/dns-server.ts';
import { mustBeRoot } from './dovecot-instance.ts';
import { type GuardInstance, inet, startGuard } from './guard-instance.ts';
import { connectPostfix } from './guarded-server.ts';
import { eventually } from './leash.ts';
import { type PostfixInstance, startPostfix } from './postfix-instance.ts';
import { connectSmtp, type Reply } from './smtp-client.ts';
import { type Sink, startSink } from './smtp-sink.ts';

/** It has no name, and SPF forbids it to send: so it waits, for the least time. */
const stranger = '127.0.3.6';

const forbidden: DnsRecord = {
  name: 'far.test',
  ttlSeconds: 0,
  type: 'TXT',
  strings: txtStrings('v=spf1 -all'),
};

type Receiver = AsyncDisposable & {
  readonly sink: Sink;
  readonly postfix: PostfixInstance;
  readonly guard: GuardInstance;
};

/** `at`: where strangers get their 451. */
async function startReceiver(at: 'data' | 'rcpt'): Promise<Receiver> {
  await using scope = new AsyncDisposableStack();
  const dns = scope.use(await openScriptedDns([forbidden]));
  const sink = scope.use(await startSink());
  const guard = scope.use(
    await startGuard({
      config: `
mode = "guard"
host = "mail.test"
[accounts]
local_domains = ["mail.test"]
[dns]
servers = ["127.0.0.1:${dns.server.port}"]
[verify]
enabled = true
deadline = "3s"
trusted_networks = ["127.0.0.9"]
[inbound]
stance = "defer"
defer_at = "${at}"
[mail_log]
source = "off"
`,
    }),
  );
  const policy = `inet:127.0.0.1:${inet(guard.doors.policy).port}`;
  const service = `check_policy_service { ${policy}, timeout=5s, default_action=DUNNO }`;
  const postfix = scope.use(
    await startPostfix({
      sink: sink.port,
      smtp: at === 'rcpt' ? { smtpd_recipient_restrictions: service } : {},
    }),
  );
  // So that the guard knows whose networks are our own.
  await connectPostfix({ guard, postfix });
  await postfix.set({ milter_default_action: 'accept' });
  await postfix.reload();
  const owned = scope.move();
  return { sink, postfix, guard, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

const scope = new AsyncDisposableStack();
let receiver: Receiver;

before(async () => {
  mustBeRoot();
  receiver = scope.use(await startReceiver('data'));
});
after(() => scope.disposeAsync());

test('a real Postfix tries again, and its message arrives once', { timeout: 400_000 }, async () => {
  const { guard, postfix, sink } = receiver;
  await using sender = await startPostfix({
    sink: postfix.ports.smtp,
    settings: { smtp_bind_address: stranger, myhostname: 'mail.far.test' },
  });
  await sender.sendmail({ from: 'a@far.test', to: ['ann@mail.test'], id: 'again' });
  const putOff = /451 4\.7\.1 Not known here yet; please try again in (\d+)/;
  const [, minutes] = await sender.logged(putOff);
  const times = (id: string): number => sink.deliveries.filter((one) => one.id === id).length;
  assert.equal(times('again'), 0);
  assert.ok(Number(minutes) >= 1);
  const rows = await eventually('the row', async () => {
    const found = await guard.json<readonly DeferredRow[]>('/api/inbound/at-risk');
    return found.length > 0 ? found : undefined;
  });
  assert.deepEqual(
    rows.map(({ sender: from, recipient }) => [from, recipient]),
    [['a@far.test', 'ann@mail.test']],
  );
  // It tries each few seconds, which does not make the time longer.
  await eventually('the message', async () => times('again') > 0 || undefined, {
    timeoutMs: (Number(minutes) + 1) * 60_000,
  });
  await sender.logged(/status=sent/);
  assert.equal(times('again'), 1);
  await sender.sendmail({ from: 'b@far.test', to: ['joe@mail.test'], id: 'next' });
  await sink.until(() => times('next') > 0, 'at once');
  assert.deepEqual(await guard.json('/api/inbound/at-risk'), []);
});

test('the policy door says the same at RCPT; without the guard nothing is held up', async () => {
  await using other = await startReceiver('rcpt');
  const rcpt = async (): Promise<Reply> => {
    await using smtp = await connectSmtp(other.postfix.ports.smtp, { localAddress: stranger });
    await smtp.command('MAIL FROM:<a@far.test>');
    return await smtp.command('RCPT TO:<ann@mail.test>');
  };
  const first = await rcpt();
  assert.deepEqual([first.code, /4\.7\.1 .*Not known here yet/.test(first.text)], [451, true]);
  assert.equal((await rcpt()).code, 451);
  other.guard.kill('SIGKILL');
  await other.guard.ended;
  assert.equal((await rcpt()).code, 250);
});
