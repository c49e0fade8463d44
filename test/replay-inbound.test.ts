/** `postern replay --inbound -` as a program: one answer for each question, in order. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseConfig } from '../src/config/load.ts';
import { scratchFiles } from './scratch-files.ts';

const { file } = scratchFiles('replay-inbound');
const postern = fileURLToPath(new URL('../postern', import.meta.url));
const at = '2026-05-04T10:00:00Z';
const hello = {
  type: 'hello',
  format: 1,
  local_domains: ['town.example'],
  start: '2026-04-01T00:00:00Z',
};
const bot = {
  type: 'data',
  at,
  client_address: '198.51.100.9',
  client_name: 'unknown',
  reverse_client_name: 'unknown',
  helo_name: 'localhost',
  sender: 'a@strange.example',
  recipients: ['b@town.example'],
  spf: 'none',
  dnswl: null,
  dnsbl: false,
  bad_recipients: 0,
  dkim: [],
  in_reply_to: null,
  score: 2,
};

async function ask(lines: readonly unknown[], ...args: readonly string[]): Promise<Ran> {
  const child = spawn(postern, ['replay', '--inbound', ...args, '-']);
  const text = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (more: string) => {
    text.out += more;
  });
  child.stderr.setEncoding('utf8').on('data', (more: string) => {
    text.err += more;
  });
  child.stdin.on('error', () => {});
  child.stdin.end(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  const [code] = (await once(child, 'close')) as [number | null];
  return { ...text, code };
}
type Ran = { readonly out: string; readonly err: string; readonly code: number | null };

const actions = ({ out }: Ran): readonly unknown[] =>
  out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).action);

test('it answers questions of each kind, and takes over what our users wrote', async () => {
  const sent = { type: 'sent', at, recipient: 'a@strange.example', message_id: '<1@town.example>' };
  const lines = [
    hello,
    { ...bot, type: 'rcpt', recipient: 'b@town.example' },
    { ...bot, instance: 'x' },
    { type: 'due', at: '2026-05-04T10:10:00Z', instance: 'x', dnsbl: false, score: 2 },
    { ...bot, instance: 'y', score: 9 },
    { type: 'due', at, instance: 'y', dnsbl: false, score: 9 },
    sent,
    { ...bot, instance: 'z' },
    { ...bot, wrote_address: true, sender: 'other@strange.example', client_address: '192.0.2.9' },
  ];
  const ran = await ask(lines, '--wait', '10m');
  assert.equal(ran.code, 0, ran.err);
  assert.deepEqual(actions(ran), [
    ...['dunno', 'hold', 'deliver', 'hold', 'quarantine', 'dunno'],
    'hold',
  ]);
});

test('without --wait it waits as long as a guard without settings: not at all', async () => {
  const usual = parseConfig('', 'test').config.inbound.wait;
  assert.equal(usual, '0s');
  assert.deepEqual(actions(await ask([hello, bot])), ['dunno']);
  const asked = actions(await ask([hello, { ...bot, score: 9 }]));
  assert.deepEqual(asked, ['hold'], 'for the Junk folder, with 0 seconds');
});

test('nothing waits with --wait 0s; --stance defer lets in who comes back', async () => {
  const back = { ...bot, at: '2026-05-04T10:15:00Z' };
  assert.deepEqual(actions(await ask([hello, bot], '--wait', '0s')), ['dunno']);
  assert.deepEqual(actions(await ask([hello, bot], '--stance', 'observe')), ['dunno']);
  assert.deepEqual(actions(await ask([hello, bot, back], '--stance', 'defer')), ['defer', 'dunno']);
});

test('a line that is no JSON object ends the run with its number', async () => {
  const ran = await ask([hello, 'text']);
  assert.equal(ran.code, 65);
  assert.match(ran.err, /^postern: standard input, line 2: not a JSON object/);
});

test('a line of a file is named with its file', () => {
  const path = file(`${JSON.stringify(hello)}\n\nnone`);
  const ran = spawnSync(postern, ['replay', '--inbound', path], { encoding: 'utf8' });
  assert.equal(ran.status, 65);
  assert.ok(ran.stderr.startsWith(`postern: ${path}, line 3: not a JSON object`), ran.stderr);
});
