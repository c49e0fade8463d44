/** Who is behind a webmail: what the guard believes, and what it does not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quietWorld } from '../../../test/doubles/world.ts';
import type { Account } from '../../core/account-name.ts';
import type { Submission } from '../../core/event.ts';
import { isOwnByDefault } from '../../formats/postfix/own-hosts.ts';
import type { Millis } from '../../lib/time.ts';
import type { Submitter } from '../../ports/message.ts';
import type { SocketOwner } from '../../ports/scripts.ts';
import { openWebmailClients } from './webmail-clients.ts';

const remote = '192.0.2.20';
const person = '203.0.113.7';
const message: Submission = {
  kind: 'send',
  id: 'Q1',
  at: 0 as Millis,
  account: 'joe@here.example' as Account,
  outside: ['ann@there.example'],
  local: [],
  client: remote,
  clientField: person,
  traits: { helo: 'web' },
};
const local: Partial<Submission> = {
  client: '127.0.0.1',
  clientPort: 40_001,
  server: { address: '127.0.0.1', port: 587 },
};

type How = {
  readonly by?: Submitter['by'];
  readonly owner?: SocketOwner | 'fails';
  /** Where the webmail's log saw the account log in. */
  readonly loggedIn?: string;
};

async function seen(
  change: Partial<Submission>,
  { by = 'login', owner = { uids: [998] }, loggedIn }: How = {},
): Promise<{ readonly went: Submission; readonly how: readonly string[] }> {
  const how: string[] = [];
  const clients = openWebmailClients({
    owners: {
      isHere: (address) => address === '127.0.0.1',
      async of(end, other) {
        assert.deepEqual([end.port, other?.port], [40_001, 587]);
        if (owner === 'fails') throw new Error('no table');
        return owner;
      },
    },
    userName: (uid) => (uid === 998 ? 'roundcube' : 'www-data'),
    logins: { personOf: () => loggedIn },
    isHost: (client) => client === remote || client === '127.0.0.1',
    isOwnHost: (client) => client === remote || isOwnByDefault(client),
    users: ['roundcube', '777'],
    services: new Set(['postern_webmail']),
    world: { ...quietWorld(), count: (_name, _by, label) => void how.push(label ?? '') },
  });
  const went = await new Promise<Submission>((resolve) =>
    clients.known({ ...message, ...change }, by, resolve),
  );
  return { went, how };
}

type Row = readonly [
  why: string,
  change: Partial<Submission>,
  how: How,
  want: readonly [how: string, client: string, webmail: string],
];
const believed: readonly Row[] = [
  ['a field from a named host', {}, {}, ['field', person, remote]],
  ['a field by the webmail’s user here', local, {}, ['field', person, '127.0.0.1']],
  [
    'a user that is named by number',
    local,
    { owner: { uids: [777] } },
    ['field', person, '127.0.0.1'],
  ],
  [
    'the log, where no field says it',
    { clientField: '' },
    { loggedIn: person },
    ['log', person, remote],
  ],
  [
    'the log, behind a proxy',
    { clientField: '10.0.0.9' },
    { loggedIn: person },
    ['log', person, remote],
  ],
  ['the field before the log', {}, { loggedIn: '198.51.100.9' }, ['field', person, remote]],
  [
    'XCLIENT in a service of the webmail alone',
    { client: person, clientField: '198.51.100.9', service: 'postern_webmail' },
    {},
    ['xclient', person, 'postern_webmail'],
  ],
];
for (const [why, change, how, [label, client, webmail]] of believed) {
  test(`believed: ${why}`, async () => {
    const { went, how: counted } = await seen(change, how);
    assert.deepEqual([went.client, went.webmail], [client, webmail]);
    assert.deepEqual(went.traits, { helo: 'web', via: 'webmail' });
    assert.deepEqual(counted, [label]);
  });
}

const others: readonly (readonly [string, Partial<Submission>, How, readonly string[]])[] = [
  ['a field from any other host', { client: '198.51.100.1' }, { loggedIn: person }, []],
  ['a message without a login', {}, { by: 'client' }, []],
  ['mail of sendmail(1)', {}, { by: 'local' }, []],
  ['nothing was said', { clientField: '' }, {}, ['nothing']],
  ['a proxy of our own', { clientField: '127.0.0.1' }, {}, ['nothing']],
  ['another program here', local, { owner: { uids: [33] }, loggedIn: person }, ['other-program']],
  ['a socket that two users have', local, { owner: { uids: [998, 33] } }, ['other-program']],
  ['a socket without a user', local, { owner: { uids: [] } }, ['other-program']],
  ['a socket that was closed', local, { owner: 'closed' }, ['other-program']],
  ['the kernel does not tell', local, { owner: 'unknown' }, ['other-program']],
  ['the kernel cannot be asked', local, { owner: 'fails' }, ['other-program']],
  ['no port is known', { ...local, clientPort: 0 }, {}, ['other-program']],
  ['a service of another name', { client: person, service: 'submission' }, {}, []],
];
for (const [why, change, how, counted] of others) {
  test(`not believed: ${why}`, async () => {
    const { went, how: labels } = await seen(change, how);
    assert.deepEqual(went, { ...message, ...change });
    assert.deepEqual(labels, counted);
  });
}

test('XCLIENT that names a host of the server tells nothing', async () => {
  const service = 'postern_webmail';
  const { went } = await seen({ client: '10.1.2.3', service });
  assert.equal(went.webmail, undefined);
});
