/**
 * Each way by which a real Postfix accepts mail that it returns later: before, a message with a
 * forged sender is accepted and a notice goes to the forged address, and doctor names the way;
 * after the cure, the message is refused at the door, and doctor is content.
 */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { readPostfixFiles } from '../../src/commands/connect/postfix-files.ts';
import { reflection } from '../../src/commands/doctor/reflection.ts';
import { parseConfig } from '../../src/config/load.ts';
import type { Finding } from '../../src/core/finding.ts';
import { reflectionFindings } from '../../src/core/reflection/ways.ts';
import type { DnsRecord } from '../../src/formats/dns/record.ts';
import { readReflectionFacts } from '../../src/partners/postfix/recipients/reflection-facts.ts';
import { openScriptedDns } from '../doubles/dns-server.ts';
import { onMachineOfItsOwn, onOwnMachine } from './own-machine.ts';
import { type PostfixInstance, type PostfixOptions, startPostfix } from './postfix-instance.ts';
import { reloaded } from './postfix-reload.ts';
import { connectSmtp } from './smtp-client.ts';
import { type Sink, startSink } from './smtp-sink.ts';

const victim = 'victim@forged.test';
/** Not in mynetworks. */
const stranger = '127.0.0.6';
const refusing = (known: readonly string[] = []): Promise<Sink> =>
  startSink({
    refuse: (to) =>
      to === victim || known.includes(to) ? undefined : '550 5.1.1 no such user here',
  });

/** Postfix may have started without the files. */
async function write(
  postfix: PostfixInstance,
  files: Readonly<Record<string, string>>,
): Promise<void> {
  for (const [file, text] of Object.entries(files)) {
    await writeFile(join(postfix.configDirectory, file), text);
  }
  await reloaded(postfix);
}

async function send({ ports }: PostfixInstance, to: string): Promise<number> {
  await using client = await connectSmtp(ports.smtp, { localAddress: stranger });
  const sent = await client.send({ from: victim, to: [to], id: `${to}-${Math.random()}` });
  return sent.stage === 'done' ? 250 : sent.reply.code;
}

async function ways(postfix: PostfixInstance): Promise<readonly string[]> {
  const { configDirectory } = postfix;
  const facts = await readReflectionFacts(configDirectory, await readPostfixFiles(configDirectory));
  const more = { dovecot: undefined, otherExchangers: [], answersJudged: false };
  return idsOf(reflectionFindings({ ...facts, ...more }));
}

const idsOf = (findings: readonly Finding[]): readonly string[] =>
  findings.filter(({ kind }) => kind !== 'ok').map(({ id }) => id);

/** Mail that was accepted comes back to an address that was forged. */
function returned(sink: Sink): Promise<void> {
  return sink.until(() => sink.deliveries.some(({ to }) => to.includes(victim)), 'the notice');
}

type Way = {
  readonly name: string;
  /** What doctor calls it. */
  readonly id: RegExp;
  readonly options: (sink: Sink) => Omit<PostfixOptions, 'sink'>;
  readonly files?: Readonly<Record<string, string>>;
  readonly arrange?: (postfix: PostfixInstance) => Promise<void>;
  readonly to: string;
  readonly cure: (postfix: PostfixInstance) => Promise<void>;
};

const virtual = (sink: Sink): Readonly<Record<string, string>> => ({
  mydestination: '',
  virtual_mailbox_domains: 'virtual.test',
  virtual_mailbox_maps: 'texthash:$config_directory/boxes',
  virtual_transport: `maildrop:[127.0.0.1]:${sink.port}`,
});
const boxes = { boxes: 'joe@virtual.test ok\n' };

