import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HeaderEdit, MessageStart } from '../ports.ts';
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

test('a message made of nothing else is not read for ever', () => {
  const results = openForgedResults('mx.example.net');
  for (let n = 0; n < 20_000; n++) results.header('Authentication-Results', ours);
  assert.deepEqual([results.count, results.edits().length], [20_000, 1_000]);
});

test('mail of our own accounts loses what it claims in our name, and nothing else', () => {
  const heard: string[] = [];
  const reading = openStripping('mx.example.net', (id, forged) => heard.push(`${id} ${forged}`));
  const start = { by: 'login', queueId: '4A' } as unknown as MessageStart;
  for (const value of [ours, theirs]) {
    const reader = reading.open(start);
    reader?.header('Authentication-Results', value);
    reader?.body(Buffer.from('x'), 0, 1);
    reader?.finish((edits) => heard.push(occurrences(edits).join()));
  }
  assert.deepEqual(heard, ['4A 1', '1', '']);
});
