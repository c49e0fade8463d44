/**
 * Programs of this machine that speak SMTP to it: a list server whose mail is stopped does not stop
 * the monitor's alerts.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { type GuardedServer, startGuardedServer } from './guarded-server.ts';

const run = promisify(execFile);
const isRoot = process.getuid?.() === 0;
/** Numbers without a name: no user of this machine has them. */
const [listServer, monitor] = [54_001, 54_002];

/** Sends single messages; a refusal ends it. */
const program = `import smtplib, sys
port, sender, name, count = sys.argv[1:]
server = smtplib.SMTP('127.0.0.1', int(port))
for n in range(int(count)):
    text = 'Subject: hello\\nX-Test-Id: %s-%d\\n\\nHello.\\n' % (name, n)
    try:
        server.sendmail(sender, ['%s%d@world.test' % (name, n)], text)
    except smtplib.SMTPException:
        print('refused')
        break
`;

let server: GuardedServer;
before(async () => {
  if (isRoot) server = await startGuardedServer({ people: [] });
});
after(() => server?.[Symbol.asyncDispose]());

async function sendAs(uid: number, name: string, count: number): Promise<string> {
  const user = ['--reuid', String(uid), '--regid', String(uid), '--clear-groups'];
  const words = [String(server.postfix.ports.smtp), `${name}@mail.test`, name, String(count)];
  return (await run('/usr/bin/setpriv', [...user, '/usr/bin/python3', '-c', program, ...words]))
    .stdout;
}

test('one program is stopped, the other goes on', {
  skip: isRoot ? false : 'only root can send as other users',
}, async () => {
  const { guard, sink } = server;
  await sendAs(listServer, 'list', 300);
  const list = await guard.cli('accounts', 'list', '--json');
  const states = [...list.matchAll(/"account":"(user:\d+)","state":"(\w+)"/g)];
  const found = states.find(([, account]) => account === `user:${listServer}`);
  assert.ok(found !== undefined && found[2] !== 'clear', list);
  assert.doesNotMatch(list, /"client:127\.0\.0\.1"/);
  assert.equal(await sendAs(monitor, 'alert', 1), '');
  await sink.until(() => sink.recipients('alert-0').length === 1, 'the alert');
});
