import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HeaderEdit } from '../../ports/message.ts';
import { openForgedResults, openStripping } from './forged-results.ts';

const ours = ' MX.example.net;\n\tspf=pass';
const theirs = ' other.example; spf=pass';
const occurrences = (edits: readonly HeaderEdit[]): readonly number[] =>
  edits.map((edit) => (edit.kind === 'remove' ? edit.occurrence : 0));

test('fields in our name are taken out by their number among those of that name', () => {
  const results = openForgedResults('mx.example.net');
  results.header('Authentication-Results', theirs);
  results.header('AUTHENTICATION-results', ours);
  results.header('Subject', ours);
  results.header('X-Authentication-Results', ours);
  results.header('ARC-Authentication-Results', ours);
  results.header('Authentication-Results ', ours);
  results.header('Authentication-Results', '');
  assert.deepEqual(occurrences(results.edits()), [2, 3]);
  assert.equal(results.count, 2);
});

for (const [count, edits, refused] of [
  [0, 0, undefined],
  [1_000, 1_000, undefined],
  [1_001, 1_000, 'Too many Authentication-Results fields in the name of this server'],
  [20_000, 1_000, 'Too many Authentication-Results fields in the name of this server'],
] as const) {
  test(`${count} forged fields: ${refused ?? 'all are taken out'}`, () => {
    const results = openForgedResults('mx.example.net');
    for (let n = 0; n < count; n++) {
      results.header('Authentication-Results', ours);
      results.header('Authentication-Results', theirs);
    }
    assert.deepEqual(
      [results.count, results.edits().length, results.refused],
      [count, edits, refused],
    );
  });
}

test('mail of our own accounts loses what it claims in our name, and nothing else', () => {
  const heard: string[] = [];
  const strip = openStripping('mx.example.net', (id, forged, refused) =>
    heard.push(`${id} ${forged} ${refused}`),
  );
  for (const value of [ours, theirs]) {
    const reader = strip('4A');
    reader.header('Authentication-Results', value);
    reader.body(Buffer.from('x'), 0, 1);
    reader.finish((edits) => heard.push(occurrences(edits).join()));
  }
  assert.deepEqual(heard, ['4A 1 false', '1', '']);
});

test('and is refused with too many, whoever sends it', () => {
  const strip = openStripping('mx.example.net', (_id, _forged, refused) => assert.ok(refused));
  const reader = strip('4A');
  for (let n = 0; n < 1_001; n++) reader.header('Authentication-Results', ours);
  let why: string | undefined;
  reader.finish((_edits, refused) => {
    why = refused;
  });
  assert.match(why ?? '', /^Too many Authentication-Results fields/);
});
