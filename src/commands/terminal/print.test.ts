import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Command } from 'commander';
import { unifiedDiff } from '../../lib/unified-diff.ts';
import { type OwnOutput, printReport } from './print.ts';

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
