/**
 * `postern probe` against Exim and OpenSMTPD, and the names of a server with a public address: on a
 * machine of its own, where such an address does no harm.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { DnsData, DnsRecord } from '../../src/formats/dns/record.ts';
import { openScriptedDns } from '../doubles/dns-server.ts';
import { type OtherServers, onMachineWithOthers, otherServers } from './other-servers.ts';
import { onOwnMachine } from './own-machine.ts';
import { probedInTime } from './probe-in-time.ts';

const server = '198.51.100.25';
const stranger = '203.0.113.9';
const eximPort = 2525;
const percentPort = 2526;
const smtpdPort = 2527;

function inside(servers: OtherServers): void {
  if (servers.missing !== '') {
    test('Exim and OpenSMTPD', { skip: servers.missing }, () => undefined);
    return;
  }
  const scope = new DisposableStack();
  before(async () => {
    for (const address of [server, stranger]) {
      execFileSync('ip', ['addr', 'add', `${address}/32`, 'dev', 'lo']);
    }
    addJoe();
    scope.use(await startExim(servers, eximPort, soundExim));
    scope.use(await startExim(servers, percentPort, percentFault));
    scope.use(await servers.openSmtpd(smtpdConfig, { port: smtpdPort, address: server }));
  });
  after(() => scope.dispose());

  for (const [name, port] of [
    ['Exim', eximPort],
    ['OpenSMTPD', smtpdPort],
  ] as const) {
    test(`${name}: every check is tried, and no relay and no hidden message is found`, async () => {
      const found = await probed(port);
      const kinds = new Map(found.map(({ id, kind }) => [id, kind]));
      for (const id of ['relay', 'unknown-recipient', 'bounces', 'smuggling', 'vrfy']) {
        assert.equal(kinds.get(id), 'ok', `${id}: ${JSON.stringify(found, undefined, 1)}`);
      }
      const unknown = [...kinds].filter(([, kind]) => kind === 'unknown').map(([id]) => id);
      assert.deepEqual(unknown, []);
      assert.equal(kinds.get('tls.smtp.missing'), 'fail', 'neither has a certificate');
    });
  }

  test('Exim with percent_hack_domains relays, and that is found', async () => {
    const found = await probed(percentPort, '--only', 'relay');
    const [fault] = found.filter(({ kind }) => kind === 'fail');
    assert.equal(fault?.id, 'relay.user-percent-host-at-domain', JSON.stringify(found));
    assert.match(
      fault.transcript.join('\n'),
      /> RCPT TO:<nobody%postern-probe\.invalid@mail\.test>/,
    );
  });

  test('names: what is wrong with them in the DNS', async () => {
    const reverse = '25.100.51.198.in-addr.arpa';
    const a: DnsData = { type: 'A', address: server };
    const ptr = (target: string): DnsData => ({ type: 'PTR', target });
    const ids = async (zone: Readonly<Record<string, DnsData>>): Promise<readonly string[]> => {
      const found = await probed(eximPort, '--only', 'names', ...(await configFor(zone)));
      return found.map(({ kind, id }) => `${kind} ${id}`);
    };
    assert.deepEqual(await ids({ 'mail.test': a, [reverse]: ptr('mail.test') }), ['ok names']);
    assert.deepEqual(await ids({ 'mail.test': a }), ['fail names.reverse']);
    const foreign = { 'mail.test': a, [reverse]: ptr('host-25.isp.test'), 'host-25.isp.test': a };
    assert.deepEqual(await ids(foreign), ['warn names.differs']);
  });
}

async function configFor(zone: Readonly<Record<string, DnsData>>): Promise<readonly string[]> {
  const records = Object.entries(zone).map(
    ([name, data]): DnsRecord => ({ ...data, name, ttlSeconds: 60 }),
  );
  const dns = await openScriptedDns(records);
  after(() => dns[Symbol.asyncDispose]());
  const file = join(mkdtempSync('/var/tmp/'), 'postern.toml');
  writeFileSync(file, `[dns]\nservers = ["127.0.0.1:${dns.server.port}"]\n`);
  return ['--config', file];
}

type Found = { readonly id: string; readonly kind: string; readonly transcript: readonly string[] };

async function probed(port: number, ...words: readonly string[]): Promise<readonly Found[]> {
  // Exim looks up nothing, and the name of the server has a record.
  const config = words.includes('--config')
    ? []
    : await configFor({
        'mail.test': { type: 'A', address: server },
        '25.100.51.198.in-addr.arpa': { type: 'PTR', target: 'mail.test' },
      });
  const out = await probedInTime(
    ...['probe', server, '--from', stranger, '--domain', 'mail.test', '--json'],
    ...['--recipient', 'joe@mail.test', '--smtp', String(port)],
    ...['--submission', '0', '--submissions', '0', ...config, ...words],
  );
  return (JSON.parse(out) as { readonly findings: readonly Found[] }).findings;
}

/** A mailbox, and where mail for postmaster goes. */
function addJoe(): void {
  appendFileSync('/etc/passwd', 'joe:x:944:944::/nonexistent:/usr/sbin/nologin\n');
  appendFileSync('/etc/group', 'joe:x:944:\n');
  appendFileSync('/etc/aliases', '\npostmaster: joe\n');
}

type EximParts = { readonly main: string; readonly first: string };
const soundExim: EximParts = { main: '', first: '' };
/** It looks at the end of the address that was given, and then delivers to what is before it. */
const percentFault: EximParts = {
  main: 'percent_hack_domains = mail.test',
  first: `  accept condition = \${if match{$smtp_command_argument}{@mail\\.test>}}
         verify = recipient`,
};

function startExim(
  servers: OtherServers,
  port: number,
  { main, first }: EximParts,
): ReturnType<OtherServers['exim']> {
  return servers.exim({
    name: String(port),
    port,
    address: server,
    main: `domainlist local_domains = mail.test
acl_smtp_rcpt = to
${main}`,
    sections: `begin acl
to:
${first}
  deny  domains = ! +local_domains
        message = relay not permitted
  accept verify = recipient
begin routers
here:
  driver = accept
  domains = +local_domains
  local_parts = postmaster : joe
  transport = drop
elsewhere:
  driver = manualroute
  domains = ! +local_domains
  route_list = * 192.0.2.1
  transport = out
begin transports
drop:
  driver = appendfile
  file = /var/exim-${port}/mbox
  user = Debian-exim
out:
  driver = smtp`,
  });
}

const smtpdConfig = `listen on ${server} port ${smtpdPort} hostname mail.test
table aliases file:/etc/aliases
action "keep" mbox alias <aliases>
match from any for domain "mail.test" action "keep"
`;

if (onOwnMachine) inside(otherServers());
else onMachineWithOthers(import.meta.filename);
