/**
 * `postern replay --format postfix`: an operator's old logs, rotated and compressed, and who would
 * have been stopped.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';

const run = promisify(execFile);
const launcher = resolve(import.meta.dirname, '../postern');
const day = 86_400_000;
const start = Date.UTC(2026, 2, 2, 9);

/** One message, as Postfix logs it. */
function message(at: number, nth: number, to: string): string {
  const stamp = (seconds: number): string => new Date(at + seconds * 1_000).toISOString();
  const id = `4jYG8k${String(nth).padStart(8, '0')}`;
  return [
    `${stamp(0)} mail postfix/smtpd[1]: ${id}: client=x[192.0.2.7], sasl_method=PLAIN, ` +
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
        message(from + one * 5_000, nth++, `stranger${one}@strangers.test`),
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
