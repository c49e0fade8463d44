/**
 * Mail of this machine beyond the limit of held mail: Postern's sendmail ends with EX_TEMPFAIL and
 * says why, and nothing that was taken is lost. What another program hands to pickup(8) is held.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { HeldRow } from '../../src/ports/ledger.ts';
import { eventually } from './leash.ts';
import { type Ran, type SendmailServer, startSendmailServer, users } from './sendmail-server.ts';

const account = 'user:www-data';
let server: SendmailServer;

before(async () => {
  server = await startSendmailServer({
    mode: 'guard',
    config: '[suspension]\nheld_messages_max = 5\n',
  });
});
after(() => server?.[Symbol.asyncDispose]());

const send = (id: string): Promise<Ran> =>
  server.send({
    uid: users.www,
    args: ['-t'],
    input: `To: friend@world.test\nSubject: ${id}\nX-Test-Id: ${id}\n\nHello\n`,
  });
const held = (): Promise<readonly HeldRow[]> =>
  server.guard.json(`/api/held?state=held&limit=100&account=${encodeURIComponent(account)}`);

test('the sixth gets exit code 75 and the contact; after a release all go out once', async () => {
  assert.equal((await send('before')).exit, 0);
  await eventually('it is known', () => server.sink.recipients('before').length === 1);
  await server.guard.cli('accounts', 'suspend', '--unknown', account);
  for (let nth = 1; nth <= 5; nth++) assert.equal((await send(`m${nth}`)).exit, 0, `m${nth}`);
  const sixth = await send('m6');
  assert.equal(sixth.exit, 75, 'EX_TEMPFAIL');
  assert.match(sixth.stderr, /your mail is being checked.*contact/);
  await eventually('five are held', async () => (await held()).length === 5);
  assert.equal((await send('m7')).exit, 75);
  assert.equal((await held()).length, 5);
  await server.guard.cli('accounts', 'release', account, '--false-alarm');
  assert.equal((await send('m8')).exit, 0);
  for (const id of ['m1', 'm2', 'm3', 'm4', 'm5', 'm8']) {
    await eventually(`${id} arrives`, () => server.sink.recipients(id).length > 0);
    assert.deepEqual(server.sink.recipients(id), ['friend@world.test']);
  }
  assert.deepEqual(
    ['m6', 'm7'].flatMap((id) => server.sink.recipients(id)),
    [],
  );
  assert.deepEqual(await held(), []);
});
