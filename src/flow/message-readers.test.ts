import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scriptedStart } from '../../test/doubles/start.ts';
import type { HeaderEdit, MessageReading } from '../ports/message.ts';
import { readTogether } from './message-readers.ts';

const start = scriptedStart();

/** Notes what it hears; answers when told to. */
function reading(name: string, heard: string[], reads: boolean = true, refused?: string) {
  const answers: (() => void)[] = [];
  const edit: HeaderEdit = { kind: 'insert', index: 1, name, value: ' x' };
  const one: MessageReading = {
    open: () =>
      reads
        ? {
            header: (field, value) => void heard.push(`${name} ${field}:${value}`),
            body: (bytes, from, to) =>
              void heard.push(`${name} ${bytes.toString('latin1', from, to)}`),
            finish: (done) => void answers.push(() => done([edit], refused)),
          }
        : undefined,
  };
  return { one, answer: () => answers.shift()?.() };
}

test('each hears all; their edits go out in order when the last is ready', () => {
  const heard: string[] = [];
  const [a, b] = [reading('A', heard), reading('B', heard)];
  const reader = readTogether([a.one, b.one])?.open(start);
  reader?.header('From', ' x');
  reader?.body(Buffer.from('abc'), 1, 2);
  const edits: HeaderEdit[] = [];
  reader?.finish((found) => void edits.push(...found));
  b.answer();
  assert.deepEqual(edits, []);
  a.answer();
  assert.deepEqual(
    edits.map(({ name }) => name),
    ['A', 'B'],
  );
  assert.deepEqual(heard, ['A From: x', 'B From: x', 'A b', 'B b']);
});

test('who does not read is not waited for', () => {
  const heard: string[] = [];
  const [a, none] = [reading('A', heard), reading('B', heard, false)];
  assert.equal(readTogether([]), undefined);
  assert.equal(readTogether([a.one]), a.one);
  assert.equal(readTogether([none.one, none.one])?.open(start), undefined);
  let edits = 0;
  readTogether([none.one, a.one])
    ?.open(start)
    ?.finish((found) => {
      edits = found.length;
    });
  a.answer();
  assert.equal(edits, 1);
});

test('what one refuses is refused, when all are ready', () => {
  const [a, b] = [reading('A', [], true, 'too bad'), reading('B', [])];
  const said: (string | undefined)[] = [];
  readTogether([a.one, b.one])
    ?.open(start)
    ?.finish((edits, refused) => said.push(`${edits.length} ${refused}`));
  a.answer();
  assert.deepEqual(said, []);
  b.answer();
  assert.deepEqual(said, ['2 too bad']);
});
