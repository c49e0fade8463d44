/**
 * `postern replay --format postfix`: an operator's old logs, rotated and compressed, and who would
 * have been stopped.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { replayLogs } from '../src/commands/replay/log.ts';
import type { ReadReport } from '../src/commands/replay/read-report.ts';
import { noCeilings } from '../src/core/account/policy.ts';
import { usualHeldMax } from '../src/core/verdict.ts';
import { openReplay } from '../src/flow/replay/replay.ts';

const run = promisify(execFile);
const launcher = resolve(import.meta.dirname, '../postern');
const day = 86_400_000;
const start = Date.UTC(2026, 2, 2, 9);
/** The owner's address, and the thief's. */
const [home, elsewhere] = ['192.0.2.7', '203.0.113.99'] as const;

/** One message, as Postfix logs it. */
function message(at: number, nth: number, to: string, from: string = home): string {
  const stamp = (seconds: number): string => new Date(at + seconds * 1_000).toISOString();
  const id = `4jYG8k${String(nth).padStart(8, '0')}`;
  return [
    `${stamp(0)} mail postfix/smtpd[1]: ${id}: client=x[${from}], sasl_method=PLAIN, ` +
      'sasl_username=joe',
    `${stamp(1)} mail postfix/qmgr[1]: ${id}: from=<joe@example.test>, size=283, nrcpt=1 ` +
      '(queue active)',
    `${stamp(2)} mail postfix/smtp[1]: ${id}: to=<${to}>, relay=mx[192.0.2.2]:25, ` +
      'delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 ok)',
    `${stamp(2)} mail postfix/qmgr[1]: ${id}: removed\n`,
  ].join('\n');
}

test('two weeks of letters and then a hijack, in rotated logs', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'prl-'));
  try {
    let nth = 0;
    const quiet = (from: number, days: number): string =>
      Array.from({ length: days }, (_, one) =>
        message(from + one * day, nth++, `friend${one % 4}@world.test`),
      ).join('');
    const spam = (from: number): string =>
      Array.from({ length: 200 }, (_, one) =>
        message(from + one * 5_000, nth++, `stranger${one}@strangers.test`, elsewhere),
      ).join('');
    const files = {
      'mail.log.2.gz': gzipSync(quiet(start, 7)),
      'mail.log.1': quiet(start + 7 * day, 7),
      'mail.log': spam(start + 14 * day).trimEnd(),
    };
    const paths = Object.entries(files).map(([name, content], age) => {
      const path = join(dir, name);
      writeFileSync(path, content);
      const written = (start + (age + 1) * 7 * day) / 1_000;
      utimesSync(path, written, written);
      return path;
    });
    // In the order of a shell: newest first.
    const words = ['replay', '--format', 'postfix', '--default-domain', 'example.test'];
    const { stdout } = await run(launcher, [...words, ...paths.toReversed()]);
    const verdicts = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Verdict);
    assert.equal(verdicts.length, 214);
    assert.ok(verdicts.slice(0, 14).every(({ verdict }) => verdict === 'pass'));
    // A log tells nothing but numbers of this: the mail is held, and a person decides.
    assert.deepEqual([verdicts.at(-1)?.verdict, verdicts.at(-1)?.account], ['delay', 'watched']);
    const leaked = verdicts.slice(14).filter(({ verdict }) => verdict === 'pass').length;
    assert.ok(leaked <= 20, `${leaked} got out`);
    const summary = await run(launcher, [...words, '--summary', ...paths]);
    assert.match(summary.stdout, /joe@example\.test/);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});

/** The lines of one message, from `at` seconds on, and what is to be changed in them. */
type Change = (lines: Lines) => readonly string[];
type Lines = {
  readonly id: string;
  readonly at: number;
  readonly to: string;
  /** `00:00:01.000` of the day after this many seconds. */
  readonly stamp: (seconds: number) => string;
};
const client = `client=x[${home}], sasl_method=PLAIN, sasl_username=joe@example.test`;
const returned = `client=localhost[127.0.0.1], orig_client=x[${home}]`;
const inQueue = 'from=<joe@example.test>, size=283, nrcpt=1 (queue active)';
const out = (to: string, relay = 'mx.world.test[203.0.113.5]:25'): string =>
  `to=<${to}>, relay=${relay}, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 ok)`;

