/**
 * Authoritative servers asked one by one: who lags is seen, referrals and aliases are followed,
 * nothing is cached.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openScriptedDns, type ScriptedDns } from '../../../test/doubles/dns-server.ts';
import type { DnsQuestion } from '../../formats/dns/question.ts';
import type { DnsRecord } from '../../formats/dns/record.ts';
import { textOfTxt } from '../../formats/dns/record.ts';
import { zoneAnswers } from '../../formats/dns/zone-answers.ts';
import { parseBindZone } from '../../formats/dns/zone-bind.ts';
import { type Authorities, openAuthorities } from './authority.ts';

function recordsOf(text: string): readonly DnsRecord[] {
  const zone = parseBindZone(text);
  assert.ok(zone.ok, JSON.stringify(zone));
  return zone.value;
}

const world = recordsOf(`
example.test. NS ns1.example.test.
example.test. NS ns2.example.test.
ns1.example.test. A 127.0.0.1
ns2.example.test. A 127.0.0.2
other.test. NS ns.other.test.
ns.other.test. A 127.0.0.3
dead.test. NS ns.dead.test.
lost.test. NS ns.other.test.
lost.test. NS ns.lost.test.
ns.lost.test. TXT TIMEOUT
both.test. NS ns.both.test.
ns.both.test. A 127.0.0.3
ns.both.test. AAAA 2001:db8::1
`);
const oldZone = recordsOf(`
example.test. SOA ns1.example.test. x.example.test. 1 1 1 1 1
alias._domainkey.example.test. CNAME key.other.test.
`);
const newZone = recordsOf(`
example.test. SOA ns1.example.test. x.example.test. 2 1 1 1 1
s1._domainkey.example.test. TXT "v=DKIM1; p=abc"
alias._domainkey.example.test. CNAME key.other.test.
`);
const otherZone = recordsOf(`
key.other.test. TXT "v=DKIM1; p=other"
both.test. TXT "here"
lost.test. TXT "found"
`);

type World = AsyncDisposable & {
  readonly ask: Authorities;
  readonly asked: DnsQuestion[];
  readonly servers: readonly [ScriptedDns, ScriptedDns, ScriptedDns];
};

/** Three servers on one port of three addresses, and a resolver that knows of them. */
async function openWorld(): Promise<World> {
  const first = await openScriptedDns(newZone);
  const { port } = first.server;
  const second = await openScriptedDns(oldZone, { address: '127.0.0.2', port });
  const third = await openScriptedDns(otherZone, { address: '127.0.0.3', port });
  const zone = zoneAnswers(world);
  const asked: DnsQuestion[] = [];
  const resolve = async (question: DnsQuestion): Promise<ReturnType<typeof zone>> => {
    asked.push(question);
    return zone(question);
  };
  return {
    ask: openAuthorities({ resolve, port, tryMs: 100 }),
    asked,
    servers: [first, second, third],
    [Symbol.asyncDispose]: async () => {
      for (const one of [first, second, third]) await one[Symbol.asyncDispose]();
    },
  };
}

async function told(ask: Authorities, name: string): Promise<readonly string[]> {
  const answers = await ask({ name, type: 'TXT' });
  return answers.map(({ server, address, answer }) => {
    const [first] = answer.kind === 'records' ? answer.records : [];
    const what =
      answer.kind === 'failure'
        ? answer.reason
        : first?.type === 'TXT'
          ? textOfTxt(first)
          : answer.kind === 'none' && answer.exists
            ? 'nodata'
            : 'nxdomain';
    return `${server} ${address} ${what}`;
  });
}

test('each server says what it has, and the resolver is not asked for the name', async () => {
  await using all = await openWorld();
  assert.deepEqual(await told(all.ask, 'S1._domainkey.Example.test'), [
    'ns1.example.test 127.0.0.1 v=DKIM1; p=abc',
    'ns2.example.test 127.0.0.2 nxdomain',
  ]);
  assert.ok(all.asked.every(({ name }) => !name.includes('_domainkey')));
  assert.ok(all.servers.every(({ asked }) => asked.every(({ recursion }) => !recursion)));
});

test('an alias is followed to the servers of its target', async () => {
  await using all = await openWorld();
  assert.deepEqual(await told(all.ask, 'alias._domainkey.example.test'), [
    'ns.other.test 127.0.0.3 v=DKIM1; p=other',
  ]);
});

const states = [
  ['silent', 'timeout'],
  ['refused', 'refused'],
  ['servfail', 'servfail'],
  ['garbage', 'timeout'],
  ['truncated', 'v=DKIM1; p=abc'],
  ['compression-loop', 'malformed'],
  ['referral', 'unreachable'],
] as const;
for (const [fault, want] of states) {
  test(`a server with a fault is told from one that lags: ${fault}`, async () => {
    await using all = await openWorld();
    all.servers[0].fault = fault;
    const lines = await told(all.ask, 's1._domainkey.example.test');
    assert.ok(lines.includes('ns2.example.test 127.0.0.2 nxdomain'));
    assert.ok(
      lines.some((line) => line.endsWith(` ${want}`)),
      lines.join('\n'),
    );
  });
}

test('an unreachable address is left out if the server answers at another', async () => {
  await using all = await openWorld();
  const lines = await told(all.ask, 'both.test');
  assert.equal(lines[0], 'ns.both.test 127.0.0.3 here');
  assert.ok(lines.length === 1 || lines[1]?.endsWith(' timeout'), lines.join('\n'));
});

test('a server whose address cannot be found out counts as one that may lag', async () => {
  await using all = await openWorld();
  assert.deepEqual(await told(all.ask, 'lost.test'), [
    'ns.other.test 127.0.0.3 found',
    'ns.lost.test  timeout',
  ]);
});

test('a zone without servers, or without their addresses, is a failure', async () => {
  await using all = await openWorld();
  assert.deepEqual(await told(all.ask, 'a.nowhere.test'), ['  unreachable']);
  assert.deepEqual(await told(all.ask, 'a.dead.test'), ['  unreachable']);
  assert.deepEqual(await told(all.ask, 'a..b'), ['  servfail']);
});

test('servers that lead to ever more names are asked a limited number of times', async () => {
  const first = await openScriptedDns(recordsOf('*.example.test. CNAME one.example.test.'));
  const { port } = first.server;
  const at = { address: '127.0.0.2', port };
  const second = await openScriptedDns(recordsOf('*.example.test. CNAME two.example.test.'), at);
  await using stack = new AsyncDisposableStack();
  for (const one of [first, second]) stack.use(one);
  const zone = zoneAnswers(world);
  const ask = openAuthorities({ resolve: async (question) => zone(question), port });
  assert.ok((await told(ask, 's1.example.test')).every((one) => / servfail$/.test(one)));
  assert.equal(first.asked.length + second.asked.length, 200);
});
