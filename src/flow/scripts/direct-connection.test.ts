/** Who speaks SMTP from this machine to itself. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quietWorld } from '../../../test/doubles/world.ts';
import type { Account } from '../../core/account-name.ts';
import type { Submission } from '../../core/event.ts';
import type { Millis } from '../../lib/time.ts';
import type { Answer } from '../../ports/message.ts';
import type { SocketOwner } from '../../ports/scripts.ts';
import { type DirectSettings, openDirectConnections } from './direct-connection.ts';

const message: Submission = {
  kind: 'send',
  id: 'Q1',
  at: 0 as Millis,
  account: 'client:127.0.0.1' as Account,
  outside: ['ann@there.example'],
  local: [],
  client: '127.0.0.1',
  clientPort: 40_001,
  sender: 'shop@here.example',
  headerFrom: 'info@shop.example',
};
const names: Readonly<Record<number, string>> = {
  0: 'root',
  33: 'www-data',
  1001: 'web7',
  1002: 'joe',
};

async function seen(
  owner: SocketOwner,
  settings: Partial<DirectSettings> = {},
  how: { readonly by?: 'login' | 'client' | 'local'; readonly client?: string } = {},
): Promise<{
  readonly went: Submission | undefined;
  readonly said: Answer | undefined;
  readonly asked: number;
}> {
  let asked = 0;
  const direct = openDirectConnections({
    owners: {
      isHere: (address) => address === '127.0.0.1',
      async of(end) {
        assert.equal(end.port, 40_001);
        asked++;
        return owner;
      },
    },
    userName: (uid) => names[uid] ?? '',
    settings: { direct: 'attribute', webUsers: ['www-data', 'web*'], ...settings },
    world: quietWorld(),
  });
  let went: Submission | undefined;
  let said: Answer | undefined;
  await new Promise<void>((resolve) => {
    direct.known(
      { ...message, client: how.client ?? '127.0.0.1' },
      how.by ?? 'client',
      (known) => {
        went = known;
        resolve();
      },
      (answer) => {
        said = answer;
        resolve();
      },
    );
  });
  return { went, said, asked };
}

const submitterOf = ({ went }: { readonly went: Submission | undefined }) =>
  went?.handed?.submitter.user;

test('a web user is known by its socket, with what the register looks at', async () => {
  const found = await seen({ uids: [0, 33] });
  assert.equal(submitterOf(found), 'www-data');
  assert.deepEqual(found.went?.handed?.header, [{ name: 'From', value: 'info@shop.example' }]);
  assert.equal(submitterOf(await seen({ uids: [1_001] })), 'web7');
});

test('of users who share a port, the one who is connected to the mail server counts', async () => {
  const server = { address: '127.0.0.1', port: 25 };
  const asked: unknown[] = [];
  const known = async (of: (other: unknown) => SocketOwner): Promise<string | undefined> => {
    const direct = openDirectConnections({
      owners: {
        isHere: () => true,
        of: async (_end, other) => {
          asked.push(other);
          return of(other);
        },
      },
      userName: (uid) => names[uid] ?? '',
      settings: { direct: 'attribute', webUsers: ['www-data'] },
      world: quietWorld(),
    });
    const went = await new Promise<Submission>((resolve) => {
      direct.known({ ...message, server }, 'client', resolve, () => assert.fail());
    });
    return went.handed?.submitter.user;
  };
  const shared = { uids: [1_002, 33] };
  assert.equal(await known((other) => (other === server ? { uids: [1_002] } : shared)), undefined);
  assert.equal(await known((other) => (other === server ? { uids: [33] } : shared)), 'www-data');
  // Redirected by a packet filter.
  assert.equal(await known((other) => (other === server ? 'elsewhere' : shared)), 'www-data');
  assert.deepEqual(asked, [server, server, server, undefined]);
});

test('other programs count for their user', async () => {
  const found = await seen({ uids: [1_002] });
  assert.deepEqual(found.went, { ...message, account: 'user:joe', uid: 1_002 });
  assert.equal((await seen({ uids: [4_711] })).went?.account, 'user:4711');
});

test('root, other machines, and users who are not known for sure are clients', async () => {
  for (const owner of [{ uids: [0] }, { uids: [1_002, 1_003] }, 'elsewhere', 'unknown'] as const) {
    assert.deepEqual((await seen(owner)).went, message);
  }
});

test('a client that has closed its socket already is somebody', async () => {
  assert.equal(submitterOf(await seen('closed')), '?');
});

test('refused, or ignored, as it is set', async () => {
  const refused = await seen({ uids: [33] }, { direct: 'refuse' });
  assert.equal(refused.said?.kind, 'reply');
  assert.equal(refused.went, undefined);
  assert.equal((await seen({ uids: [1_002] }, { direct: 'refuse' })).said, undefined);
  assert.equal((await seen({ uids: [33] }, { direct: 'ignore' })).asked, 0);
});

test('nobody is asked about logins, mail of sendmail, and other machines', async () => {
  assert.equal((await seen({ uids: [33] }, {}, { by: 'login' })).asked, 0);
  assert.equal((await seen({ uids: [33] }, {}, { by: 'local' })).asked, 0);
  assert.equal((await seen({ uids: [33] }, {}, { client: '192.0.2.7' })).asked, 0);
});