const plain: Change = ({ id, stamp, to }) => [
  `${stamp(0)} mail postfix/smtpd[1]: ${id}: ${client}`,
  `${stamp(0)} mail postfix/cleanup[1]: ${id}: message-id=<${id}@x.test>`,
  `${stamp(0)} mail postfix/qmgr[1]: ${id}: ${inQueue}`,
  `${stamp(1)} mail postfix/smtp[1]: ${id}: ${out(to)}`,
  `${stamp(1)} mail postfix/qmgr[1]: ${id}: removed`,
];
/** The id under which a filter hands it back. */
const back = (id: string): string => `B${id.slice(1)}`;

/** Each tells the same month: messages to friends, then a hijack. */
const shapes: Record<string, Change> = {
  plain,
  'first tried after 25 minutes': ({ id, stamp, to }) => [
    `${stamp(0)} mail postfix/smtpd[1]: ${id}: ${client}`,
    `${stamp(0)} mail postfix/qmgr[1]: ${id}: ${inQueue}`,
    `${stamp(1_500)} mail postfix/smtp[1]: ${id}: ${out(to)}`,
    `${stamp(1_500)} mail postfix/qmgr[1]: ${id}: removed`,
  ],
  'never tried in this log': ({ id, stamp }) => [
    `${stamp(0)} mail postfix/smtpd[1]: ${id}: ${client}`,
    `${stamp(0)} mail postfix/qmgr[1]: ${id}: ${inQueue}`,
  ],
  'a filter before the queue': ({ id, stamp, to }) => [
    `${stamp(0)} mail postfix/smtpd[1]: NOQUEUE: ${client}`,
    `${stamp(0)} mail postfix/smtpd[2]: ${id}: ${returned}`,
    ...plain({ id, at: 0, stamp, to }).slice(1),
  ],
  'a filter by pipe and sendmail': ({ id, stamp, to }) => [
    `${stamp(0)} mail postfix/smtpd[1]: ${id}: ${client}`,
    `${stamp(0)} mail postfix/qmgr[1]: ${id}: ${inQueue}`,
    `${stamp(1)} mail postfix/pickup[1]: ${back(id)}: uid=117 from=<joe@example.test>`,
    `${stamp(1)} mail postfix/pipe[1]: ${id}: ${out(to, 'spam')}`,
    `${stamp(1)} mail postfix/qmgr[1]: ${id}: removed`,
    ...plain({ id: back(id), at: 1, stamp: (after) => stamp(after + 1), to }).slice(2),
  ],
  'a filter by lmtp on another machine': ({ id, stamp, to }) => [
    `${stamp(0)} mail postfix/smtpd[1]: ${id}: ${client}`,
    `${stamp(0)} mail postfix/qmgr[1]: ${id}: ${inQueue}`,
    `${stamp(1)} mail postfix/smtpd[1]: ${back(id)}: client=amavis[172.18.0.5]`,
    `${stamp(1)} mail postfix/lmtp[1]: ${id}: ${out(to, 'amavis[172.18.0.5]:10024')}`.replace(
      '250 ok',
      `250 2.0.0 Ok: queued as ${back(id)}`,
    ),
    `${stamp(1)} mail postfix/qmgr[1]: ${id}: removed`,
    ...plain({ id: back(id), at: 1, stamp: (after) => stamp(after + 1), to }).slice(2),
  ],
  'in containers': (lines) => plain(lines).map((line) => `postfix-1  | ${line}`),
  'as the journal exports it': (lines) =>
    plain(lines).map((line) => {
      const [time = '', , tag = '', ...text] = line.split(' ');
      return JSON.stringify({
        __REALTIME_TIMESTAMP: String(Date.parse(time) * 1_000),
        SYSLOG_IDENTIFIER: tag.replace(/\[1\]:|\[2\]:/, ''),
        MESSAGE: text.join(' '),
      });
    }),
};

