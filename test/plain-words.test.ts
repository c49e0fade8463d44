/**
 * Plain words and short lines, as far as a program can check them. The words below made texts hard
 * to read for people who are not native speakers; docs/concepts.md has the words to use instead.
 * The lists of exceptions only get shorter: a number that is too high fails as well.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { code, files, read } from './source-tree.ts';

const columnsMax = 100;

const banned = words([
  'mend(?:s|ed|ing)?',
  'whom',
  'whose it is',
  '(?:for|by|at most|only|of) so (?:many|long|often)',
  'is none',
  'of it',
  'by itself',
  'hears? of',
  'sees? to',
  'for ever',
  'stands? for',
  'lets? go',
  'goes? round',
  'deeds?',
  'roads?',
  'letters?',
]);
/** `letter` is allowed where it means a character. */
const characters = words([
  'letters? (?:and|or|of|a|from|in|digits)',
  '(?:small|capital|first|upper-case|lower-case|one|of|two|three) letters?',
  'letters?, digits',
]);

/** Rows of old ledgers, as SQL that is never edited. */
const longLinesLeft: Readonly<Record<string, number>> = { 'test/ledger/earlier-ledgers.ts': 5 };

/** Names of columns and fields that version 0.1 wrote and other programs read. */
const wordsLeft: Readonly<Record<string, number>> = {
  'docs/reference/log-events.md': 3,
  'src/core/finding.ts': 2,
  'src/flow/notices/notices.ts': 2,
  'src/ledger/sqlite/migrations.ts': 2,
  'src/ledger/sqlite/tables/operators.ts': 3,
  'test/commands.test.ts': 1,
  'test/ledger/earlier-ledgers.ts': 2,
};

function words(patterns: readonly string[]): RegExp {
  return new RegExp(`\\b(?:${patterns.join('|')})\\b`, 'gi');
}

/** Everything that people read. What version 0.1 left stays as it was. */
const prose = files.filter(
  (file) =>
    (/\.(?:ts|js|md|sh|toml|html)$/.test(file) || /^(?:packaging\/|postern$)/.test(file)) &&
    !file.startsWith('test/fixtures/') &&
    file !== 'test/plain-words.test.ts',
);

test(`no line of code is longer than ${columnsMax} columns, outside the list`, () => {
  const longLines = (file: string): number =>
    read(file)
      .split('\n')
      .filter((line) => [...line].length > columnsMax).length;
  assert.deepEqual(counted(code, longLines), longLinesLeft);
});

test('no banned word, outside the list', () => {
  const bannedWords = (file: string): number =>
    [...unwrapped(read(file)).replace(characters, '').matchAll(banned)].length;
  assert.deepEqual(counted(prose, bannedWords), wordsLeft);
});

/** The text with each comment and each joined string on one line: a phrase may be wrapped. */
function unwrapped(text: string): string {
  return text.replace(/['`] \+\n\s*['`]/g, '').replace(/\n\s*(?:\*(?!\/)|\/\/|#|>)?\s*/g, ' ');
}

/** Files with more than nothing, and how much. */
function counted(
  among: readonly string[],
  count: (file: string) => number,
): Readonly<Record<string, number>> {
  const found = among.map((file) => [file, count(file)] as const);
  return Object.fromEntries(found.filter(([, number]) => number > 0).sort());
}
