import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { connectedFile } from './base/connected.ts';
import { openMailServer, queueInstances } from './mail-server.ts';

/** What is known of clients and domains, with these settings and what `connect` found. */
function known(networks: readonly string[], found: unknown) {
  const state = mkdtempSync(join(tmpdir(), 'pms-'));
  if (found !== undefined) writeFileSync(join(state, connectedFile), JSON.stringify(found));
  const server = openMailServer({
    config: {
      accounts: {
        default_domain: '',
        login_domains: [],
        local_domains: [],
        local_transports: ['lmtp', 'maildrop', 'relay'],
        client_networks: networks,
      },
      postfix: { config_directory: '', queue: 'off', helper_socket: '' },
      dovecot: { deny_file: '', config: '' },
    },
    state,
    log: () => undefined,
  });
  server.close();
  rmSync(state, { recursive: true });
  const clients = ['127.0.0.1', '::1', '10.0.0.1', '10.0.0.2', '192.0.2.1', ''];
  const { localDomains } = server;
  const transports = ['lmtp', 'maildrop', 'relay', 'smtp', 'dovecot'];
  const here = transports.filter((name) => server.localTransports.has(name));
  return { localDomains, here, clients: clients.filter(server.mayRelay) };
}

const found = { configDirectory: '/etc/postfix', localDomains: ['Here.example'] };
const lan = { ...found, clientNetworks: ['!10.0.0.2', '10.0.0.0/8'] };
const rows = [
  ['nobody asked Postfix', [], undefined, ['127.0.0.1', '::1']],
  ['asked before networks were', [], found, ['127.0.0.1', '::1']],
  ['mynetworks alone', [], lan, ['10.0.0.1']],
  ['no networks', [], { ...found, clientNetworks: [] }, []],
  ['settings add', ['192.0.2.0/24'], lan, ['10.0.0.1', '192.0.2.1']],
  ['settings come first', ['10.0.0.2', '!10.0.0.1'], lan, ['10.0.0.2']],
  ['a file that cannot be read', [], { ...lan, clientNetworks: 'all' }, ['127.0.0.1', '::1']],
] as const;
for (const [name, networks, file, wanted] of rows) {
  test(`who may relay by address: ${name}`, () => {
    assert.deepEqual(known(networks, file).clients, wanted);
  });
}

test('domains that were found are added, in lower case', () => {
  assert.deepEqual([...known([], found).localDomains], ['here.example']);
});

test('the queues of all connected instances that are still there are worked on', () => {
  const dir = mkdtempSync(join(tmpdir(), 'pqi-'));
  const instance = (name: string) => {
    mkdirSync(join(dir, name));
    writeFileSync(join(dir, name, 'main.cf'), '');
    return { ...lan, configDirectory: join(dir, name) };
  };
  const [one, two] = [instance('one'), instance('two')];
  const more = { queueDirectory: '/', mailOwner: 1, proved: true };
  const doors = { milter: 'off', inbound: 'off', policy: 'off' };
  const instances = [found, one, two, { ...one, configDirectory: join(dir, 'gone') }].map(
    (some) => ({ ...lan, ...some, ...more, doors }),
  );
  const none = { named: '', isNamedByRoot: false };
  const all = { ...lan, instances };
  assert.deepEqual(queueInstances(undefined, none), ['']);
  assert.deepEqual(queueInstances(one, none), [one.configDirectory], 'as version 0.1 wrote it');
  assert.deepEqual(queueInstances(all, none), ['', one.configDirectory, two.configDirectory]);
  const named = { ...none, named: two.configDirectory };
  assert.deepEqual(queueInstances(one, named), [one.configDirectory, two.configDirectory]);
  const byRoot = { ...named, isNamedByRoot: true };
  assert.deepEqual(queueInstances(undefined, byRoot), [''], 'the helper knows it');
  rmSync(dir, { recursive: true });
});

const noDoors = { milter: 'off', inbound: 'off', policy: 'off' };
const instance = {
  ...found,
  queueDirectory: '/q',
  mailOwner: 100,
  clientNetworks: [],
  doors: noDoors,
  proved: true,
};
const ways = [
  ['nothing is known: the settings', undefined, ['lmtp', 'maildrop', 'relay']],
  ['an instance of an older version: the settings', instance, ['lmtp', 'maildrop', 'relay']],
  [
    'relay is a name alone; the own transport counts',
    { ...instance, transports: { here: ['dovecot'], away: ['smtp'] } },
    ['lmtp', 'maildrop', 'dovecot'],
  ],
  [
    'a transport by which everybody is reached is not local, whatever is set',
    { ...instance, transports: { here: ['lmtp', 'relay'], away: ['lmtp', 'relay'] } },
    ['maildrop'],
  ],
] as const;
for (const [name, one, wanted] of ways) {
  test(`transports to which mail does not leave: ${name}`, () => {
    const file = one === undefined ? undefined : { ...found, instances: [one] };
    assert.deepEqual(known([], file).here, wanted);
  });
}
