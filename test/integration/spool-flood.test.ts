/**
 * A user writes thousands of messages into the spool without postern-sendmail: the guard keeps the
 * oldest, says who it is, and the mail of other users does not wait.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { encodeHandoverRequest } from '../../src/core/scripts/handover-request.ts';
import { eventually } from './leash.ts';
import { type SendmailServer, startSendmailServer, users } from './sendmail-server.ts';

const run = promisify(execFile);
const isRoot = process.getuid?.() === 0;
const skip = isRoot ? false : 'only root may act as other users';
const count = 3_000;
/** Older than any message of today. */
const id = (nth: number): string => `${1_600_000_000_000 + nth}-${String(nth).padStart(32, '0')}`;
let server: SendmailServer;

before(async () => {
  if (isRoot) server = await startSendmailServer();
});
after(() => server?.[Symbol.asyncDispose]());

function message(nth: number): Buffer {
  const body = Buffer.from(`Subject: flood\nX-Test-Id: flood-${nth}\n\n${nth}\n`);
  const request = {
    id: id(nth),
    sender: 'games@mail.test',
    fullName: undefined,
    recipients: [`${nth}@strangers.test`],
    headerRecipients: false,
    through: [],
    crlf: false,
    phpScript: '',
    claim: undefined,
  };
  return Buffer.concat([encodeHandoverRequest(request, body.length) ?? assert.fail(), body]);
}

/** Writes the messages as their user would, and some that are none. */
async function flood(): Promise<string> {
  const made = join(server.dir, 'made');
  mkdirSync(made);
  for (let nth = 0; nth < count; nth++) writeFileSync(join(made, id(nth)), message(nth));
  const folder = join(server.spool, String(users.games));
  const script = `mkdir -p ${folder}; cp -r ${made}/. ${folder}/; : > ${folder}/rubbish`;
  const words = ['--reuid', String(users.games), '--regid', String(users.games), '--clear-groups'];
  await run('setpriv', [...words, '/bin/sh', '-c', script]);
  return folder;
}

test('a flood in the spool is trimmed and told; others do not wait', {
  skip,
  timeout: 600_000,
}, async () => {
  server.guard.kill('SIGKILL');
  await server.guard.ended;
  const folder = await flood();
  const input = 'From: www@mail.test\nTo: friend@world.test\nX-Test-Id: patient\n\nHello\n';
  const sent = await server.send({ uid: users.www, args: ['-t'], input });
  assert.equal(sent.exit, 0, sent.stderr);
  server.guard = await server.startGuard();
  const arrived = (): number => server.sink.deliveries.findIndex((one) => one.id === 'patient');
  await server.sink.until(() => arrived() >= 0, 'the message of the other user');
  // The mail server runs several deliveries at the same time, so the order is only about that.
  assert.ok(arrived() < 50, `after ${arrived()} others`);
  const { part, why } = await server.guard.logged('trouble.begun');
  assert.equal(part, 'spool of user id 5');
  assert.match(String(why), /user games \(id 5\) has 2000 files .* in the spool, more than 1000/);
  const trimmed = await server.guard.logged('sendmail.spool-trimmed');
  assert.equal(trimmed['removed'], count - 2_000 + 1);
  assert.ok(!existsSync(join(folder, 'rubbish')));
  const left = readdirSync(folder).sort();
  assert.ok(left.length <= 2_000, `${left.length} files`);
  assert.ok(left.at(-1) === id(1_999), 'the oldest stay');
  // What was taken first goes out first.
  await eventually('some of the flood goes out', () => server.sink.deliveries.length > 5);
});
