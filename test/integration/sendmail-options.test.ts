/**
 * Each argument list, and each kind of message, goes to Postfix's own sendmail, whose maildrop
 * nobody empties, and through postern-sendmail, the spool and the hand-over: both end alike and say
 * the same, and what lies in the maildrop then is the same, but for the field by which we know it
 * again.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { handoverToken } from '../../src/core/scripts/handover-field.ts';
import type { Millis } from '../../src/lib/time.ts';
import { openIdentities } from '../../src/partners/kernel/identities.ts';
import { realSendmail } from '../../src/partners/postfix/sendmail.ts';
import { openHandoverFiles } from '../../src/partners/spool/handover-files.ts';
import { openSpool } from '../../src/partners/spool/spool-folder.ts';
import { messageBytesMax, startTwoSendmails, type TwoSendmails } from './two-sendmails.ts';

const usual = 'From: f@x.example\nTo: t@x.example\nSubject: one\n\nHello.\n';
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
  [['-N', '', '-R', '', to], exits.done],
  [['-B', '9BIT', to], exits.tempfail],
  [['-XV', '-f', 's@x.example', to], exits.done],
  [['-XV-=', '-f', 's@x.example', to], exits.done],
  [['-XV', '-f', '', to], exits.tempfail],
  [['-XV##', to], exits.tempfail],
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

/** Messages, each with its arguments. */
const messages: readonly (readonly [args: readonly string[], input: string, exit: number])[] = [
  [['-t'], 'Subject: to nobody\n\nbody\n', exits.tempfail],
  [['-t'], 'To: undisclosed-recipients:;\n\nbody\n', exits.tempfail],
  [['-t'], 'To: <>\n\nbody\n', exits.tempfail],
  [['-i', '-t', to], 'Subject: cron\n\nbody\n', exits.done],
  [['-t', to, 'b@x.example'], 'Cc: c@x.example\n\nbody\n', exits.done],
  [['-t', to], 'To: undisclosed-recipients:;\n\nbody\n', exits.done],
  [['-t', to], 'Resent-To: <>\nTo: b@x.example\n\nbody\n', exits.done],
  [['-t', '-f', '', to], 'no header\n', exits.done],
  [['-t', to], '', exits.done],
  [['-t', '<>'], 'Subject: x\n\nbody\n', exits.done],
  [['-t'], 'To: ,;\n\nbody\n', exits.tempfail],
  [['-t'], 'To: (a@x.example)\n\nbody\n', exits.tempfail],
  [['-t'], 'To: (a (b@x.example) c) , "q w" <d@x.example>\n\nbody\n', exits.done],
  [['-t'], 'To: A, B: <e@x.example>, f@x.example;\n\nbody\n', exits.done],
  [['-t'], 'To: ""\n\nbody\n', exits.done],
  [['-t'], 'To: =?utf-8?q?a=40x=2Eexample?= <g@x.example>\n\nbody\n', exits.done],
  [
    ['-t'],
    'To: "A, B" <a@x.example>, (c@x) d@x.example (Comment), <@r1,@r2:e@x.example>,\n group: ' +
      'f@x.example, g@x.example;\nCC: "joe doe"@x.example\n , <>\nReply-To: n@x.example\nBcc: ' +
      'z@x.example\n\nTo: body@x\n',
    exits.done,
  ],
  [['-t'], 'To: a@x.example\nResent-To: b@x.example\n\n', exits.done],
  [['-t', 'c@x.example'], 'To: a@x.example\nResent-Bcc: b@x.example\n\n', exits.done],
  [['-t'], 'Hello a@x.example\nTo: b@x.example\n\nxx\n', exits.tempfail],
  [['-t'], 'From someone Mon\n>From y\nTo: b@x.example\n\nxx\n.\nyy\n', exits.done],
  [['-ti'], 'To: b@x.example\r\nSubject: k\r\n\r\nxx\r\n.\r\nyy\r\n', exits.done],
  [['-t'], 'To: b@x.example\r\nSubject: k\r\n\r\nxx\r\n.\r\nyy\r\n', exits.done],
  [[to], ' white space first\nSubject: no\n\nx\n', exits.done],
  [[to], '\nno header at all\n', exits.done],
  [[to], 'text at once\nmore\n', exits.done],
  [[to], '', exits.done],
  [[to], '.\n', exits.done],
  [[to], 'no line end', exits.done],
  [['-t'], 'To: a@x.example', exits.done],
  [
    ['a@x.example, b@x.example', '"q r"@x.example', 'A B <c@x.example>'],
    'Subject: x\n\nb\n',
    exits.done,
  ],
  [['-t'], 'TO : spaced@x.example\nTo:\n b@x.example\n\n', exits.done],
  [
    ['-t'],
    'To: a@x.example a2@x.example, joe, jane doe, a.b@[192.0.2.1], M@X.Example\n\n',
    exits.done,
  ],
  [[to], `Subject: large\n\n${`${'x'.repeat(70)}\n`.repeat(400)}`, exits.tempfail],
];

