import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allMeasures } from '../../core/checklist/items/measures/all.ts';
import { type CommandPlace, commandText } from './own.ts';

const usual: CommandPlace = { isInstalled: true, isConfigured: true, hasPostfix: true };

function printed(id: string, more: Partial<CommandPlace>): string {
  const command = allMeasures.find((one) => one.id === id)?.command;
  assert.ok(command !== undefined, id);
  return commandText({ ...usual, ...more }, command);
}

test('a command that would only be refused here is not offered', () => {
  assert.equal(printed('scan.scanner', {}), 'sudo postern connect spamassassin');
  assert.equal(printed('scan.scanner', { isConfigured: false }), '');
  assert.equal(printed('scripts.door', { isInstalled: false }), '');
});

test('without Postfix, it comes first', () => {
  assert.equal(printed('mail.connected', {}), 'sudo postern connect postfix');
  const without = printed('mail.connected', { hasPostfix: false });
  assert.equal(without, 'sudo apt-get install postfix');
});
