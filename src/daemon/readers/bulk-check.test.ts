import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openScriptedDns } from '../../../test/doubles/dns-server.ts';
import { quietWorld } from '../../../test/doubles/world.ts';
import { schema } from '../../config/schema.ts';
import type { Journal } from '../../flow/journal/journal.ts';
import type { Millis } from '../../lib/time.ts';
import { openBulkCheck } from './bulk-check.ts';

test('a bulk sender is compared with the DNS: what is not met, and what is not known', async () => {
  await using dns = await openScriptedDns([
    { name: 'example.org', type: 'TXT', ttlSeconds: 60, strings: ['v=spf1 ip4:192.0.2.1 -all'] },
    { name: 'mail.example.org', type: 'A', ttlSeconds: 60, address: '192.0.2.1' },
  ]);
  await using scope = new AsyncDisposableStack();
  const { address, port } = dns.server;
  const config = schema.parse({
    dns: { servers: [`${address}:${port}`] },
    identity: { addresses: ['192.0.2.1'], host: 'mail.example.org' },
  });
  const row = { signed: 0, signedBy: '', firstAt: 0 as Millis, lastAt: 1 as Millis };
  const live = {
    dkimKeys: () => [],
    sendingDomains: () => [
      { ...row, domain: 'example.org', messages: 9 },
      { ...row, domain: 'news.example.org', messages: 5 },
      { ...row, domain: 'example.com', messages: 99 },
    ],
  } as unknown as Journal['live'];
  const { check } = openBulkCheck({ config, scope, world: quietWorld() }, { live });
  const lacks = await check('example.org');
  assert.ok(lacks.includes('not met: DMARC, p=none at least (dmarc)'), lacks.join('\n'));
  assert.ok(lacks.includes('not met: server address and name agree (host.reverse)'));
  assert.ok(lacks.some((one) => one.startsWith('news.example.org: not met: SPF and DKIM pass')));
  assert.ok(!lacks.some((one) => one.includes('example.com')), lacks.join('\n'));
  dns.fault = 'servfail';
  const unknown = await check('other.example');
  assert.ok(unknown.includes('not known: DMARC, p=none at least (dmarc)'), unknown.join('\n'));
  assert.ok(!unknown.some((one) => one.startsWith('not met')), unknown.join('\n'));
});
