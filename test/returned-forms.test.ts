/**
 * Returned mail in the forms of many servers: ours is known by each of its proofs, forged ones are
 * not. Prints the figures.
 *
 * Copies of other people's returned mail are looked at too, where they are given:
 *
 *     POSTERN_BOUNCES=/where/bounces node --test test/returned-forms.test.ts
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { forgedReturns, otherMail, ours, ownReturns } from './doubles/returned-forms.ts';
import { returnsTo, returnsWith } from './doubles/returns.ts';

test('returned mail of ours is known in every form, by each proof alone', async () => {
  const all = await ownReturns();
  for (const { name, mail, memory, proof: wanted } of all) {
    const { kind, proof } = await returnsWith(ours, memory).proofOf(mail, [returnsTo]);
    assert.deepEqual([kind, proof], ['report', wanted], `${name}, ${wanted}`);
  }
  console.log(`# returned mail of ours: ${all.length} of ${all.length} known`);
});

test('forged returned mail proves nothing in any form', async () => {
  const returns = returnsWith(ours, otherMail);
  const all = await forgedReturns(10);
  const taken: string[] = [];
  for (const { name, mail } of all) {
    const { proof } = await returns.proofOf(mail, [returnsTo]);
    if (proof !== 'unproven') taken.push(`${name} ${proof}`);
  }
  console.log(`# forged returned mail: ${all.length - taken.length} of ${all.length} marked`);
  assert.deepEqual(taken, []);
});

const home = resolve(import.meta.dirname, '..');
const folder = process.env['POSTERN_BOUNCES'] ?? resolve(home, '../shared/bounces');
const given = join(folder, 'mail');
const missing = existsSync(given) ? false : `${given} is not there; POSTERN_BOUNCES names it`;
const octetsOf = (name: string): string => readFileSync(join(given, name), 'latin1');

test("copies of other people's returned mail prove nothing", { skip: missing }, async () => {
  const returns = returnsWith(ours, { messageIds: ['m1@ours.example'] });
  const names = readdirSync(given);
  const taken: string[] = [];
  for (const name of names) {
    const { proof } = await returns.proofOf(octetsOf(name), [returnsTo]);
    if (proof !== 'unproven') taken.push(`${name}: ${proof}`);
  }
  console.log(`# other people's: ${names.length - taken.length} of ${names.length} marked`);
  assert.deepEqual(taken, []);
});

test('returned mail is known if someone here wrote to its recipient', {
  skip: missing,
}, async () => {
  const rows = readFileSync(join(folder, 'labels.tsv'), 'utf8').trim().split('\n').slice(1);
  // Some reports hide their recipient, or the labels name none.
  const named = rows
    .map((row) => row.split('\t'))
    .filter(([, recipient = '']) => recipient.includes('@') && !recipient.endsWith('.invalid'));
  const lost: string[] = [];
  for (const [name = '', recipient = ''] of named) {
    const returns = returnsWith(ours, { sentTo: [recipient.toLowerCase()] });
    const { proof } = await returns.proofOf(octetsOf(name), [returnsTo]);
    if (proof === 'unproven') lost.push(`${name} ${recipient}`);
  }
  console.log(`# given returned mail: ${named.length - lost.length} of ${named.length} known`);
  assert.deepEqual(lost, []);
});
