import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OperatorError } from '../lib/operator-error.ts';
import { parseConfig } from './load.ts';

const cases: readonly (readonly [string, string, string])[] = [
  [
    'a section that is mistyped',
    '[notice]\nmail_to = []\n',
    'line 1: unknown setting notice; did you mean notices?',
  ],
  [
    'a setting that is mistyped',
    '\n[notices]\nmail_too = []\n',
    'line 3: unknown setting mail_too in [notices]; did you mean mail_to?',
  ],
  [
    'a setting of another section',
    'milter = "off"\n',
    'line 1: unknown setting milter; [doors] has it',
  ],
  [
    'a setting that nobody knows',
    '[doors]\nwindows = 3\n',
    'line 2: unknown setting windows in [doors]',
  ],
  ['a dotted key', 'doors.windows = 3\n', 'line 1: unknown setting windows in [doors]'],
];
for (const [name, text, wanted] of cases) {
  test(`config check: ${name}`, () => assert.equal(faultOf(text), `my.toml, ${wanted}`));
}

test('a wrong value is quoted, with the one that was probably meant', () => {
  const said = faultOf('# one\nmode = "gaurd"\n');
  assert.match(said, /^my\.toml, line 2: mode: .*, not "gaurd"; did you mean guard\?$/);
});

test('a value that may be a secret is not quoted', () => {
  const said = faultOf('[notices]\nwebhook = "nonsense-with-a-s3cret"\n');
  assert.match(said, /^my\.toml, line 2: notices\.webhook: /);
  assert.doesNotMatch(said, /s3cret/);
});

function faultOf(text: string): string {
  try {
    parseConfig(text, 'my.toml');
  } catch (error) {
    if (error instanceof OperatorError) return error.message;
  }
  return 'no fault';
}
