/**
 * A gateway: Postfix brings mail for domains of its own elsewhere (transport_maps, relay_domains),
 * so by transport it looks like mail that leaves. What a stranger sends in our name is verified and
 * never signed; what clients that may relay and people with a login send is judged and signed.
 */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { noNameServer, writeSigningKeys } from '../../bench/signing-keys.ts';
import { makeKeyPair } from '../../src/lib/private-key.ts';
import { people } from './guard-past.ts';
import { connectPostfix, type GuardedServer, startGuardedServer } from './guarded-server.ts';
import { reloaded } from './postfix-reload.ts';
import { connectSmtp } from './smtp-client.ts';

const [person = { account: '', friends: [] }] = people(1);
const [friend = ''] = person.friends;
/** Not in mynetworks, which is 127.0.0.1 alone. */
const stranger = '127.0.0.6';
/** Its keys sign. Taken from anybody, brought elsewhere. */
const ours = 'routed.test';

let server: GuardedServer;
before(async () => {
  server = await startGuardedServer({
    people: [person],
    settings(sink) {
      const next = `smtp:[127.0.0.1]:${sink}`;
      const routed = [ours, 'gate.test', 'sub.gate.test', 'unlisted.test'];
      return {
        mydestination: `mail.test ${ours}`,
        relay_domains: 'gate.test regexp:$config_directory/relayed',
        transport_maps: `inline:{${routed.map((domain) => `{${domain}=${next}}`).join(', ')}}`,
      };
    },
    config: `${noNameServer}[verify]\nenabled = true\ntrusted_networks = ["127.0.0.9"]\n`,
    async prepare(state) {
      const privateKey = await makeKeyPair('rsa');
      const domains = [ours, 'gate.test', 'example.test'];
      const keys = domains.map((domain) => ({ domain, selector: 'r1', privateKey }));
      writeSigningKeys(state, keys);
    },
    connect: false,
  });
  const { postfix } = server;
  await writeFile(join(postfix.configDirectory, 'relayed'), '/^unlisted[.]test$/ ok\n');
  const said = await connectPostfix(server);
  assert.match(said, /regexp:\S+\/relayed cannot be listed/);
  for (const account of ['client:127.0.0.0/29', person.account]) {
    await server.guard.cli('accounts', 'may-write-as', account, `@${ours}`);
  }
});
after(() => server?.[Symbol.asyncDispose]());

/**
 * Sends a letter From our own domain; answers with names of fields that were put into it, and what
 * was counted.
 */
async function through(
  id: string,
  to: string,
  how: { readonly from?: string; readonly client?: string; readonly login?: boolean } = {},
): Promise<{ readonly added: readonly string[]; readonly judged: number }> {
  const { sink, guard, postfix } = server;
  const before = await guard.metric('postern_verdicts_total{verdict="pass"}');
  const { client: localAddress = '127.0.0.1', from = 'x@evil.test' } = how;
  await using smtp =
    how.login === true
      ? await server.login(person.account, localAddress)
      : await connectSmtp(postfix.ports.smtp, { localAddress });
  const text = `From: ceo@${ours}\r\nX-Test-Id: ${id}\r\nSubject: pay this\r\n\r\nNow.\r\n`;
  const reply = await smtp.sendOctets({ from, to, text });
  assert.equal(reply.code, 250, reply.text);
  await sink.until(() => sink.recipients(id).length > 0, id);
  const headers = sink.deliveries.find((one) => one.id === id)?.headers ?? '';
  const names = [...headers.matchAll(/^([!-9;-~]+):/gm)].map(([, name = '']) => name.toLowerCase());
  return {
    added: names.filter((name) => /^(?:dkim-signature|authentication-results)$/.test(name)),
    judged: (await guard.metric('postern_verdicts_total{verdict="pass"}')) - before,
  };
}

const verified = { added: ['authentication-results'], judged: 0 };
const signed = { added: ['dkim-signature'], judged: 1 };

for (const [name, to] of [
  ['mydestination, by transport_maps', `ceo@${ours}`],
  ['relay_domains, by transport_maps', 'ceo@gate.test'],
  ['a domain below relay_domains', 'ceo@sub.gate.test'],
] as const) {
  test(`a stranger in our name, to ${name}: verified, not signed`, async () => {
    assert.deepEqual(await through(`stranger-${to}`, to, { client: stranger }), verified);
    const spoofed = { client: stranger, from: `ceo@${ours}` };
    assert.deepEqual(await through(`spoofed-${to}`, to, spoofed), verified);
  });
}

test('a stranger, to a domain that is not listed: judged, verified, not signed', async () => {
  const found = await through('unlisted', 'ceo@unlisted.test', { client: stranger });
  assert.deepEqual(found, { ...verified, judged: 1 });
  const { guard } = server;
  assert.equal(await guard.metric('postern_milter_faults_total{reason="unlisted-client"}'), 1);
});

test('a client of mynetworks, to somebody elsewhere: judged and signed', async () => {
  assert.deepEqual(await through('client', 'a@world.test'), signed);
});

test('a login, from anywhere: judged and signed', async () => {
  const how = { login: true, from: person.account, client: stranger };
  assert.deepEqual(await through('login', friend, how), signed);
});

test('connected again after mynetworks changed: clients in it now are signed', async () => {
  await server.postfix.set({ mynetworks: `127.0.0.1/32 ${stranger}` });
  await reloaded(server.postfix);
  await connectPostfix(server);
  assert.deepEqual(await through('new-client', 'b@world.test', { client: stranger }), signed);
});