const known: readonly Way[] = [
  {
    name: 'smtpd_reject_unlisted_recipient = no',
    id: /^reflection\.unlisted/,
    options: (sink) => ({ settings: { ...virtual(sink), smtpd_reject_unlisted_recipient: 'no' } }),
    files: boxes,
    to: 'nobody@virtual.test',
    cure: (postfix) => postfix.set({ smtpd_reject_unlisted_recipient: 'yes' }),
  },
  {
    name: 'receive_override_options in master.cf',
    id: /^reflection\.unlisted/,
    options: (sink) => ({ settings: virtual(sink) }),
    files: boxes,
    // On loopback such a service would be one where a filter returns mail.
    arrange: async ({ ports: { smtp }, tool }) => {
      await tool('postconf', '-MX', `127.0.0.1:${smtp}/inet`);
      const options = '-o receive_override_options=no_unknown_recipient_checks';
      await tool('postconf', '-M', `${smtp}/inet=${smtp} inet n - n - - smtpd ${options}`);
    },
    to: 'nobody@virtual.test',
    cure: async (postfix) => {
      const service = `${postfix.ports.smtp}/inet/receive_override_options`;
      await postfix.tool('postconf', '-PX', service);
    },
  },
  {
    name: 'a list of recipients that is empty for one service in master.cf',
    id: /^reflection\.unlisted/,
    options: (sink) => ({ settings: virtual(sink), smtp: { virtual_mailbox_maps: '' } }),
    files: boxes,
    to: 'nobody@virtual.test',
    cure: async (postfix) => {
      const service = `127.0.0.1:${postfix.ports.smtp}/inet/virtual_mailbox_maps`;
      await postfix.tool('postconf', '-PX', service);
    },
  },
  {
    name: 'a catch-all that leads to a server that rejects',
    id: /^reflection\.catch-all$/,
    options: (sink) => ({
      settings: {
        ...virtual(sink),
        virtual_alias_domains: 'alias.test',
        virtual_alias_maps: 'texthash:$config_directory/aliases',
        smtpd_reject_unlisted_recipient: 'yes',
      },
    }),
    files: { ...boxes, aliases: '@alias.test @virtual.test\n' },
    to: 'nobody@alias.test',
    cure: (postfix) =>
      writeFile(join(postfix.configDirectory, 'aliases'), 'joe@alias.test joe@virtual.test\n'),
  },
  {
    name: 'an alias whose target does not exist',
    id: /^reflection\.aliases$/,
    options: (sink) => ({
      settings: {
        ...virtual(sink),
        virtual_alias_domains: 'alias.test',
        virtual_alias_maps: 'texthash:$config_directory/aliases',
      },
    }),
    files: { ...boxes, aliases: 'info@alias.test gone@virtual.test, joe@virtual.test\n' },
    to: 'info@alias.test',
    cure: (postfix) =>
      writeFile(join(postfix.configDirectory, 'aliases'), 'sales@alias.test joe@virtual.test\n'),
  },
  {
    name: 'a domain in two address classes',
    id: /^reflection\.classes$/,
    options: (sink) => ({ settings: { ...virtual(sink), mydestination: 'virtual.test' } }),
    files: boxes,
    to: 'nobody@virtual.test',
    cure: (postfix) => postfix.set({ mydestination: '' }),
  },
  {
    name: 'a filter behind the queue that rejects',
    id: /^reflection\.filter$/,
    options: (sink) => ({
      settings: { ...virtual(sink), content_filter: `smtp:[127.0.0.1]:${sink.port}` },
    }),
    files: { boxes: 'spam@virtual.test ok\n' },
    to: 'spam@virtual.test',
    cure: async (postfix) => {
      const filter = (await postfix.tool('postconf', '-h', 'content_filter')).trim();
      const port = filter.slice(filter.lastIndexOf(':') + 1);
      await postfix.set({ content_filter: '', smtpd_proxy_filter: `127.0.0.1:${port}` });
    },
  },
];

