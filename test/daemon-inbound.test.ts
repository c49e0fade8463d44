import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../src/config/load.ts';
import { metrics } from '../src/core/metrics/metrics.ts';
import { openWorld } from '../src/daemon/base/timers.ts';
import { openInbound, openInboundResolver } from '../src/daemon/readers/inbound.ts';
import type { SigningKey } from '../src/formats/dkim/signing-key.ts';
import { openCounters } from '../src/lib/counters.ts';
import { makeKeyPair, openPrivateKey } from '../src/lib/private-key.ts';
import type { HeaderEdit } from '../src/ports/message.ts';
import { openScriptedDns } from './doubles/dns-server.ts';
import { scriptedStart } from './doubles/start.ts';

const rsa = openPrivateKey(await makeKeyPair('rsa', 1_024));
assert.ok(rsa.ok);
const { sign } = rsa.value;
const keys: readonly SigningKey[] = [
  { domain: 'example.net', selector: 'ed', algorithm: 'ed25519-sha256', sign },
  { domain: 'example.net', selector: 'rsa', algorithm: 'rsa-sha256', sign },
  { domain: 'seal.example', selector: 'rsa', algorithm: 'rsa-sha256', sign },
];

/** The edits to one small message under these settings of [verify]; undefined: it is not read. */
async function edited(verify: string): Promise<readonly HeaderEdit[] | undefined> {
  await using dns = await openScriptedDns([]);
  await using scope = new AsyncDisposableStack();
  const servers = `[dns]\nservers = ["127.0.0.1:${dns.server.port}"]`;
  const { config } = parseConfig(`${servers}\n[verify]\n${verify}\n`, 'test');
  const world = openWorld({ log: () => {}, count: () => {} });
  const reading = openInbound({
    config,
    host: 'MX.mail.example.net',
    counters: openCounters(metrics),
    world,
    keysOf: (domain) => keys.filter((key) => key.domain === domain),
    resolve: openInboundResolver({ config, world }, scope),
    judge: undefined,
    heard: () => undefined,
  });
  const reader = reading?.open(scriptedStart());
  if (reader === undefined) return undefined;
  reader.header('From', ' a@a.example');
  reader.body(Buffer.from('x\r\n'), 0, 3);
  return new Promise((resolve) => reader.finish(resolve));
}

/** Names of the fields that are put on top, and who sealed. */
async function outcome(verify: string): Promise<string> {
  const edits = await edited(verify);
  if (edits === undefined) return 'not read';
  const [first] = edits;
  const id = first?.kind === 'insert' ? /^ ([^;]+);/.exec(first.value)?.[1] : undefined;
  const last = edits.at(-1);
  const seal =
    last?.kind === 'insert' && last.name === 'ARC-Seal'
      ? /d=([^;]+);\s+s=([^;]+);/.exec(last.value)?.slice(1).join(' ')
      : 'not sealed';
  return `${id}: ${edits.length} fields, ${seal}`;
}

const rows = [
  ['nothing is wanted', '', 'not read'],
  ['a check', 'enabled = true', 'MX.mail.example.net: 1 fields, not sealed'],
  [
    'another name',
    'enabled = true\nauthserv_id = "example.net"',
    'example.net: 1 fields, not sealed',
  ],
  ['a trusted client', 'enabled = true\ntrusted_networks = ["192.0.2.0/24"]', 'not read'],
  [
    'a seal by the nearest domain above host that has an RSA key',
    'enabled = true\narc = true',
    'MX.mail.example.net: 4 fields, example.net rsa',
  ],
  [
    'a seal by a domain of its own',
    'enabled = true\narc = true\narc_domain = "Seal.example"',
    'MX.mail.example.net: 4 fields, seal.example rsa',
  ],
  [
    'a domain that has no key',
    'enabled = true\narc = true\narc_domain = "none.example"',
    'MX.mail.example.net: 1 fields, not sealed',
  ],
] as const;
for (const [name, verify, wanted] of rows) {
  test(`[verify]: ${name}`, async () => assert.equal(await outcome(verify), wanted));
}

test('[verify]: what is wrong is refused', () => {
  for (const line of ['deadline = "0s"', 'deadline = "30s"', 'trusted_networks = ["lan"]']) {
    assert.throws(() => parseConfig(`[verify]\n${line}`, 'test'), { code: 'config' }, line);
  }
});
