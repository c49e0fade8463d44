/**
 * The bypass meter beside a real Postfix: honest mail is never counted, and mail that leaves
 * without a verdict is, with its way and the likely cause.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import type { StatusView } from '../../src/ports/admin.ts';
import { fixedDoors } from './guard-instance.ts';
import { people } from './guard-past.ts';
import { connectPostfix, type GuardedServer, startGuardedServer } from './guarded-server.ts';
import { eventually, freePort } from './leash.ts';
import { startPostfix } from './postfix-instance.ts';
import { connectSmtp } from './smtp-client.ts';

const run = promisify(execFile);
const everybody = people(2);
const [joe = { account: '', friends: [] as readonly string[] }] = everybody;
/** A stranger: not in mynetworks. */
const stranger = '127.0.9.1';

const said = (error: { readonly stdout: string }): string => error.stdout;
let server: GuardedServer;
let nth = 0;
/** main.cf before Postern was connected. */
let asBefore = '';
const mainCf = (): string => join(server.postfix.configDirectory, 'main.cf');
before(async () => {
  const refuse = (recipient: string): string | undefined =>
    recipient === 'gone@world.test' ? '550 5.1.1 <gone@world.test>: User unknown' : undefined;
  server = await startGuardedServer({
    people: everybody,
    refuse,
    connect: false,
    guard: { words: await fixedDoors() },
    settings: () => ({
      local_transport: 'local',
      always_bcc: 'archive@world.test',
      virtual_alias_maps: 'inline:{info@mail.test=info@world.test}',
    }),
  });
  const aliases = join(server.postfix.dir, 'etc', 'aliases');
  await writeFile(aliases, 'office office@world.test\n');
  await server.postfix.set({ alias_maps: `texthash:${aliases}` });
  asBefore = await readFile(mainCf(), 'utf8');
  await connectPostfix(server);
});
after(() => server?.[Symbol.asyncDispose]());

const left = (what: string): Promise<number> =>
  server.guard.metric(`postern_mail_left_total{what="${what}"}`);
const bypass = async (): Promise<StatusView['bypass']> =>
  (await server.guard.json<StatusView>('/api/status')).bypass;
const reaches = (what: string, ask: () => Promise<number>, least: number): Promise<true> =>
  eventually(what, async () => (await ask()) >= least || undefined, {
    detail: async () =>
      [await ask(), least, JSON.stringify(await bypass()), await server.postfix.log()].join('\n'),
  });

/** A message of joe, by submission. */
async function submitted(to = joe.friends[nth % joe.friends.length] ?? ''): Promise<void> {
  nth++;
  await using client = await server.login(joe.account);
  const body = `Dear friend,\nthis is number ${nth * 31} of what I have to say.\n`;
  const sent = await client.send({ from: joe.account, to: [to], id: `by-joe-${nth}`, body });
  assert.equal(sent.stage, 'done', sent.reply.text);
}

async function cameIn(to: string): Promise<void> {
  nth++;
  await using client = await connectSmtp(server.postfix.ports.smtp, { localAddress: stranger });
  const from = `stranger${nth}@strangers.test`;
  const sent = await client.send({ from, to: [to], id: `in-${nth}` });
  assert.equal(sent.stage, 'done', sent.reply.text);
}

/** A panel writes its own main.cf over what is there. */
async function panelWrites(text: string): Promise<void> {
  await writeFile(mainCf(), text);
  await server.postfix.set({ always_bcc: 'archive@world.test' });
  const from = (await server.postfix.log()).length;
  await server.postfix.reload();
  // A second reload before postlogd(8) is back would hang.
  await eventually('Postfix logs again', async () => {
    await using _client = await connectSmtp(server.postfix.ports.smtp);
    return /reload --.*connect from/s.test((await server.postfix.log()).slice(from));
  });
}

async function reported(cause: RegExp, service: RegExp): Promise<void> {
  const why = await eventually('the trouble', async () => {
    const { why } = await server.guard.health();
    return why.find((one) => /does not judge it/.test(one));
  });
  assert.match(why, cause);
  const { ways } = await bypass();
  assert.match(ways[0]?.service ?? '', service);
}

test('honest mail: judged, forwarded, bounced, by an alias, to the archive', async () => {
  const all = await left('judged');
  for (let one = 0; one < 3; one++) await submitted();
  await submitted('gone@world.test');
  await submitted('office@mail.test');
  await submitted('info@mail.test');
  await server.postfix.sendmail({ from: joe.account, to: ['friend@world.test'], id: 'local-1' });
  for (const to of ['info@mail.test', 'office@mail.test', 'info@mail.test']) await cameIn(to);
  await reaches('judged', () => left('judged'), all + 7);
  await reaches('forwarded', () => left('came-in'), 3);
  await reaches('a bounce', () => left('own'), 1);
  assert.deepEqual([await left('bypassed'), await left('unknown')], [0, 0]);
});

test('honest mail over a restart of the guard, of Postfix, and of the log', async () => {
  server.slow.on = true;
  await submitted('later@slow.test');
  await server.postfix.logged(/later@slow.test>.*status=deferred/);
  await server.guard[Symbol.asyncDispose]();
  server.guard = await server.startGuard();
  server.slow.on = false;
  await server.postfix.flush();
  await server.postfix.logged(/later@slow.test>.*status=sent/);
  await run('/usr/sbin/postfix', ['-c', server.postfix.configDirectory, 'logrotate']);
  await server.postfix.reload();
  await submitted();
  await cameIn('info@mail.test');
  await reaches('forwarded', () => left('came-in'), 1);
  await reaches('judged', () => left('judged'), 1);
  assert.equal(await left('bypassed'), 0);
  assert.deepEqual((await server.guard.health()).why, []);
  assert.equal((await bypass()).watched, 'yes');
});

