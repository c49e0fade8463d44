/** `postern providers classify`, as typed, and with lines on standard input. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { postern, stateFolder } from './command-line.ts';

const home = join(import.meta.dirname, '..');

type Ended = { readonly exit: number; readonly out: string; readonly err: string };

async function piped(input: string, ...more: readonly string[]): Promise<Ended> {
  const words = ['providers', 'classify', '-', ...more];
  const child = spawn(join(home, 'postern'), words, { stdio: ['pipe', 'pipe', 'pipe'] });
  const exit = new Promise<number>((done) => child.on('close', (code) => done(code ?? -1)));
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { exit: await exit, out, err };
}

async function lines(input: string): Promise<{ exit: number; out: unknown[]; err: string }> {
  const { out, ...ended } = await piped(input, '--json');
  const parsed = out
    .trim()
    .split('\n')
    .map((line): unknown => JSON.parse(line));
  return { ...ended, out: parsed };
}

function attempt(id: string, relay: string, status: string, reply: string): string {
  return (
    `Nov 28 10:00:00 mail postfix/smtp[9]: ${id}: to=<ann@example.net>, relay=${relay}, delay=1, ` +
    `delays=0/0/0.5/0.5, dsn=4.7.28, status=${status} (${reply})`
  );
}

const gmail = 'gmail-smtp-in.l.google.com[203.0.113.7]:25';
const rate =
  `host ${gmail.replace(':25', '')} said: 421-4.7.28 Gmail has detected an unusual rate of mail ` +
  '- gsmtp (in reply to end of DATA command)';
const mailLog = [
  'Nov 28 09:59:59 mail postfix/qmgr[3]: 4F1A2B3C4D: from=<bob@example.org>, size=1, nrcpt=1',
  attempt('4F1A2B3C4D', gmail, 'deferred', rate),
  attempt('4F1A2B3C4E', 'mx.b.example[203.0.113.8]:25', 'sent', '250 2.0.0 Ok: queued as 1'),
  attempt('4F1A2B3C4F', gmail, 'deferred', rate),
  attempt(
    '4F1A2B3C50',
    'mx.b.example[203.0.113.8]:25',
    'bounced',
    'host mx.b.example[203.0.113.8] said: 550 5.1.1 User unknown (in reply to RCPT TO command)',
  ),
  'Nov 28 10:00:01 mail postfix/qmgr[3]: 4F1A2B3C50: removed',
].join('\n');

test('a whole mail log is read: replies that mean the same are counted together', async () => {
  const { exit, out, err } = await piped(mailLog);
  assert.deepEqual([exit, err], [0, '']);
  assert.match(out, /^2 times: Google\n {2}Their words {3}.*421-4\.7\.28/);
  assert.match(out, /\n1 time: a site of its own\n(?: {2}.*\n)* {2}Rule .*any\/mailbox-unknown\n/);
  assert.match(out, /Read: 6 lines, with 3 replies that put mail off or refuse it\.\n$/);
});

test('with --json each reply of a mail log is a line, with its queue id', async () => {
  const { exit, out } = await lines(mailLog);
  const found = out.map((line) => {
    const { id, provider, scope } = line as Record<string, string>;
    return [id, provider, scope].join(' ');
  });
  assert.equal(exit, 0);
  assert.deepEqual(found, [
    '4F1A2B3C4D google rate',
    '4F1A2B3C4F google rate',
    '4F1A2B3C50 other recipient',
  ]);
});

test('the name of a file is not taken for a reply', async () => {
  const { exit, err } = await postern('providers', 'classify', import.meta.filename);
  assert.equal(exit, 64);
  assert.match(err, /is a file, not a reply\n.*postern providers classify - <\//s);
});

test('a reply is explained in plain words', async (t) => {
  const reply =
    'Nov 28 10:00:00 mail postfix/smtp[9]: 4bXm: to=<ann@example.net>, ' +
    'relay=gmail-smtp-in.l.google.com[203.0.113.7]:25, delay=1, dsn=4.7.28, status=deferred ' +
    '(host gmail-smtp-in.l.google.com[203.0.113.7] said: 421-4.7.28 Gmail has detected an ' +
    'unusual rate of mail - gsmtp (in reply to end of DATA command))';
  const { exit, out, err } = await postern('providers', 'classify', reply);
  assert.deepEqual([exit, err], [0, '']);
  const path = join(import.meta.dirname, 'golden/commands/providers-classify.txt');
  t.assert.fileSnapshot(out, path, { serializers: [String] });
});

test('a reply that no rule knows ends with 1', async () => {
  const { exit, out } = await postern('providers', 'classify', '550 Plork', '--mx', 'mx.b.example');
  assert.equal(exit, 1);
  assert.match(out, /Rule +none; .*550 Plork/);
});

test('each line has its answer in its place, also a line that cannot be read', async () => {
  const asked = (id: string, reply: string): string =>
    JSON.stringify({ id, reply, mx: 'mx.b.example', status: 'bounced' });
  const input = [
    asked('one', '550 5.1.1 User unknown'),
    'not JSON',
    asked('two', '450 Greylisted'),
    '{"id":"three","mx":"none"}',
    asked('four', `552 ${'x'.repeat(70_000)}`),
    asked('five', '552 5.3.4 Message too big'),
  ].join('\n');
  const { exit, out, err } = await lines(input);
  assert.equal(exit, 65);
  assert.deepEqual(
    out.map((line) => {
      const { id, scope, error } = line as Record<string, string>;
      return [id, scope ?? error?.slice(0, 7)];
    }),
    [
      ['one', 'recipient'],
      [null, 'line 2:'],
      ['two', 'greylist'],
      ['three', 'line 4:'],
      [null, 'line 5:'],
      ['five', 'size'],
    ],
  );
  assert.deepEqual(out[0], {
    id: 'one',
    provider: 'other',
    scope: 'recipient',
    severity: 'permanent-for-this-recipient',
    wait: 'never',
    cure: 'Correct the address or stop writing to it: the mailbox does not exist.',
    rule: 'any/mailbox-unknown',
    filter: '',
  });
  assert.match(err, /line 2: is not a JSON object\n/);
});

test('rules of the operator are used, and config check finds their errors', async () => {
  await using folder = await stateFolder();
  const rules = join(folder.path, 'rules.toml');
  const config = join(folder.path, 'postern.toml');
  writeFileSync(config, `[providers]\nrules = "${rules}"\n`);
  const rule = (wait: string): string =>
    '[[rule]]\nid = "plork"\nwords = ["plork"]\nscope = "rate"\nseverity = "slowed"\n' +
    `wait = "${wait}"\ncure = "Call them."\nyes = "550 plork"\n`;
  writeFileSync(rules, rule('1h'));
  const used = await postern('providers', 'classify', '550 Plork', '--config', config);
  assert.deepEqual([used.exit, /Rule +plork\n/.test(used.out)], [0, true]);
  assert.equal((await postern('config', 'check', config)).exit, 0);
  writeFileSync(rules, rule('3h'));
  const checked = await postern('config', 'check', config);
  assert.equal(checked.exit, 78);
  assert.ok(checked.err.includes(`${rules}, line 6: wait: `), checked.err);
  writeFileSync(config, `[providers]\nrules = "${join(folder.path, 'none.toml')}"\n`);
  assert.match((await postern('config', 'check', config)).err, /cannot read .*none\.toml/);
});
