import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from './load.ts';

for (const [old, today] of [
  ['pass', 'answer'],
  ['delay', 'tempfail'],
] as const) {
  test(`ledger.when_failing: "${old}" is read as "${today}", and reported once`, () => {
    const text = (value: string): string =>
      `[ledger]\nkeep_messages = "9d"\nwhen_failing = "${value}"\n`;
    const { config, oldNames } = parseConfig(text(old), 'test');
    const { ledger } = config;
    assert.deepEqual([ledger.when_failing, ledger.keep_messages], [today, '9d']);
    assert.deepEqual(oldNames, [
      `ledger.when_failing = "${old}" is now called "${today}"; ` +
        'the next version will not read the old name',
    ]);
    const read = parseConfig(text(today), 'test');
    assert.deepEqual([read.config, read.oldNames], [config, []]);
  });
}

test('what was never a name is refused, whatever else the file has', () => {
  for (const text of ['[ledger]\nwhen_failing = "hold"', 'ledger = "pass"', 'ledger = ["pass"]']) {
    assert.throws(() => parseConfig(text, 'test'), { code: 'config' }, text);
  }
});
