/**
 * Messages on their way, as files: what the mail server is given, and what is left after each step.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { handoverToken } from '../../core/scripts/handover-field.ts';
import type { Millis } from '../../lib/time.ts';
import type { HandoverFiles, SendOutcome, WaitingMail } from '../../ports/handover.ts';
import { openHandoverFiles } from './handover-files.ts';

type SentFile = { readonly args: readonly string[]; readonly input: string };

class Scratch {
  readonly folder = mkdtempSync(join(tmpdir(), 'psu-'));
  readonly sent: SentFile[] = [];
  readonly unreadable: string[] = [];
  outcome: SendOutcome = { kind: 'sent' };

  open(): HandoverFiles {
    return openHandoverFiles({
      folder: this.folder,
      run: async (args, input) => {
        const bytes = Buffer.alloc(10_000);
        // From where it stands, as a program reads its standard input.
        const read = readSync(input, bytes, 0, bytes.length, null);
        this.sent.push({ args, input: bytes.toString('latin1', 0, read) });
        return this.outcome;
      },
      user: () => ({ fullName: 'Joe Doe' }),
      unreadable: (path) => this.unreadable.push(path),
    });
  }

  list(stage: string): string[] {
    return readdirSync(join(this.folder, stage));
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true });
  }
}

function mail(nth: number, more: Partial<WaitingMail['request']> = {}): WaitingMail {
  const id = `${1_700_000_000_000 + nth}-${'a'.repeat(32)}`;
  return {
    token: handoverToken(33, id),
    at: 1 as Millis,
    submitter: {
      uid: 33,
      user: 'www-data',
      pid: 7,
      executable: '/usr/bin/php',
      cwd: '/var/www',
      script: '/var/www/a.php',
      scriptOwner: 33,
      how: 'cgi',
      proven: 'kernel',
      parents: [],
    },
    request: {
      id,
      sender: 'a@x.example',
      fullName: undefined,
      recipients: ['b@y.example', '-odd@y'],
      headerRecipients: true,
      through: ['-Nnever'],
      crlf: false,
      phpScript: '',
      ...more,
    },
  };
}

const listed = (files: HandoverFiles) =>
  files.list().map(({ handover, state, bytes }) => {
    assert.ok(bytes > 300, 'the whole file');
    return { handover, state };
  });

async function keep(files: HandoverFiles, one: WaitingMail, text: string): Promise<void> {
  const draft = files.begin(one);
  for (const part of text.match(/.{1,5}/gs) ?? []) draft.write(Buffer.from(part, 'latin1'));
  const fault = await new Promise((resolve) => draft.finish(resolve));
  assert.equal(fault, undefined);
}

test('from the draft to the mail server, and away', async () => {
  using scratch = new Scratch();
  const files = scratch.open();
  const one = mail(1);
  await keep(files, one, 'Subject: x\n\nbody\n');
  assert.deepEqual([scratch.list('new'), scratch.list('going')], [[], [one.token]]);
  assert.deepEqual(listed(files), [{ handover: one, state: 'going' }]);
  assert.deepEqual(await files.send(one.token, 'first try'), { kind: 'sent' });
  const [{ args, input } = assert.fail()] = scratch.sent;
  assert.deepEqual(args, [
    ...['-i', '-f', 'a@x.example', '-F', 'Joe Doe', '-Nnever', '-t'],
    ...['--', 'b@y.example', '-odd@y'],
  ]);
  const field = new RegExp(
    `^X-Postern-Submission: ${one.token} [0-9a-f]{16}\nSubject: x\n\nbody\n$`,
  );
  assert.match(input, field);
  assert.deepEqual(listed(files), [{ handover: one, state: 'sent' }]);
  assert.deepEqual(await files.written(one.token), {
    header: [{ name: 'Subject', value: ' x' }],
    bodyStart: Buffer.from('body\n'),
  });
  files.remove(one.token);
  assert.deepEqual([scratch.list('going'), scratch.list('sent')], [[], []]);
  assert.deepEqual(await files.send(one.token, 'again'), { kind: 'gone' });
});

test('each attempt has its own name, and readers of the last one continue', async () => {
  using scratch = new Scratch();
  const files = scratch.open();
  const one = mail(1);
  await keep(files, one, 'x\n');
  scratch.outcome = { kind: 'refused', why: 'no' };
  await files.send(one.token, 'first try');
  const reading = openSync(join(scratch.folder, 'going', one.token), 'r');
  await files.send(one.token, 'again');
  await scratch.open().send(one.token, 'again');
  const names = scratch.sent.map(({ input }) => /^\S+ \S+ (\S+)\n/.exec(input)?.[1] ?? '');
  assert.equal(new Set(names).size, 3);
  assert.match(readFileSync(reading, 'latin1'), new RegExp(names[0] ?? 'none'));
  closeSync(reading);
  assert.deepEqual(scratch.list('new'), []);
  assert.deepEqual(listed(files), [{ handover: one, state: 'going' }]);
});

test('line ends of the message; white space at its start is not in Postern’s field', async () => {
  using scratch = new Scratch();
  const files = scratch.open();
  await keep(files, mail(1, { crlf: true }), 'Subject: x\r\n\r\nx\r\n');
  await keep(files, mail(2), ' folded?\nSubject: no\n\nx\n');
  await keep(files, mail(3), '');
  for (const { handover } of files.list()) await files.send(handover.token, 'first try');
  const inputs = scratch.sent.map(({ input }) => input.replace(/^[^\r\n]+/, ''));
  assert.deepEqual(inputs, [
    '\r\nSubject: x\r\n\r\nx\r\n',
    '\n\n folded?\nSubject: no\n\nx\n',
    '\n',
  ]);
});

test('what is half or broken stands in nobody’s way', async () => {
  using scratch = new Scratch();
  const first = scratch.open();
  first.begin(mail(1)).write(Buffer.from('half'));
  await keep(first, mail(2), 'x\n');
  first.begin(mail(3)).drop();
  for (const text of [
    '',
    'nonsense',
    'postern-submission 1 9\n{}',
    'postern-submission 1 2\n[]x',
  ]) {
    writeFileSync(join(scratch.folder, 'going', `broken-${text.length}`), text);
  }
  const files = scratch.open();
  assert.deepEqual(scratch.list('new'), []);
  assert.deepEqual(
    files.list().map(({ handover }) => handover.token),
    [mail(2).token],
  );
  assert.equal(scratch.unreadable.length, 4);
});

test('a full disk leaves neither a file nor a file descriptor behind', () => {
  using scratch = new Scratch();
  const module = resolve(import.meta.dirname, 'handover-files.ts');
  const program = `const { readdirSync } = require('node:fs');
    import(${JSON.stringify(module)}).then(({ openHandoverFiles }) => {
      const files = openHandoverFiles({ folder: ${JSON.stringify(scratch.folder)} });
      const open = () => readdirSync('/proc/self/fd').length;
      const before = open();
      const faults = [1, 2, 3].map(() => {
        try { files.begin(${JSON.stringify(mail(1))}); } catch ({ code }) { return code; }
      });
      console.log(JSON.stringify([faults, open() - before]));
    });`;
  // No file may have a single octet.
  const limited = ['-c', 'trap \'\' XFSZ; ulimit -f 0; exec "$@"', 'sh', process.execPath];
  const ran = spawnSync('/bin/sh', [...limited, '--no-warnings', '-e', program]);
  assert.deepEqual(JSON.parse(ran.stdout.toString()), [['EFBIG', 'EFBIG', 'EFBIG'], 0]);
  assert.deepEqual(scratch.list('new'), []);
});

test('a file that cannot be read now is tried again, not given up', async () => {
  using scratch = new Scratch();
  const files = scratch.open();
  await keep(files, mail(1), 'x\n');
  const path = join(scratch.folder, 'going', mail(1).token);
  const whole = readFileSync(path);
  writeFileSync(path, '');
  assert.equal((await files.send(mail(1).token, 'first try')).kind, 'unknown');
  writeFileSync(path, whole);
  assert.deepEqual(await files.send(mail(1).token, 'again'), { kind: 'sent' });
});
