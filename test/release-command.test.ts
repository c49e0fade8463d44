/** `accounts release` without an option: nobody said whether it was a hijack. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { operator } from '../src/commands/guard/client.ts';
import { postern, type Ran, stateFolder } from './command-line.ts';
import { stage, testToken } from './doubles/client.ts';

const joe = 'joe.weber@example.org';
const who = operator();

async function asked(
  words: readonly string[],
): Promise<Ran & { readonly calls: readonly string[] }> {
  await using at = await stage('hijack');
  const doors = { milter: 'inet:127.0.0.1:9', policy: 'inet:127.0.0.1:9', http: at.door.address };
  await using state = await stateFolder({ doors, token: testToken });
  return { ...(await postern(...words, '--state', state.path)), calls: at.calls };
}

test('a terminal is asked what it was; a script is warned', async () => {
  const stdin = Object.getOwnPropertyDescriptor(process.stdin, 'isTTY');
  try {
    Object.defineProperty(process.stdin, 'isTTY', { value: true, configurable: true });
    const person = await asked(['accounts', 'release', joe]);
    assert.deepEqual([person.exit, person.out, person.calls], [64, '', []]);
    assert.match(person.err, /^postern: say what it was; nothing was changed$/m);
    assert.match(
      person.err,
      /held mail stays held\):\n {2}postern accounts release \S+ --hijacked$/m,
    );
    assert.match(person.err, /is delivered\):\n {2}postern accounts release \S+ --false-alarm$/m);
    Object.defineProperty(process.stdin, 'isTTY', { value: undefined, configurable: true });
    const script = await asked(['accounts', 'release', joe]);
    assert.deepEqual([script.exit, script.calls], [0, [`release ${joe} by ${who} note `]]);
    assert.match(script.err, /^postern: warning: without --hijacked or --false-alarm, .*\n$/);
  } finally {
    if (stdin === undefined) Reflect.deleteProperty(process.stdin, 'isTTY');
    else Object.defineProperty(process.stdin, 'isTTY', stdin);
  }
});
