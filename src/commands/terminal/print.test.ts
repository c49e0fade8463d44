/** Hints work where they are read; what a stranger wrote moves no cursor. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Command } from 'commander';
import { unifiedDiff } from '../../lib/unified-diff.ts';
import { runCommandLine } from '../program.ts';
import { harmless, type OwnOutput, printReport } from './print.ts';

test('hints are printed as they work here, the change of a file as it is', async () => {
  const out: string[] = [];
  const output: OwnOutput = {
    writeOut: (text) => out.push(text.replace('postern', './postern')),
    writeData: (text) => out.push(text),
  };
  const names = { before: 'main.cf', after: 'main.cf (connected)' };
  const change = unifiedDiff('a\n', 'a\n# To undo: postern connect postfix --undo\n', names);
  await printReport(new Command().configureOutput(output), {}, async (show) => {
    show(change);
    show('To undo: postern connect postfix --undo\n');
  });
  assert.deepEqual(out, [change, 'To undo: ./postern connect postfix --undo\n']);
});

test('our colours, tabs and line ends stay, all else that a terminal obeys does not', () => {
  const ours = '\u001b[1mNAME\u001b[0m\tü 漢 😀\r\n\u001b[31mx\u001b[0m\n';
  assert.equal(harmless(ours), ours);
  const evil = '\u001b]0;title\u0007 \u001b[2J \u001b[8m \r \u009b1A \u202e \u2028 \b \u007f';
  assert.equal(harmless(evil), '?]0;title? ?[2J ?[8m ? ?1A ? ? ? ?');
});

test('words of the command line are printed as harmless text', async () => {
  const parts: string[] = [];
  const take = (text: string): void => void parts.push(text);
  const output = { out: take, err: take };
  await runCommandLine(['man', 'a\u001b[2Jb'], output);
  await runCommandLine(['\u001b[2J'], output);
  const said = parts.join('');
  assert.match(said, /\?\[2J/);
  assert.ok(!said.includes('\u001b'));
});
