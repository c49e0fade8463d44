/**
 * A real Postfix that puts strangers off with a 451, with its guard; what it takes goes to a sink.
 * Strangers are all clients: none has a name, and SPF forbids them to send as far.test.
 */
import { type DnsRecord, txtStrings } from '../../src/formats/dns/record.ts';
import { openScriptedDns } from '../doubles/dns-server.ts';
import { type GuardInstance, inet, startGuard } from './guard-instance.ts';
import { connectPostfix } from './guarded-server.ts';
import { type PostfixInstance, startPostfix } from './postfix-instance.ts';
import { reloaded } from './postfix-reload.ts';
import { type Sink, startSink } from './smtp-sink.ts';

const forbidden: DnsRecord = {
  name: 'far.test',
  ttlSeconds: 0,
  type: 'TXT',
  strings: txtStrings('v=spf1 -all'),
};

export type DeferringReceiver = AsyncDisposable & {
  readonly sink: Sink;
  readonly postfix: PostfixInstance;
  readonly guard: GuardInstance;
};

/** `at`: where strangers get their 451. */
export async function startDeferringReceiver(at: 'data' | 'rcpt'): Promise<DeferringReceiver> {
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
deadline = "10s"
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
  await reloaded(postfix);
  const owned = scope.move();
  return { sink, postfix, guard, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