let two: TwoSendmails;
before(async () => {
  two = await startTwoSendmails();
});
after(() => two?.[Symbol.asyncDispose]());

const named = (args: readonly string[]): string =>
  args.map((arg) => (arg === '' ? "''" : arg)).join(' ');

for (const [args, exit] of cases) {
  test(`sendmail ${named(args)}`, () => compare(args, usual, exit));
}
for (const [args, input, exit] of messages) {
  test(`sendmail ${named(args)} < ${JSON.stringify(input).slice(0, 60)}`, () =>
    compare(args, input, exit));
}

async function compare(args: readonly string[], input: string, exit: number): Promise<void> {
  const own = run('/usr/sbin/sendmail', ['-C', two.postfix.configDirectory, ...args], input);
  const [theirs] = maildrop();
  assert.equal(own.status, exit, own.stderr);
  const programs = [
    [process.execPath, '--disable-warning=ExperimentalWarning', two.wrapper],
    ['/bin/bash', '-c', 'ulimit -v 500000; exec perl "$0" "$@"', two.starter],
  ] as const;
  for (const [program, ...words] of programs) {
    const ours = run(program, [...words, ...args], input);
    assert.equal(ours.status, exit, ours.stderr);
    assert.equal(ours.stdout, own.stdout);
    assert.equal(ours.stderr, exit === exits.done ? '' : fatalLines(own.stderr));
    await isHandedOver(input, exit, theirs);
  }
}

async function isHandedOver(
  input: string,
  exit: number,
  theirs: string | undefined,
): Promise<void> {
  // An empty line stands between our field and a message that has none: Postfix would put one
  // there.
  const bare = /^[ \t]/.test(input) ? /(CONTENTS \*\*\*\n)\n/ : /(?!)/;
  const handed = (await handOver())?.replace(bare, '$1');
  assert.equal(handed, theirs === undefined ? undefined : record(theirs));
  if (handed === undefined) assert.equal(exit, exits.tempfail);
}

function run(program: string, args: readonly string[], input: string) {
  return spawnSync(program, args, { input, encoding: 'utf8', timeout: 60_000 });
}

/**
 * What sendmail itself says; of a file that is too large postdrop(1), which we do not get to, says
 * so too.
 */
function fatalLines(text: string): string {
  const lines = text.split('\n').filter((line) => !/^(?:postdrop|sendmail): warning/.test(line));
  return lines.join('\n');
}

/**
 * Takes what is in the spool and hands it to Postfix's own sendmail; answers with what lies in the
 * maildrop then.
 */
async function handOver(): Promise<string | undefined> {
  const folder = two.spool;
  const spool = openSpool({ folder, messageBytesMax, nowMs: () => Date.now() });
  const files = openHandoverFiles({
    folder: join(two.dir, 'submissions'),
    run: realSendmail({
      program: '/usr/sbin/sendmail',
      configDirectory: two.postfix.configDirectory,
    }),
    user: (uid) => openIdentities().user(uid),
    unreadable: (path) => assert.fail(path),
  });
  let found: string | undefined;
  for (const file of spool.files(0)) {
    using one = spool.open(file, (why) => assert.fail(why)) ?? assert.fail(file.name);
    const { claim, ...request } = one.request;
    const token = handoverToken(one.uid, request.id);
    const whose = { uid: one.uid, user: 'root', scriptOwner: undefined, proven: 'owner' } as const;
    const facts = {
      pid: 0,
      executable: '',
      cwd: '',
      script: '',
      how: 'none',
      parents: [],
    } as const;
    const submitter = { ...facts, ...claim, ...whose };
    const draft = files.begin({ token, at: 0 as Millis, submitter, request });
    for (const bytes of one.read()) draft.write(bytes);
    await new Promise<void>((resolve) =>
      draft.finish((fault) => {
        assert.equal(fault, undefined);
        resolve();
      }),
    );
    one.remove();
    assert.deepEqual(await files.send(token, 'again'), { kind: 'sent' });
    files.remove(token);
    const [shown = ''] = maildrop();
    assert.match(shown, new RegExp(`^X-Postern-Submission: ${token} [0-9a-f]{16}$`, 'm'));
    found = record(shown.replace(/^X-Postern-Submission: .*\n/m, ''));
  }
  return found;
}

/** Of what postcat(1) shows, all but the name of the file and the time. */
function record(shown: string): string {
  return shown
    .replace(/^(\*\*\* .* )\S+ \*\*\*$/gm, '$1***')
    .replace(/^message_arrival_time: .*$/m, '');
}

/** What lies in the maildrop, as postcat(1) tells it; it is emptied. */
function maildrop(): readonly string[] {
  const folder = join(two.postfix.dir, 'spool', 'maildrop');
  return readdirSync(folder).map((name) => {
    const path = join(folder, name);
    const args = ['-c', two.postfix.configDirectory, '-e', '-h', '-b', path];
    const shown = spawnSync('/usr/sbin/postcat', args, { encoding: 'latin1' });
    assert.equal(shown.status, 0, shown.stderr);
    rmSync(path);
    return shown.stdout;
  });
}