test('a main.cf that is rewritten without the milter is reported', async () => {
  const before = await left('bypassed');
  await panelWrites(asBefore);
  for (let one = 0; one < 3; one++) await submitted();
  await server.postfix.sendmail({ from: 'web@mail.test', to: ['x@world.test'], id: 'web-1' });
  await reaches('bypassed', () => left('bypassed'), before + 4);
  await reported(
    /main\.cf or master\.cf was changed .*run postern connect postfix/,
    /pickup|smtpd/,
  );
  const { ways } = await bypass();
  assert.ok(ways.some(({ uid }) => uid === 0));
  assert.ok(ways.some(({ login, client }) => login === joe.account && client === '127.0.0.1'));
  assert.match(await server.guard.cli('status').catch(said), /bypassed +\d+ messages/);
  await server.postfix.logged(/postern-notice/);
  await reaches('the notice of that', () => left('own'), 1);
  assert.equal((await bypass()).messages, 4, 'the notice itself does not count');
  await connectPostfix(server);
  await submitted();
  await reaches('judged', () => left('judged'), 2);
});

test('a guard that was away while Postfix lets mail pass is reported when it is back', async () => {
  const main = await readFile(mainCf(), 'utf8');
  await panelWrites(main.replace('postern_when_down = tempfail', 'postern_when_down = accept'));
  await server.guard[Symbol.asyncDispose]();
  for (let one = 0; one < 4; one++) await submitted();
  server.guard = await server.startGuard();
  await reaches('bypassed', () => left('bypassed'), 4);
  await reported(/could not ask the milter .*default_action = accept/, /submission\/smtpd/);
  await panelWrites(main);
});

/** The service to which a filter hands mail back, as it stands in the documents of filters. */
const returning = (port: number): string => `127.0.0.1:${port} inet n - n - - smtpd
  -o syslog_name=postfix/returned
  -o content_filter=
  -o smtpd_proxy_filter=
  -o smtpd_authorized_xforward_hosts=127.0.0.0/8
  -o { smtpd_relay_restrictions = permit_mynetworks,reject }
  -o receive_override_options=no_unknown_recipient_checks,no_milters
`;
const masterCf = (): string => join(server.postfix.configDirectory, 'master.cf');

/** Puts an option on the service for logins, adds services, and takes all off at the end. */
async function withServices(option: string, more: string, then: () => Promise<void>) {
  const before = await readFile(masterCf(), 'utf8');
  const login = '  -o { syslog_name = postfix/submission }\n';
  assert.ok(before.includes(login));
  await writeFile(masterCf(), before.replace(login, `${login}  -o ${option}\n`) + more);
  await panelWrites(await readFile(mainCf(), 'utf8'));
  await then();
  await writeFile(masterCf(), before);
  await panelWrites(await readFile(mainCf(), 'utf8'));
}

test('mail that a filter behind the queue hands back is the message that was judged', async () => {
  const before = [await left('judged'), await left('bypassed')] as const;
  const port = await freePort();
  const filter = `scan unix - - n - - smtp\n  -o smtp_send_xforward_command=yes\n`;
  await withServices(
    `content_filter=scan:[127.0.0.1]:${port}`,
    filter + returning(port),
    async () => {
      for (let one = 0; one < 5; one++) await submitted();
      await reaches('judged', () => left('judged'), before[0] + 5);
      await server.postfix.logged(new RegExp(`by-joe-${nth}@.*queued as`, 's'));
    },
  );
  assert.equal(await left('bypassed'), before[1]);
});

test('mail that passes a filter before the queue is reported, with its login', async () => {
  const before = await left('bypassed');
  const port = await freePort();
  await withServices(`smtpd_proxy_filter=127.0.0.1:${port}`, returning(port), async () => {
    for (let one = 0; one < 4; one++) await submitted();
    await reaches('bypassed', () => left('bypassed'), before + 4);
  });
  await reported(/Likely cause: .*postern connect/, /postfix\/returned\/smtpd/);
  const [way] = (await bypass()).ways;
  assert.equal(way?.login, joe.account);
});

test('a program at the port behind a filter is reported, by any form of address', async () => {
  const before = await left('bypassed');
  const port = await freePort();
  // Without the copies for the archive.
  const behind = returning(port).replace('no_milters', 'no_milters,no_address_mappings');
  await withServices('content_filter=', behind, async () => {
    await using client = await connectSmtp(port);
    const forms = ['v1%world.test', 'v2%world.test@mail.test', 'world.test!v3', 'v4@world.test'];
    for (const [one, form] of forms.entries()) {
      const sent = await client.send({ from: 'web@mail.test', to: [form], id: `behind-${one}` });
      assert.equal(sent.stage, 'done', sent.reply.text);
    }
    await reaches('bypassed', () => left('bypassed'), before + forms.length);
  });
});

test('a second instance of Postfix that is not connected is reported by its name', async () => {
  const log = join(server.postfix.dir, 'log', 'mail.log');
  await using second = await startPostfix({
    sink: server.sink.port,
    saslSocket: server.dovecot.authSocket,
    settings: {
      syslog_name: 'postfix-out',
      maillog_file: log,
      maillog_file_prefixes: server.postfix.dir,
    },
  });
  const before = await left('bypassed');
  for (let one = 0; one < 4; one++) {
    await using client = await connectSmtp(second.ports.smtp);
    const to = [`x${one}@world.test`];
    await client.send({ from: 'app@mail.test', to, id: `second-${one}` });
  }
  await reaches('bypassed', () => left('bypassed'), before + 4);
  await reported(
    /another instance of Postfix \(postfix-out\) is not connected/,
    /^postfix-out\/smtpd/,
  );
});