function outside(): void {
  for (const { arrange, cure, files = {}, id, name, options, to } of known) {
    test(`${name}: accepted and returned before, refused after`, async () => {
      await using sink = await refusing(['joe@virtual.test']);
      await using postfix = await startPostfix({ sink: sink.port, ...options(sink) });
      await arrange?.(postfix);
      await write(postfix, files);
      assert.equal(await send(postfix, to), 250, 'accepted');
      await returned(sink);
      assert.ok(
        (await ways(postfix)).some((one) => id.test(one)),
        'doctor names it',
      );
      await cure(postfix);
      await reloaded(postfix);
      const notices = sink.deliveries.length;
      const code = await send(postfix, to);
      assert.ok(code >= 500, `refused: ${code}`);
      assert.equal(sink.deliveries.length, notices);
      assert.deepEqual(
        (await ways(postfix)).filter((one) => id.test(one)),
        [],
      );
    });
  }

  test('soft_bounce: unknown recipients are put off before, refused after', async () => {
    await using sink = await refusing();
    await using postfix = await startPostfix({
      sink: sink.port,
      settings: { ...virtual(sink), soft_bounce: 'yes' },
    });
    await write(postfix, boxes);
    assert.equal(await send(postfix, 'nobody@virtual.test'), 450);
    assert.ok((await ways(postfix)).includes('reflection.soft-bounce'));
    await postfix.set({ soft_bounce: 'no' });
    await reloaded(postfix);
    assert.equal(await send(postfix, 'nobody@virtual.test'), 550);
    assert.deepEqual(await ways(postfix), []);
  });

  test('temporary replies: unknown recipients are put off before, refused after', async () => {
    await using sink = await refusing();
    await using postfix = await startPostfix({
      sink: sink.port,
      settings: { ...virtual(sink), unknown_virtual_mailbox_reject_code: '450' },
    });
    await write(postfix, boxes);
    assert.equal(await send(postfix, 'nobody@virtual.test'), 450);
    assert.deepEqual(await ways(postfix), ['reflection.codes']);
    await postfix.set({ unknown_virtual_mailbox_reject_code: '550' });
    await reloaded(postfix);
    assert.equal(await send(postfix, 'nobody@virtual.test'), 550);
    assert.deepEqual(await ways(postfix), []);
  });

  test('another MX host that knows no recipients: it returns what this one refuses', async () => {
    await using sink = await refusing();
    await using postfix = await startPostfix({ sink: sink.port, settings: virtual(sink) });
    await write(postfix, boxes);
    await using other = await startPostfix({
      sink: postfix.ports.smtp,
      settings: {
        mydestination: '',
        relay_domains: 'virtual.test',
        relay_transport: `smtp:[127.0.0.1]:${postfix.ports.smtp}`,
      },
    });
    const exchange = (preference: number, host: string): DnsRecord => ({
      name: 'virtual.test',
      ttlSeconds: 0,
      type: 'MX',
      preference,
      exchange: host,
    });
    const own = exchange(10, 'mail.test');
    await using dns = await openScriptedDns([own, exchange(20, 'mx2.test')]);
    const servers = `[dns]\nservers = ["127.0.0.1:${dns.server.port}"]\n`;
    const { config } = parseConfig(`host = "mail.test"\n${servers}`, 'test');
    const found = async (): Promise<readonly string[]> =>
      idsOf(await reflection(config, postfix.configDirectory));
    assert.equal(await send(postfix, 'nobody@virtual.test'), 550);
    assert.equal(await send(other, 'nobody@virtual.test'), 250, 'accepted');
    await returned(sink);
    assert.ok((await found()).includes('reflection.other-mx'));
    await writeFile(join(other.configDirectory, 'boxes'), boxes.boxes);
    await other.set({ relay_recipient_maps: 'texthash:$config_directory/boxes' });
    await reloaded(other);
    assert.equal(await send(other, 'nobody@virtual.test'), 550, 'refused with the same list');
    dns.records = [own];
    assert.ok(!(await found()).includes('reflection.other-mx'), 'or out of the MX records');
  });
}

/** Postfix itself looks up MX records, so the DNS must have its usual port. */
function inside(): void {
  test('permit_mx_backup: accepted and returned before, refused after', async () => {
    const answers = [
      { preference: 10, exchange: 'mx.customer.test' },
      { preference: 20, exchange: 'mail.test' },
    ].map((one): DnsRecord => ({ name: 'customer.test', ttlSeconds: 0, type: 'MX', ...one }));
    const address = (name: string, at: string): DnsRecord => {
      return { name, ttlSeconds: 0, type: 'A', address: at };
    };
    await using _ = await openScriptedDns(
      [...answers, address('mx.customer.test', '192.0.2.50'), address('mail.test', '127.0.0.1')],
      { port: 53 },
    );
    await writeFile('/etc/resolv.conf', 'nameserver 127.0.0.1\n');
    await using sink = await refusing();
    await using postfix = await startPostfix({
      sink: sink.port,
      smtp: { smtpd_relay_restrictions: 'permit_mx_backup, reject_unauth_destination' },
    });
    assert.equal(await send(postfix, 'nobody@customer.test'), 250, 'accepted');
    await returned(sink);
    assert.ok((await ways(postfix)).includes('reflection.backup-mx'));
    const service = `127.0.0.1:${postfix.ports.smtp}/inet/smtpd_relay_restrictions`;
    await postfix.tool('postconf', '-P', `${service}=reject_unauth_destination`);
    await reloaded(postfix);
    assert.equal(await send(postfix, 'nobody@customer.test'), 554);
    assert.ok(!(await ways(postfix)).includes('reflection.backup-mx'));
  });
}

if (onOwnMachine) inside();
else {
  outside();
  onMachineOfItsOwn(import.meta.filename);
}
