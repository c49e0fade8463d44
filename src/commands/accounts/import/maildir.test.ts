/** A Maildir that a mail server changes while it is read. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, test } from 'node:test';
import { filesText } from './import-text.ts';
import { headerOf, type MaildirMessage, openMaildir } from './maildir.ts';
import { readContacts } from './read-files.ts';

const scratch = await mkdtemp(join(tmpdir(), 'postern-maildir-'));
after(() => rm(scratch, { recursive: true, force: true }));

type Change = (path: string) => Promise<unknown>;

/** Reads all messages; before the message with this name is read, something changes. */
async function read(path: string, changes: Readonly<Record<string, Change>>): Promise<string[]> {
  const due = new Map(Object.entries(changes));
  const messages = await openMaildir(path, async (file): Promise<MaildirMessage> => {
    const change = due.get(basename(file));
    due.delete(basename(file));
    await change?.(path);
    return headerOf(file);
  });
  assert.ok(messages !== undefined);
  const all: string[] = [];
  for await (const one of messages) all.push(one.toString());
  assert.deepEqual([...due.keys()], [], 'everything has changed');
  return all.sort();
}

async function maildir(names: readonly string[]): Promise<string> {
  const path = await mkdtemp(join(scratch, 'm'));
  for (const folder of ['cur', 'new', 'tmp']) await mkdir(join(path, folder));
  for (const name of names) await writeFile(join(path, name), `in ${name}`);
  return path;
}

test('messages that move or get flags are read, and once; deleted ones are counted', async () => {
  const path = await maildir([
    'new/1',
    'new/2',
    'new/3',
    'cur/4:2,S',
    'cur/5:2,S',
    'cur/6:2,',
    'tmp/7',
  ]);
  const move = (from: string, to: string) => (at: string) => rename(join(at, from), join(at, to));
  const all = await read(path, {
    1: move('new/1', 'cur/1:2,S'),
    3: (at) => rm(join(at, 'new/3')),
    '4:2,S': move('cur/4:2,S', 'cur/4:2,RS'),
    '5:2,S': async (at) => {
      await rm(join(at, 'cur/5:2,S'));
      await writeFile(join(at, 'new/8'), 'in new/8');
    },
    8: move('new/8', 'cur/8:2,'),
  });
  const kept = ['in cur/4:2,S', 'in cur/6:2,', 'in new/1', 'in new/2', 'in new/8'];
  assert.deepEqual(all, ['gone', 'gone', ...kept]);
});

test('links, folders and pipes are not read', async () => {
  const path = await maildir(['cur/1']);
  await symlink('/etc/passwd', join(path, 'cur/2'));
  await mkdir(join(path, 'cur/3'));
  execFileSync('mkfifo', [join(path, 'cur/4')]);
  assert.deepEqual(await read(path, {}), ['in cur/1', 'noFile', 'noFile', 'noFile']);
});

test('a folder that becomes a link while it is read leads nowhere else', async () => {
  const [path, other] = [await maildir(['cur/1', 'cur/2']), await maildir(['cur/1', 'cur/9'])];
  const swap = async (): Promise<void> => {
    await rename(join(path, 'cur'), join(path, 'old'));
    await symlink(join(other, 'cur'), join(path, 'cur'));
  };
  assert.deepEqual(await read(path, { 1: swap }), ['in cur/1', 'in cur/2']);
  assert.deepEqual(await read(path, {}), [], 'only new is left');
});

test('what is no file is said', async () => {
  const path = await maildir(['cur/1']);
  await symlink('/etc/passwd', join(path, 'cur/2'));
  const text = filesText([await readContacts(path, undefined)]);
  assert.match(text, /left out: 1 without an address, 1 not a file \(link, folder, pipe\)\n$/);
});

test('a message that moves on without end is given up', async () => {
  const path = await maildir(['cur/1:2,']);
  let at = join(path, 'cur/1:2,');
  let moves = 0;
  const messages = await openMaildir(path, async (file) => {
    const next = join(path, `cur/1:2,${'S'.repeat(++moves)}`);
    await rename(at, next);
    at = next;
    return headerOf(file);
  });
  const all: string[] = [];
  for await (const one of messages ?? []) all.push(one.toString());
  assert.deepEqual(all, ['gone']);
});

test('a folder without cur and new is no Maildir', async () => {
  assert.equal(await openMaildir(scratch), undefined);
});
