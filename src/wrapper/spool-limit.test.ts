/** Programs that leave messages in the spool at the same time. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';

const module = resolve(import.meta.dirname, 'spool-message.ts');
const id = (nth: number): string => `${1_700_000_000_000 + nth}-${String(nth).padStart(32, '0')}`;
/** Leaves a message as soon as all have started, and says whether it was accepted. */
const program = `const { existsSync } = require('node:fs');
  import(${JSON.stringify(module)}).then(({ spoolMessage }) => {
    const [spool, id] = process.argv.slice(1);
    process.stdout.write('ready');
    while (!existsSync(spool + '/go'));
    process.stdout.write(spoolMessage(spool, id, Buffer.alloc(10)) ?? 'accepted');
  });`;

test('programs at the same time leave no more than the limit together', async (t) => {
  const spool = mkdtempSync(join(tmpdir(), 'psr-'));
  t.after(() => rmSync(spool, { recursive: true }));
  const own = join(spool, String(process.getuid?.()));
  mkdirSync(own);
  for (let nth = 0; nth < 998; nth++) writeFileSync(join(own, id(nth)), '');
  const programs = Array.from({ length: 12 }, (_, nth) => {
    const args = ['--no-warnings', '-e', program, spool, id(2_000 + nth)];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    return { child, ready: once(child.stdout, 'data'), end: once(child, 'close').then(() => said) };
  });
  await Promise.all(programs.map(({ ready }) => ready));
  writeFileSync(join(spool, 'go'), '');
  const said = await Promise.all(programs.map(({ end }) => end));
  const accepted = said.filter((text) => text === 'readyaccepted').length;
  assert.ok(accepted <= 2, said.join('; '));
  assert.equal(readdirSync(own).length, 998 + accepted, 'what is refused leaves nothing');
});
