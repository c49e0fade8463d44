/**
 * Doctor tries the ways round the sendmail door, where Postern is installed as a user without
 * rights.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Finding } from '../../src/core/finding.ts';
import type { ScriptListView } from '../../src/ports/scripts.ts';
import { launcher } from './guard-instance.ts';
import { eventually } from './leash.ts';
import { guardUser, type SendmailServer, startSendmailServer, users } from './sendmail-server.ts';
import { contactForm, postByCgi, website } from './web-form.ts';

let server: SendmailServer;
before(async () => {
  server = await startSendmailServer({ installed: true });
});
after(() => server?.[Symbol.asyncDispose]());

async function findings(): Promise<ReadonlyMap<string, Finding>> {
  const { state, guard } = server;
  const args = ['doctor', '--json', '--state', state, '--config', guard.configFile];
  const ran = await server.run(launcher, { args });
  const { findings: all } = JSON.parse(ran.stdout) as { readonly findings: readonly Finding[] };
  return new Map(all.map((one) => [one.id, one]));
}

test('doctor finds postdrop open, then closed; the owner of a connection is known', async () => {
  const open = await findings();
  const postdrop = open.get('scripts.postdrop');
  assert.deepEqual(
    [postdrop?.kind, postdrop?.found],
    ['fail', 'tried as www-data: accepted (authorized_submit_users is not set)'],
  );
  const loopback = open.get('scripts.loopback');
  assert.match(
    loopback?.found ?? '',
    /^tried as www-data at 127\.0\.0\.1:\d+: counted as user:www-data$/,
  );
  assert.equal(open.get('scripts.register')?.kind, 'ok');

  await server.postfix.set({ authorized_submit_users: `root, ${guardUser.name}` });
  const shut = (await findings()).get('scripts.postdrop');
  assert.deepEqual([shut?.kind, shut?.found], ['ok', 'tried as www-data: refused']);
});

test('a guard without rights knows a form by its process and the file’s owner', async () => {
  const shop = join(server.dir, 'shop');
  await website(shop, users.www, { 'contact.php': contactForm });
  const script = join(shop, 'contact.php');
  const fields = { id: 'form', name: 'Vi', email: 'vi@sit.test', subject: 'Hi', message: 'Hi.' };
  const { sendmail, run } = server;
  const page = await postByCgi({ script, uid: users.www, sendmail, fields, run });
  assert.match(page.stdout, /thank you/, page.stderr);
  await eventually('it is delivered', () => server.sink.recipients('form')[0]);
  const forged = await postByCgi({ script, uid: users.nobody, sendmail, fields, run });
  assert.match(forged.stdout, /thank you/, forged.stderr);
  const seen = await eventually('both are seen', async () => {
    const { scripts } = await server.guard.json<ScriptListView>('/api/scripts');
    return scripts.length === 2 ? scripts.map(({ account }) => account).sort() : undefined;
  });
  assert.deepEqual(seen, [`script:${script}`, 'user:nobody']);
  const register = (await findings()).get('scripts.register');
  assert.match(
    register?.found ?? '',
    /nothing is held \(scripts\.mode = "observe"\); 2 scripts seen, 2 without a rule/,
  );
});
