/**
 * Which authors a script's message has: Postern reads them from what the script wrote, and Postfix
 * decides what people see. Messages whose header is written in odd ways go through real Postfix,
 * and each author in what is delivered must be among those that the register judges.
 */
import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { handoverField } from '../../src/core/scripts/handover-field.ts';
import { writtenMail } from '../../src/core/scripts/written-mail.ts';
import { sendmailMessage } from '../../src/formats/sendmail/message.ts';
import { realSendmail } from '../../src/partners/postfix/sendmail.ts';
import { eventually } from './leash.ts';
import { startPostfix } from './postfix-instance.ts';
import { startSendmailServer, users } from './sendmail-server.ts';
import { startSink } from './smtp-sink.ts';

/** Lines as scripts and visitors of forms may write them; `#` becomes a number of its own. */
const lines = [
  ...['From: a#@x.example', 'From : a#@x.example', 'From\t :a#@x.example', 'FROM:a#@x.example'],
  ...['From:', 'From: "N, a#@x.example" <b#@x.example>', 'From: a#@x.example, b#@x.example'],
  ...[' a#@x.example', '\ta#@x.example', ' ', '\t', '', '\r', ' \r'],
  ...[
    '>From: a#@x.example',
    '>From : a#@x.example',
    '>>From : a#@x.example',
    '> From: a#@x.example',
  ],
  ...['From a#@x.example Mon Jan 1', '>From a#@x.example Mon', 'From a#@x.example: b#@x.example'],
  ...[
    'From  : a#@x.example',
    'From (x): a#@x.example',
    'From;: a#@x.example',
    'From- : a#@x.example',
  ],
  ...[
    'F\0rom: a#@x.example',
    '\0From: a#@x.example',
    'From\0: a#@x.example',
    'From:\0 a#@x.example',
  ],
  ...['From\r: a#@x.example', '\rFrom: a#@x.example', 'From: a#@x.example\rFrom: b#@x.example'],
  ...['\xffFrom: a#@x.example', 'From\xa0: a#@x.example', 'From\xc2\xa0: a#@x.example'],
  ...['\xef\xbb\xbfFrom: a#@x.example', 'From\v: a#@x.example', 'From\f: a#@x.example'],
  ...['\vFrom: a#@x.example', '\fFrom: a#@x.example', 'From \r\v\f: a#@x.example'],
  ...['From\x7f: a#@x.example', 'From: \xe4 <a#@x.example>', ': a#@x.example', ' : a#@x.example'],
  ...['Subject', 'Subject: x', 'X-A : b', 'X A: b', 'Resent-From: a#@x.example', 'X-Test: a'],
  ...[
    'Sender: a#@x.example',
    'Resent-Sender : a#@x.example',
    'text at once',
    '.',
    '..From: a#@x.example',
  ],
  `From${' '.repeat(2_100)}: a#@x.example`,
  `From${' '.repeat(2_044)}: a#@x.example`,
  `From:${' '.repeat(2_043)}a#@x.example`,
  `X-Long: ${'x'.repeat(2_040)}From: a#@x.example`,
  `${'x'.repeat(2_048)}From: a#@x.example`,
  `X-Long: ${'y'.repeat(5_000)}`,
  `From: ${'n'.repeat(3_000)} <a#@x.example>`,
] as const;
const ends = ['\n', '\n', '\r\n', '\r\r\n', '\n\r'] as const;

type Written = { readonly raw: Buffer; readonly message: Buffer; readonly crlf: boolean };

function written(parts: readonly (readonly [line: string, end: string])[], nth: number): Written {
  let count = 0;
  const text = parts.map(([line, end]) => line.replaceAll('#', () => `${nth}n${count++}`) + end);
  const raw = Buffer.from(`${text.join('')}X-End: e\n\nbody\n`, 'latin1');
  const { start, end, crlf } = sendmailMessage(raw, { dotEnds: false });
  return { raw, message: raw.subarray(start, end), crlf };
}

/** The authors that the register judges. */
const judged = ({ message, crlf }: Written): ReadonlySet<string> =>
  new Set(
    writtenMail(message, { crlf })
      .header.filter(({ name }) => name.toLowerCase() === 'from')
      .flatMap(({ value }) => authorsIn(value)),
  );

/** The authors that a mail program could show: any line of the header that begins with From. */
function shown(delivered: string): readonly string[] {
  const header = delivered.split('\r\n\r\n')[0] ?? '';
  return header
    .replace(/\r\n(?=[ \t])/g, '')
    .split('\r\n')
    .filter((line) => /^from[ \t]*:/i.test(line))
    .flatMap(authorsIn);
}

function authorsIn(value: string): readonly string[] {
  return [...value.matchAll(/[ab]\d+n\d+@x\.example/g)].map(([address]) => address);
}

