/**
 * Each argument list goes to Postfix's own sendmail, whose maildrop nobody empties, and through our reading of it: what we
 * call a message is one there, from the same sender and to the same recipients; what Postfix refuses we leave to it.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { sendmailCall } from '../../src/mail/sendmail-options.ts';
import { type PostfixInstance, startPostfix } from './postfix-instance.ts';

const exits = { done: 0, tempfail: 75 } as const;
type Case = readonly [args: readonly string[], exit: number];
const to = 'a@x.example';
const cases: readonly Case[] = [
  [[to], exits.done],
  [[to, 'b@x.example'], exits.done],
  [['-t'], exits.done],
  [['-t', '-i'], exits.done],
  [['-ti'], exits.done],
  [['-t', to], exits.done],
  [['-oi', '-f', 's@x.example', to], exits.done],
  [['-oi', '-fs@x.example', to], exits.done],
  [['-rs@x.example', '-t'], exits.done],
  [['-f', '', to], exits.done],
  [['-F', 'A Name', '-t'], exits.done],
  [['-bm', '-om', '-oem', to], exits.done],
  [['-B8BITMIME', '-N', 'never', '-Rhdrs', to], exits.done],
  [['-N', 'bogus', to], exits.done],
  [['-R', 'bogus', to], exits.done],
  [['-G', '-U', '-v', to], exits.done],
  [['-O', 'a=b', '-L', 'tag', to], exits.done],
  [['-A', 'c', '-h', '3', '-p', 'x', '-c', '-e', 'q', '-m', '-x', to], exits.done],
  [['-i', '--', to], exits.done],
  [[], exits.tempfail],
  [['-Z', to], exits.tempfail],
  [['-B'], exits.tempfail],
  [['-f'], exits.tempfail],
  [['-bz', to], exits.tempfail],
  [['-bm', '-t', '-q'], exits.tempfail],
  [['-bd', '-t'], exits.tempfail],
  [['-bs', '-t'], exits.tempfail],
];

let postfix: PostfixInstance;
before(async () => {
  postfix = await startPostfix({
    sink: 1,
    masterCf: ({ smtp }) => `127.0.0.1:${smtp} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
rewrite unix - - n - - trivial-rewrite
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
`,
  });
});
after(() => postfix?.[Symbol.asyncDispose]());

for (const [args, exit] of cases) {
  test(`sendmail ${args.map((arg) => (arg === '' ? "''" : arg)).join(' ')}`, () => {
    const ran = spawnSync('/usr/sbin/sendmail', ['-C', postfix.configDirectory, ...args], {
      input: 'From: f@x.example\nTo: t@x.example\nSubject: one\n\nHello.\n',
      encoding: 'utf8',
      timeout: 10_000,
    });
    assert.equal(ran.status, exit, ran.stderr);
    const call = sendmailCall(args);
    const kept = maildrop();
    if (exit !== exits.done) {
      assert.equal(call.kind, 'other');
      assert.deepEqual(kept, []);
      return;
    }
    assert.ok(call.kind === 'message', `we call it ${call.kind}`);
    const [record = ''] = kept;
    const of = (name: string): string[] =>
      [...record.matchAll(new RegExp(`^${name}: (.*)$`, 'gm'))].map(([, value = '']) => value);
    const headers = call.headerRecipients ? ['t@x.example'] : [];
    assert.deepEqual(of('recipient').sort(), [...call.recipients, ...headers].sort());
    if (call.sender !== undefined) assert.deepEqual(of('sender'), [call.sender]);
    if (call.fullName !== undefined) assert.deepEqual(of('sender_fullname'), [call.fullName]);
  });
}

/** What lies in the maildrop, as postcat(1) tells it; it is emptied. */
function maildrop(): readonly string[] {
  const folder = join(postfix.dir, 'spool', 'maildrop');
  return readdirSync(folder).map((name) => {
    const path = join(folder, name);
    const shown = spawnSync('/usr/sbin/postcat', ['-c', postfix.configDirectory, '-e', path], {
      encoding: 'utf8',
    });
    assert.equal(shown.status, 0, shown.stderr);
    rmSync(path);
    return shown.stdout;
  });
}