function month(change: Change): string {
  const texts: string[] = [];
  const add = (seconds: number, to: string, from: string = home): void => {
    const id = `A${String(texts.length).padStart(9, '0')}`;
    const stamp = (after: number): string =>
      new Date(start + (seconds + after) * 1_000).toISOString();
    const lines = change({ id, at: seconds, to, stamp });
    texts.push(...lines.map((line) => line.replaceAll(home, from)));
  };
  for (let nth = 0; nth < 14; nth++) add(nth * 86_400, `friend${nth % 4}@world.test`);
  for (let nth = 0; nth < 60; nth++)
    add(14 * 86_400 + nth * 5, `stranger${nth}@strangers.test`, elsewhere);
  // Each host writes its lines in order of time.
  return texts.length === 0 ? '' : `${inOrder(texts).join('\n')}\n`;
}

function inOrder(lines: readonly string[]): readonly string[] {
  const timeOf = (line: string): string =>
    /\d{4}-\d\d-\d\dT[\d:.]+Z/.exec(line)?.[0] ?? /\d{16}/.exec(line)?.[0] ?? '';
  return lines.toSorted((one, other) =>
    timeOf(one) < timeOf(other) ? -1 : timeOf(one) > timeOf(other) ? 1 : 0,
  );
}

const judged = { pass: 20, hold: 54 };

async function replayed(
  files: Readonly<Record<string, string | Buffer>>,
): Promise<{ readonly pass: number; readonly hold: number; readonly report: ReadReport }> {
  const dir = mkdtempSync(join(tmpdir(), 'prl-'));
  try {
    const paths = Object.entries(files).map(([name, content]) => {
      writeFileSync(join(dir, name), content);
      return join(dir, name);
    });
    const replay = openReplay({
      policy: { ...noCeilings, heldMax: usualHeldMax, isOwnHost: () => false },
      operatorClearsMs: undefined,
    });
    const verdict = (): undefined => undefined;
    const report = await replayLogs({ files: paths, defaultDomain: '', replay, verdict });
    const { hold, pass } = replay.summary.verdicts;
    return { pass, hold, report };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

for (const [name, change] of Object.entries(shapes)) {
  test(`a log ${name}: judged as it happened`, async () => {
    const { hold, pass, report } = await replayed({ 'mail.log': month(change) });
    const unnamed = name === 'never tried in this log';
    if (!unnamed) assert.deepEqual({ pass, hold }, judged);
    assert.equal(pass + hold, 74);
    assert.ok(hold >= 50);
    assert.equal(report.unnamed.messages, unnamed ? 74 : 0);
    assert.equal(report.lines.strange + report.lines.formless, 0);
  });
}

test('a line from 2036 first, files in the wrong order, a copy, and one that is cut', async () => {
  const lines = month(plain).split('\n');
  const future = '2036-01-01T00:00:00Z mail mon[9]: disk status=ok\n';
  const [first, second] = [lines.slice(0, 100), lines.slice(100)].map((one) => one.join('\n'));
  const whole = gzipSync(`${second}`);
  const { hold, pass, report } = await replayed({
    'a.log': `${future}${second}`,
    'b.log': `${first}\n`,
    'c.log': `${first}\n`,
    'd.log.gz': whole.subarray(0, whole.length - 20),
  });
  assert.deepEqual({ pass, hold }, judged);
  assert.match(report.notes.join('\n'), /c\.log: a copy of .*b\.log; read once/);
  assert.match(report.notes.join('\n'), /d\.log\.gz: the gzip data is damaged or cut/);
  assert.ok(report.leftOut.twice > 0);
});

test('a log without times is judged, and it is said that verdicts may be wrong', async () => {
  const { report } = await replayed({
    'mail.log': month((one) => plain(one).map((line) => line.slice(line.indexOf(' mail ') + 1))),
  });
  assert.match(report.notes.join('\n'), /^lines without a time that can be read: 370\. /m);
});

test('a web script with a new sender each time adds up', async () => {
  const { hold } = await replayed({
    'mail.log': month(({ at, id, stamp, to }) =>
      plain({ id, at, stamp, to }).map((line) =>
        line
          .replace(client, `uid=33 from=<info${at}@shop.test>`)
          .replace('smtpd[1]', 'pickup[1]')
          .replaceAll('joe@example.test', `info${at}@shop.test`),
      ),
    ),
  });
  assert.ok(hold > 40, `${hold} held`);
});

test('logs of which nothing is understood: exit 65, and no word about accounts', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'prl-'));
  try {
    const path = join(dir, 'passwd');
    writeFileSync(path, 'root:x:0:0:root:/root:/bin/sh\n'.repeat(20));
    const words = ['replay', '--format', 'postfix', '--summary', path];
    const failed = await run(launcher, words).then(
      () => assert.fail('it should not end well'),
      (error: { code: number; stderr: string; stdout: string }) => error,
    );
    assert.equal(failed.code, 65);
    assert.equal(failed.stdout, '');
    assert.match(failed.stderr, /none of 20 lines .*\n.*Expected: lines of Postfix/);
    // Understood, and nothing to judge.
    const known =
      '2026-03-02T09:00:00Z mail dovecot: imap-login: Login: user=<joe>, ' +
      'method=PLAIN, rip=192.0.2.7, lip=192.0.2.1, mpid=7, TLS, session=<x>\n';
    writeFileSync(path, known);
    const { stdout } = await run(launcher, words);
    assert.match(stdout, /^No message was judged/);
    assert.match(stdout, /LINES {2}READ\n {4}1 {2}all\n/);
    // Hardly understood.
    const strange = '2026-03-04T10:00:00Z mail postfix/smtpd[1]: what is this\n'.repeat(500);
    writeFileSync(path, `${month(plain).slice(0, 2_000)}\n${strange}`);
    const { stdout: little } = await run(launcher, words);
    assert.match(little, /50\d of \d+ lines were not understood\. In the others: No account/);
    writeFileSync(path, known);
    const { stdout: json } = await run(launcher, [...words, '--json']);
    const { read } = JSON.parse(json) as { read: ReadReport };
    assert.equal(read.lines.told, 1);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});

