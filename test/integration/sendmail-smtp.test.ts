/**
 * sendmail -bs: the same dialogues with Postfix's own and with postern-sendmail. The replies are
 * alike, and so is what lies in the maildrop or goes on from the spool.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { openSpool } from '../../src/partners/spool/spool-folder.ts';
import { messageBytesMax, startTwoSendmails, type TwoSendmails } from './two-sendmails.ts';

let two: TwoSendmails;
before(async () => {
  two = await startTwoSendmails();
});
after(() => two?.[Symbol.asyncDispose]());

type Mail = {
  readonly sender: string;
  readonly recipients: readonly string[];
  readonly body: string;
};

const dialogues: readonly (readonly [name: string, lines: readonly string[]])[] = [
  [
    'a message',
    [
      'HELO x',
      'MAIL FROM:<a@x.example>',
      'RCPT TO:<b@y.example>',
      'RCPT TO:<c@y.example>',
      'DATA',
      'Subject: x',
      '',
      '..dot',
      'hi',
      '.',
      'QUIT',
    ],
  ],
  [
    'two messages',
    [
      'EHLO x',
      'MAIL FROM:<a@x.example> SIZE=100 BODY=8BITMIME',
      'RCPT TO:<b@y.example>',
      'DATA',
      'Subject: x',
      '',
      'hi',
      '.',
      'MAIL FROM:<>',
      'RCPT TO:<b@y.example>',
      'DATA',
      'Subject: 2',
      '',
      'hi',
      '.',
      'QUIT',
    ],
  ],
  [
    'mistakes',
    [
      'RCPT TO:<b@y.example>',
      'DATA',
      'MAIL FROM:a@x.example',
      'MAIL FROM:<b@x.example>',
      'DATA',
      'RCPT TO:b',
      'RCPT TO:<>',
      'RCPT',
      'RSET',
      'MAIL FROM:<x@y.example> SIZE=1000000',
      'MAIL FROM:<x@y.example> FOO=1',
      'NOOP',
      'HELP',
      'FOO',
      'HELO',
      'QUIT',
    ],
  ],
  [
    'hung up in the middle',
    ['EHLO x', 'MAIL FROM:<a@x.example>', 'RCPT TO:<b@y.example>', 'DATA', 'Subject: x', ''],
  ],
  [
    'too large',
    [
      'EHLO x',
      'MAIL FROM:<a@x.example>',
      'RCPT TO:<b@y.example>',
      'DATA',
      ...Array(400).fill('x'.repeat(70)),
      '.',
      'QUIT',
    ],
  ],
];
for (const [name, lines] of dialogues) {
  for (const end of ['\r\n', '\n']) {
    test(`${name}, lines ended by ${JSON.stringify(end)}`, () => {
      const input = lines.map((line) => `${line}${end}`).join('');
      const own = spawnSync('/usr/sbin/sendmail', ['-C', two.postfix.configDirectory, '-bs'], {
        input,
        encoding: 'utf8',
      });
      const dropped = maildrop();
      const script = two.wrapper;
      const ours = spawnSync(
        process.execPath,
        ['--disable-warning=ExperimentalWarning', script, '-bs'],
        { input, encoding: 'utf8' },
      );
      assert.equal(ours.status, own.status);
      assert.equal(ours.stderr, '');
      assert.deepEqual(replies(ours.stdout), replies(own.stdout));
      assert.deepEqual(spooled(), dropped);
    });
  }
}

/** Without ids, and without the extensions offered to EHLO, which programs do not use. */
function replies(text: string): readonly string[] {
  return text
    .split('\r\n')
    .filter((line) => !/^250[- ](?:[A-Z0-9]+(?: \d+)?|mail\.test)$/.test(line))
    .map((line) => line.replace(/queued as \w+/, 'queued'));
}

function maildrop(): readonly Mail[] {
  const folder = join(two.postfix.dir, 'spool', 'maildrop');
  return readdirSync(folder)
    .sort()
    .map((name) => {
      const path = join(folder, name);
      const args = ['-c', two.postfix.configDirectory, '-e', '-h', '-b', path];
      const { stdout } = spawnSync('/usr/sbin/postcat', args, { encoding: 'utf8' });
      rmSync(path);
      const of = (key: string): string[] =>
        [...stdout.matchAll(new RegExp(`^${key}: (.*)$`, 'gm'))].map(([, value = '']) => value);
      const contents =
        /\*{3} MESSAGE CONTENTS .* \*{3}\n(?:Received: .*\n(?:\t.*\n)*)?([\s\S]*?)\*{3} HEADER/;
      const body = contents.exec(stdout)?.[1] ?? '';
      return { sender: of('sender')[0] ?? '', recipients: of('recipient'), body };
    })
    .sort(byBody);
}

function spooled(): readonly Mail[] {
  const spool = openSpool({ folder: two.spool, messageBytesMax, nowMs: () => Date.now() });
  const found: Mail[] = [];
  for (const file of spool.files(0)) {
    using one = spool.open(file, (why) => assert.fail(why)) ?? assert.fail(file.name);
    const { sender, recipients } = one.request;
    found.push({ sender, recipients, body: String(Buffer.concat([...one.read()])) });
    one.remove();
  }
  return found.sort(byBody);
}

const byBody = (one: Mail, other: Mail): number => (one.body < other.body ? -1 : 1);