test('every author that Postfix delivers was judged, however the header is written', async () => {
  await using sink = await startSink({ keepMessages: true });
  await using postfix = await startPostfix({ sink: sink.port });
  const dir = mkdtempSync(join(tmpdir(), 'pff-'));
  using _ = { [Symbol.dispose]: () => rmSync(dir, { recursive: true }) };
  const run = realSendmail({
    program: '/usr/sbin/sendmail',
    configDirectory: postfix.configDirectory,
  });
  const one = fc.tuple(fc.constantFrom(...lines), fc.constantFrom(...ends));
  const drawn = fc.sample(fc.array(one, { minLength: 1, maxLength: 6 }), {
    seed: 12,
    numRuns: Number(process.env['POSTERN_FROM_RUNS'] ?? 160),
  });
  const good = ['From: a#@x.example', '\n'] as const;
  const pairs = lines.flatMap((line) => [
    [[line, '\n'] as const, good],
    [good, [line, '\n'] as const],
  ]);
  const all = [...pairs, ...drawn].map(written);
  for (const [nth, { message, crlf }] of all.entries()) {
    const path = join(dir, 'message');
    const blank = /^(?:[ \t\v\f]|\r+(?![\r\n]))/.test(message.toString('latin1')) ? '\n' : '';
    const field = handoverField(`0-1700000000000-${'a'.repeat(32)}`, '0'.repeat(16));
    writeFileSync(
      path,
      Buffer.concat([Buffer.from(`${field}${crlf ? '\r\n' : '\n'}${blank}`), message]),
    );
    const file = openSync(path, 'r');
    const args = ['-i', '-f', 's@x.example', '--', `m${nth}@world.test`];
    assert.deepEqual(await run(args, file), { kind: 'sent' });
    closeSync(file);
  }
  await sink.until(() => sink.recipientCount() === all.length, 'all messages', 120_000);
  let authors = 0;
  const missed: string[] = [];
  for (const [nth, mail] of all.entries()) {
    const to = `m${nth}@world.test`;
    const { message } = sink.deliveries.find((each) => each.to.includes(to)) ?? assert.fail(to);
    const known = judged(mail);
    for (const author of shown(message)) {
      authors++;
      if (known.has(author)) continue;
      const [was, is] = [mail.raw.toString('latin1'), message].map((text) => text.slice(0, 900));
      missed.push(`${author} of ${JSON.stringify(was)} became ${JSON.stringify(is)}`);
    }
  }
  assert.deepEqual(missed, []);
  assert.ok(authors > all.length / 2, `${authors} authors of ${all.length} messages`);
});

test('a rule with --from holds what Postfix would show of another author', async () => {
  await using server = await startSendmailServer({
    mode: 'guard',
    config: '[scripts]\nmode = "guard"',
  });
  const rule = ['--any', '--from', '@mail.test'];
  await server.guard.cli('scripts', 'allow', 'user:nobody', ...rule);
  // The test message of the connection.
  let judgedSoFar = 1;
  const good = 'From: a@mail.test\n';
  const cases: readonly (readonly [name: string, header: string, verdict: string])[] = [
    ['plain', good, 'pass'],
    // As Postfix's sendmail does, postern-sendmail takes this first line for that of a mailbox.
    ['mailbox', `From : evil@bad.example\n${good}`, 'pass'],
    ['blank', `X-A: b\nFrom : evil@bad.example\n${good}`, 'hold'],
    ['return', `From\r: evil@bad.example\n${good}`, 'hold'],
    ['continued', `\rX: y\nFrom: evil@bad.example\n`, 'pass'],
    ['far', `${good}${`X-Pad: ${'x'.repeat(900)}\n`.repeat(90)}From: evil@bad.example\n`, 'hold'],
    ['brackets', 'From: <a@mail.test> <evil@bad.example> <a@mail.test>\n', 'hold'],
  ];
  for (const [name, header, verdict] of cases) {
    const input = `${header}X-Test-Id: ${name}\nSubject: ${name}\n\nhi\n`;
    const args = ['-i', '-f', 'a@mail.test', 'v@world.test'];
    const ran = await server.send({ uid: users.nobody, args, input });
    assert.equal(ran.exit, 0, ran.stderr);
    const seen = await eventually(`${name} is judged`, async () => {
      const recent =
        await server.guard.json<readonly { readonly verdict: string }[]>('/api/recent');
      return recent.length > judgedSoFar ? recent[0]?.verdict : undefined;
    });
    judgedSoFar++;
    assert.equal(seen, verdict, name);
  }
  const delivered = server.sink.deliveries.map(({ headers }) => headers).join('');
  assert.doesNotMatch(delivered, /bad\.example/);
});