const cases = resolve(import.meta.dirname, '../../shared/cases/logs');
const given = existsSync(cases)
  ? readdirSync(cases).filter((name) => /^(?:0\d|1[0-3])-.*\.log$/.test(name))
  : [];
test('logs that were given beside the checkout', {
  skip: given.length === 0 ? 'there are none beside the checkout' : false,
}, async () => {
  const results = new Map<string, { readonly pass: number; readonly hold: number }>();
  for (const name of given) {
    const { hold, pass } = await replayed({ [name]: readFileSync(join(cases, name)) });
    results.set(name.slice(0, 2), { pass, hold });
  }
  const reference = results.get('00');
  for (const name of ['01', '02', '04', '05', '06', '08', '09']) {
    assert.deepEqual(results.get(name), reference, name);
  }
  assert.equal((results.get('07')?.pass ?? 0) + (results.get('07')?.hold ?? 0), 88);
  assert.ok((results.get('11')?.hold ?? 0) > 25);
  assert.deepEqual(results.get('13'), { pass: 53, hold: 0 });
});

test('what cannot be read, and what makes no sense, is said in a line', async () => {
  const failed = (...words: string[]): Promise<{ code: number; stderr: string }> =>
    run(launcher, ['replay', ...words]).then(
      () => assert.fail('it should not end well'),
      (error) => error,
    );
  const missing = await failed('--format', 'postfix', '/nowhere/mail.log');
  assert.equal(missing.code, 66);
  assert.match(missing.stderr, /cannot read \/nowhere\/mail\.log/);
  assert.equal((await failed('--format', 'exim', 'x')).code, 64);
  assert.equal((await failed('one', 'two')).code, 64);
});

type Verdict = { readonly verdict: string; readonly account: string };
