/** `postern bounces classify`: files, mailboxes, folders and standard input; what it prints. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { readMessages } from '../src/commands/bounces/bounce-files.ts';
import { postern, stateFolder } from './command-line.ts';

const bounce = `From: MAILER-DAEMON@sender.example
To: sue@sender.example
Subject: failure notice

Hi. This is the qmail-send program at sender.example.

<ann@shop.example>:
192.0.2.9 does not like recipient.
Remote host said: 550 5.1.1 no mailbox here by that name
Giving up on 192.0.2.9.
`;
const greeting = 'From: Ann <ann@shop.example>\nSubject: Hello\n\nHow are you?\n';
const separated = (mail: string): string => `From x@y.example Mon Mar  2 10:00:00 2026\n${mail}\n`;
const classify = (...words: readonly string[]): ReturnType<typeof postern> =>
  postern('bounces', 'classify', ...words);

type Line = Readonly<Record<string, string>>;
const parsed = (out: string): readonly Line[] =>
  out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);

test('one line for each recipient, with the fields in their order', async () => {
  await using folder = await stateFolder();
  const file = join(folder.path, 'b.eml');
  await writeFile(file, bounce);
  const { err, exit, out } = await classify('--json', file);
  assert.equal(exit, 0);
  const [line = {}, ...others] = parsed(out);
  assert.deepEqual(others, []);
  const keys = ['file', 'recipient', 'cause', 'scope', 'status', 'code', 'cure'];
  assert.deepEqual(Object.keys(line), keys);
  const { cure, ...rest } = line;
  assert.deepEqual(rest, {
    file,
    recipient: 'ann@shop.example',
    cause: 'recipient-unknown',
    scope: 'recipient',
    status: '5.1.1',
    code: '550',
  });
  assert.ok((cure ?? '') !== '');
  assert.match(err, /^Read: 1 message\. Understood: 1, with 1 recipient\. .*: 0\.$/m);
  const plain = await classify(file);
  assert.match(plain.out, /b\.eml {2}ann@shop\.example {2}recipient-unknown {2}550 5\.1\.1 {2}\S/);
});

test('a mailbox, a folder of folders, and a message that is no bounce', async () => {
  await using folder = await stateFolder();
  const below = join(folder.path, 'cur');
  await mkdir(below);
  await writeFile(join(below, '1'), bounce);
  await writeFile(join(below, '.hidden'), bounce);
  await writeFile(join(folder.path, 'box'), separated(bounce) + separated(greeting));
  await symlink(join(below, '1'), join(folder.path, 'link'));
  const { err, exit, out } = await classify('--json', folder.path);
  const lines = parsed(out).map((line) => [line['file'], line['cause'], line['why'] ?? '']);
  const why = 'neither a bounce, a complaint nor a reply';
  assert.deepEqual(lines, [
    [join(folder.path, 'box'), 'recipient-unknown', ''],
    [join(folder.path, 'box'), 'other', why],
    [join(below, '1'), 'recipient-unknown', ''],
  ]);
  assert.equal(exit, 0);
  assert.match(err, /Read: 3 messages\. Understood: 2, .* no bounces: 1\./);
});

test('standard input, also without a line end and of any size', async () => {
  const words = ['src/cli.ts', 'bounces', 'classify', '--json', '-'];
  const child = spawn(process.execPath, words, { stdio: ['pipe', 'pipe', 'ignore'] });
  const out = text(child.stdout);
  child.stdin.write(separated(bounce));
  for (let nth = 0; nth < 200; nth++) child.stdin.write('x'.repeat(65_536));
  child.stdin.end(`\n\n${separated(bounce).trimEnd()}`);
  await once(child, 'exit');
  assert.deepEqual(
    parsed(await out).map(({ cause, file }) => [file, cause]),
    [
      ['-', 'recipient-unknown'],
      ['-', 'recipient-unknown'],
    ],
  );
});

test('a file that cannot be read is said, and the others are read: exit 66', async () => {
  await using folder = await stateFolder();
  const file = join(folder.path, 'b.eml');
  await writeFile(file, bounce);
  const { err, exit, out } = await classify('--json', join(folder.path, 'gone'), file);
  assert.equal(exit, 66);
  assert.equal(parsed(out).length, 1);
  assert.match(err, /cannot read .*gone/);
});

test('a file of a folder that is gone when it is read does not hide those after it', async () => {
  await using folder = await stateFolder();
  for (const name of ['a.eml', 'b.eml', 'c.eml']) await writeFile(join(folder.path, name), bounce);
  const read: string[] = [];
  const failed: string[] = [];
  const message = (file: string): void => {
    read.push(basename(file));
    rmSync(join(folder.path, 'b.eml'), { force: true });
  };
  await readMessages(folder.path, message, (error) => failed.push(error.message));
  assert.deepEqual(read, ['a.eml', 'c.eml']);
  assert.match(failed.join(), /^cannot read .*b\.eml$/);
});

test('nothing that is a bounce: exit 65', async () => {
  await using folder = await stateFolder();
  const file = join(folder.path, 'a.eml');
  await writeFile(file, greeting);
  assert.equal((await classify(file)).exit, 65);
  await writeFile(file, '');
  assert.equal((await classify(file)).exit, 65);
});

test('text of strangers cannot move the cursor', async () => {
  await using folder = await stateFolder();
  const file = join(folder.path, 'b.eml');
  await writeFile(file, bounce.replaceAll('ann@', 'a\u001b[2Jnn@'));
  const { out } = await classify(file);
  assert.ok(!out.includes('\u001b'));
});
