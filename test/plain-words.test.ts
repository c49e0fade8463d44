/**
 * Plain words and short lines, as far as a program can check them. The words below made texts hard
 * to read for people who are not native speakers; docs/concepts.md has the words to use instead.
 * What is left over is counted by file in style-debts.json, a list that only gets shorter.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { code, files, read, root } from './source-tree.ts';

const columnsMax = 100;

/** Whole words. `letter` is allowed where it means a character. */
const banned =
  /\b(?:mend(?:s|ed|ing)?|whom|whose it is|(?:for|by|at most|only|of) so (?:many|long|often)|is none|of it|by itself|hears? of|sees? to|for ever|stands? for|lets? go|goes? round|deeds?|roads?|letters?)\b/gi;
const characters =
  /\b(?:letters? (?:and|or|of|a|from|in|digits)\b|(?:small|capital|first|upper-case|lower-case|one|of|two|three) letters?\b|letters?, digits)/gi;

type Debts = {
  readonly longLines: Readonly<Record<string, number>>;
  readonly words: Readonly<Record<string, number>>;
};
const debts = JSON.parse(read('test/style-debts.json')) as Debts;

const prose = files.filter(
  (file) =>
    (/\.(?:ts|js|md|sh|toml|html)$/.test(file) || /^(?:packaging\/|postern$)/.test(file)) &&
    file !== 'test/plain-words.test.ts' &&
    !file.startsWith('test/fixtures/'),
);

const longLines = (file: string): number =>
  read(file)
    .split('\n')
    .filter((line) => [...line].length > columnsMax).length;

const bannedWords = (file: string): readonly string[] => {
  const text = read(file).replace(characters, '');
  return [...text.matchAll(banned)].map(([word]) => word);
};

test(`no line of code is longer than ${columnsMax} columns, outside the list`, () => {
  assert.deepEqual(
    over(code, (file) => longLines(file), debts.longLines),
    [],
  );
});

test('no banned word, outside the list', () => {
  assert.deepEqual(
    over(prose, (file) => bannedWords(file).length, debts.words),
    [],
  );
});

test('the lists of what is left over name files that exist', () => {
  const known = new Set(files);
  const named = [...Object.keys(debts.longLines), ...Object.keys(debts.words)];
  assert.deepEqual(
    named.filter((file) => !known.has(file)),
    [],
    `in ${root}`,
  );
});

/** Files with more than the list allows. */
function over(
  among: readonly string[],
  count: (file: string) => number,
  allowed: Readonly<Record<string, number>>,
): readonly string[] {
  return among.flatMap((file) => {
    const found = count(file);
    const most = allowed[file] ?? 0;
    return found > most ? [`${file}: ${found}, at most ${most}`] : [];
  });
}
