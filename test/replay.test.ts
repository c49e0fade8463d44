/** `postern replay` as a program: what comes out, in which order, and how it ends. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const postern = fileURLToPath(new URL('../postern', import.meta.url));
const start = Date.UTC(2026, 0, 5, 9);

let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-replay-'));
});
after(() => rm(folder, { recursive: true, force: true }));

type Ran = { readonly out: string; readonly err: string; readonly code: number | null };

function run(args: readonly string[]): ChildProcess {
  return spawn(postern, ['replay', ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
}

async function replay(input: string | Buffer, ...args: readonly string[]): Promise<Ran> {
  const child = run(args);
  const text = { out: '', err: '' };
  child.stdout?.setEncoding('utf8').on('data', (more: string) => {
    text.out += more;
  });
  child.stderr?.setEncoding('utf8').on('data', (more: string) => {
    text.err += more;
  });
  // It may have ended before it has read all.
  child.stdin?.on('error', () => {});
  child.stdin?.end(input);
  const [code] = (await once(child, 'close')) as [number | null];
  return { ...text, code };
}

const at = (seconds: number): string => new Date(start + seconds * 1_000).toISOString();
const send = (number: number, more: object = {}): string =>
  JSON.stringify({
    type: 'send',
    id: `m${number}`,
    at: at(60 * number),
    account: 'ann@here.example',
    recipients: [`person${number}@elsewhere.example`],
    spamScore: 9,
    ...more,
  });
const hijack = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, i) => send(from + i));
const verdicts = ({
  out,
}: Ran): {
  id: string;
  verdict: string;
  account: string;
  because: { signal: string; text: string }[];
}[] =>
  out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

test('a verdict a line for each send, in order, in the documented form', async () => {
  const ran = await replay(`${hijack(60).join('\n')}\n`, '-');
  assert.equal(ran.code, 0);
  assert.equal(ran.err, '');
  assert.match(ran.out, /^\{"id":"m0","verdict":"pass","account":"clear","because":\[\]\}\n/);
  const all = verdicts(ran);
  assert.deepEqual(
    all.map(({ id }) => id),
    Array.from({ length: 60 }, (_, i) => `m${i}`),
  );
  for (const { verdict, account, because } of all) {
    assert.ok(['pass', 'delay', 'hold', 'refuse'].includes(verdict));
    assert.ok(['clear', 'watched', 'suspended'].includes(account));
    assert.ok(verdict === 'pass' || because.length > 0);
    for (const { signal, text } of because) assert.ok(signal !== '' && /\d/.test(text));
  }
  assert.equal(all.at(-1)?.account, 'suspended');
});

test('other events have no line; unknown fields, empty lines and CRLF do not matter', async () => {
  const lines = [
    JSON.stringify({
      type: 'login',
      at: at(0),
      account: 'ann@here.example',
      client: '192.0.2.1',
      ok: true,
    }),
    '',
    send(1, { colour: 'red', client: '192.0.2.1', at: '2026-01-05T10:01:00+01:00' }),
    JSON.stringify({
      type: 'delivery',
      at: at(61),
      id: 'm1',
      recipient: 'x@y.example',
      outcome: 'sent',
      reply: '250 ok',
    }),
    JSON.stringify({ type: 'clear', at: at(62), account: 'ann@here.example' }),
    send(2),
  ];
  const ran = await replay(lines.join('\r\n')); // the last line has no end
  assert.deepEqual([ran.code, ran.err], [0, '']);
  assert.deepEqual(
    verdicts(ran).map(({ id, verdict }) => `${id} ${verdict}`),
    ['m1 hold', 'm2 pass'],
  );
});

test('an input without events is no result; one without messages is', async () => {
  for (const input of ['', '\n\r\n']) {
    for (const words of [['-'], ['--summary', '-']]) {
      const { code, err, out } = await replay(input, ...words);
      assert.deepEqual([code, out], [65, '']);
      assert.match(
        err,
        /^postern: nothing was read: standard input has no events\npostern: to read/,
      );
    }
  }
  const clear = JSON.stringify({ type: 'clear', at: at(0), account: 'ann@here.example' });
  const ran = await replay(clear, '--summary', '-');
  assert.deepEqual([ran.code, ran.err], [0, '']);
  assert.match(ran.out, /^0 messages: /);
});

test('a mail log that is taken for events: the command that reads it is said', async () => {
  const ran = await replay('Nov 10 08:00:00 mail postfix/qmgr[1]: A: removed\n');
  assert.equal(ran.code, 65);
  assert.match(
    ran.err,
    /line 1: not JSON\npostern: to read a mail log: (?:\.\/)?postern replay --format/,
  );
});

const broken = [
  ['a line that is no JSON', 'nonsense', /^postern: standard input, line 4: not JSON/],
  ['an unknown type', '{"type":"other","at":"2026-01-05T09:09:00Z"}', /line 4: `type` must be/],
  ['no recipients', send(9, { recipients: 7 }), /line 4: `recipients`/],
  ['a time without a zone', send(9, { at: '2026-01-05T09:09:00' }), /line 4: `at`/],
  ['a date', send(9, { at: '2026-01-05' }), /line 4: `at`/],
  [
    'more than a minute back in time',
    send(9, { at: at(59) }),
    /line 4: goes back in time from .* to /,
  ],
] as const;
for (const [what, line, says] of broken) {
  test(`exit 65 with the line's number, after the verdicts before it: ${what}`, async () => {
    const ran = await replay([send(0), send(1), send(2), line, send(10)].join('\n'), '-');
    assert.equal(ran.code, 65);
    assert.match(ran.err, says);
    assert.deepEqual(
      verdicts(ran).map(({ id }) => id),
      ['m0', 'm1', 'm2'],
    );
  });
}

test('a minute back in time is taken', async () => {
  const ran = await replay([send(5), send(6, { at: at(4 * 60) })].join('\n'));
  assert.deepEqual([ran.code, verdicts(ran).length], [0, 2]);
});

test('a line without an end stops the run, and memory stays small', async () => {
  const ran = await replay(
    Buffer.concat([Buffer.from(`${send(0)}\n`), Buffer.alloc(9_000_000, 'x')]),
  );
  assert.equal(ran.code, 65);
  assert.match(ran.err, /line 2: longer than 8388608 bytes/);
  assert.equal(verdicts(ran).length, 1);
});

test('from a file, by its name; one that is not there is exit 66', async () => {
  const file = join(folder, 'events.jsonl');
  await writeFile(file, `${send(0)}\nnonsense\n`);
  const ran = await replay('', file);
  assert.deepEqual([ran.code, verdicts(ran).length], [65, 1]);
  assert.ok(ran.err.includes(`${file}, line 2`));
  for (const missing of [join(folder, 'none.jsonl'), folder]) {
    const { code, err } = await replay('', missing);
    assert.equal(code, 66);
    assert.ok(err.startsWith(`postern: cannot read ${missing}`), err);
  }
});

test('--operator-clears lifts a suspension after that time', async () => {
  const events = [...hijack(60), send(60 + 70)].join('\n');
  const [left, cleared] = [await replay(events), await replay(events, '--operator-clears', '1h')];
  assert.deepEqual(
    [left, cleared].map((ran) => verdicts(ran).at(-1)?.verdict),
    ['hold', 'pass'],
  );
});

test('clear lifts it too', async () => {
  const clear = JSON.stringify({ type: 'clear', at: at(60 * 60), account: 'Ann@here.example' });
  const ran = await replay([...hijack(60), clear, send(61)].join('\n'));
  assert.equal(verdicts(ran).at(-1)?.verdict, 'pass');
});

test('bounces for unknown users count', async () => {
  const bounce = (i: number): string =>
    JSON.stringify({
      type: 'delivery',
      at: at(70 + i),
      id: 'm1',
      recipient: `x@y${i}.example`,
      outcome: 'bounced',
      reply: '550 5.1.1 no such user',
    });
  const sixteen = Array.from({ length: 16 }, (_, i) => `x@y${i}.example`);
  const first = send(1, { recipients: sixteen, spamScore: 0 });
  const events = [
    first,
    ...Array.from({ length: 16 }, (_, i) => bounce(i)),
    send(2, { spamScore: 0 }),
  ];
  assert.equal(
    verdicts(await replay(events.join('\n'))).at(-1)?.because[0]?.signal,
    'failed-recipients',
  );
});

test('--summary: a table for a person; with --json, an object', async () => {
  const events = hijack(60).join('\n');
  const table = await replay(events, '--summary');
  assert.equal(table.code, 0);
  assert.match(table.out, /^60 messages: pass \d+ \(/);
  assert.match(table.out, /SUSPENDED +AT +PASSED BEFORE +STOPPED +WHY\s+ann@here\.example/);
  const json = await replay(events, '--summary', '--json');
  const { messages, suspensions } = JSON.parse(json.out);
  assert.deepEqual(
    [messages, suspensions.length, suspensions[0].account],
    [60, 1, 'ann@here.example'],
  );
  assert.match((await replay(send(0), '--summary')).out, /No account would have been suspended/);
});

const wrong = [
  ['an unknown option', ['--frobnicate']],
  ['an invalid duration', ['--operator-clears', 'soon']],
] as const;
for (const [what, args] of wrong) {
  test(`exit 64 with one clear line: ${what}`, async () => {
    const ran = await replay('', ...args);
    assert.deepEqual([ran.code, ran.out], [64, '']);
    assert.match(ran.err, /^postern: .+\n/);
  });
}

test('whoever reads us may have had enough', async () => {
  const child = run(['-']);
  const { stdin, stdout, stderr } = child;
  assert.ok(stdin !== null && stdout !== null && stderr !== null);
  let err = '';
  stderr.setEncoding('utf8').on('data', (more: string) => {
    err += more;
  });
  stdin.on('error', () => {}); // it stops reading
  stdin.end(hijack(30_000).join('\n'));
  await once(stdout, 'data');
  stdout.destroy();
  const [code] = await once(child, 'close');
  assert.deepEqual([code, err], [0, '']);
});

test('the same input gives the same output', async () => {
  const events = hijack(200).join('\n');
  const [one, other] = [await replay(events), await replay(events)];
  assert.equal(one.out, other.out);
});

/** So many lines that a thread reads them. */
const longReplay = Array.from({ length: 40_000 }, (_, number) =>
  JSON.stringify({
    type: 'send',
    id: `m${number}`,
    at: new Date(start + number * 5_000).toISOString(),
    account: `user${number % 50}@here.example`,
    recipients: [`person${number % 300}@elsewhere.example`],
  }),
);

test('a long recording is judged as a short one, with and without a thread', async () => {
  const path = join(folder, 'long.jsonl');
  await writeFile(path, longReplay.join('\n'));
  const both = await replay('', path);
  assert.equal(both.code, 0);
  assert.deepEqual(
    verdicts(both).map(({ id }) => id),
    longReplay.map((_, number) => `m${number}`),
  );
  const alone = spawnSync('taskset', ['-c', '0', postern, 'replay', path], { maxBuffer: 1e9 });
  assert.equal(alone.status, 0);
  assert.equal(alone.stdout.toString('utf8'), both.out);
});

for (const [what, line, fault] of [
  ['no event', '{"type":"send"', /line 39001: not JSON/],
  ['an old one', send(-5), /line 39001: goes back in time from 2026-/],
  ['too long', 'x'.repeat(9e6), /line 39001: longer than 8388608 bytes/],
] as const) {
  test(`a fault far behind in a long recording: ${what}`, async () => {
    const lines = [...longReplay.slice(0, 39_000), line, ...longReplay.slice(39_000)];
    const ran = await replay(lines.join('\n'), '-');
    assert.equal(ran.code, 65);
    assert.match(ran.err, fault);
    assert.equal(verdicts(ran).length, 39_000);
  });
}
