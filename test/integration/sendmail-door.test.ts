/**
 * postern-sendmail, the door, Postfix and the milter door together: who spoke is known, and the
 * mail is as it was.
 */
import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { eventually } from './leash.ts';
import { runAs, type SendmailServer, startSendmailServer, users } from './sendmail-server.ts';

let server: SendmailServer;
before(async () => {
  server = await startSendmailServer();
});
after(() => server?.[Symbol.asyncDispose]());

type Item = { readonly account: string };
const accounts = async (): Promise<readonly string[]> =>
  (await server.guard.json<readonly Item[]>('/api/recent')).map(({ account }) => account);

const delivered = (id: string) =>
  eventually(`${id} is delivered`, () => server.sink.deliveries.find((one) => one.id === id), {
    detail: async () =>
      `${await server.postfix.log()}\n${JSON.stringify(await server.guard.log())}`,
  });

test('a user sends: delivered, without a trace of us, on the account of the user', async () => {
  const input = 'To: a@world.test\nSubject: one\nX-Test-Id: one\n\nHello.\n';
  const ran = await server.send({ uid: users.www, args: ['-t', '-i'], input });
  assert.deepEqual(ran, { exit: 0, stdout: '', stderr: '' });
  assert.deepEqual(await readdir(server.spool), [], 'nothing went to the spool');
  const { headers, from, to } = await delivered('one');
  assert.doesNotMatch(headers, /postern/i);
  assert.equal(from, 'www-data@mail.test');
  assert.deepEqual(to, ['a@world.test']);
  assert.ok((await accounts()).includes('user:www-data'), String(await accounts()));
});

test('a script is known by its interpreter’s file; in CGI, by the web server', async () => {
  const { dir, sendmail } = server;
  const script = join(dir, 'report.sh');
  await writeFile(
    script,
    `printf 'To: a@world.test\\nX-Test-Id: two\\n\\nx\\n' | ${sendmail} -t\n`,
  );
  await runAs('/bin/sh', { uid: users.www, args: [script] });
  await delivered('two');
  assert.ok((await accounts()).includes(`script:${script}`), String(await accounts()));
});

test('in CGI the script is the one that the web server named', async () => {
  const { dir, sendmail } = server;
  const script = join(dir, 'contact.php');
  const code = `<?php putenv('SCRIPT_FILENAME=/var/www/other.php');
    mail('a@world.test', 'four', 'x', "X-Test-Id: four\\r\\nFrom: f@mail.test");`;
  await writeFile(script, code);
  const env = {
    GATEWAY_INTERFACE: 'CGI/1.1',
    REQUEST_METHOD: 'GET',
    REDIRECT_STATUS: '200',
    SCRIPT_FILENAME: script,
    SCRIPT_NAME: '/contact.php',
  };
  const args = ['-d', `sendmail_path=${sendmail} -t -i`];
  const ran = await runAs('/usr/bin/php-cgi', { uid: users.www, args, env });
  assert.equal(ran.exit, 0, ran.stderr + ran.stdout);
  await delivered('four');
  assert.ok((await accounts()).includes(`script:${script}`), String(await accounts()));
});

test('a script that does not exist is no name: the mail is of the user', async () => {
  for (const nth of [1, 2, 3]) {
    const env = { GATEWAY_INTERFACE: 'CGI/1.1', SCRIPT_FILENAME: `/var/www/no-such-${nth}.php` };
    const id = `absent-${nth}`;
    const print = `printf 'To: a@world.test\\nX-Test-Id: ${id}\\n\\nx\\n'`;
    const code = `${print} | ${server.sendmail} -t\ntrue\n`;
    await runAs('/bin/sh', { uid: users.nobody, args: ['-c', code], env });
    await delivered(id);
  }
  const known = await accounts();
  assert.ok(known.includes('user:nobody'), String(known));
  assert.ok(!known.some((account) => account.includes('no-such')), String(known));
});

test('fields that only look like ours are taken out, and count for nothing', async () => {
  const token = `${users.www}-1700000000000-${'0'.repeat(32)} ${'0'.repeat(16)}`;
  const input =
    `X-Postern-Submission: ${token}\nTo: a@world.test\nx-postern-submission: x\nX-Test-Id: ` +
    'three\n\n.\nx\n';
  const ran = await server.send({ uid: users.games, args: ['-ti', 'b@world.test'], input });
  assert.equal(ran.exit, 0, ran.stderr);
  const { headers, to, message } = await delivered('three');
  assert.doesNotMatch(headers, /postern/i);
  assert.deepEqual([...to].sort(), ['a@world.test', 'b@world.test']);
  assert.match(message, /\r\n\r\n\.\.?\r\nx/);
  assert.ok((await accounts()).includes('user:games'), String(await accounts()));
});
