/**
 * The manual pages as man(1) and mandoc(1) read them: no warning, no path of this machine, and all
 * that `--help` says.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { before, test } from 'node:test';
import { type ManPage, manPages } from '../../src/commands/man/pages.ts';
import { wholeProgram } from '../../src/commands/program.ts';
import { schema, settings } from '../../src/config/schema.ts';
import { postern } from '../command-line.ts';
import { typedCommands } from '../command-list.ts';

const home = resolve(import.meta.dirname, '../..');

let pages: readonly ManPage[];
before(async () => {
  pages = manPages(await wholeProgram());
});

/** `args`: of the program, which reads the page from its input. */
function read(program: string, args: readonly string[], page: string) {
  const env = { PATH: '/usr/bin:/bin', LC_ALL: 'C.UTF-8', MANWIDTH: '80' };
  const ran = spawnSync(program, args, { input: page, encoding: 'utf8', env, timeout: 60_000 });
  assert.equal(ran.error, undefined);
  return ran;
}

/** The page as plain text with one space between words. */
function plainText(page: string): string {
  const { stdout } = read('mandoc', ['-Tascii', '-Owidth=200'], page);
  return stdout.replace(/.[\b]/g, '').replace(/\s+/g, ' ');
}

test('there is a page for each command, for the program and for the settings', async () => {
  const words = (await typedCommands()).map((one) => one.words.split(' ')[0] ?? '');
  const names = new Set(words.map((word) => `postern-${word}`));
  assert.deepEqual(
    pages.map(({ name, section }) => `${name}.${section}`).sort(),
    ['postern.1', 'postern.toml.5', ...[...names].map((name) => `${name}.1`)].sort(),
  );
});

test('mandoc and groff do not warn', () => {
  for (const { name, section, text } of pages) {
    const lint = read('mandoc', ['-Tlint', '-W', 'warning', '-Ios=Debian'], text).stdout;
    // A date would make another page on another day.
    const complaints = lint.split('\n').filter((line) => !/missing date|^$/.test(line));
    assert.deepEqual(complaints, [], `${name}.${section}`);
    const groff = read('man', ['--warnings', '-l', '-'], text);
    assert.equal(groff.stderr, '', `${name}.${section}`);
    assert.ok(groff.stdout.split('\n').length > 10, `${name}.${section}`);
  }
});

test('a page says what the help of its commands says', async () => {
  for (const { words } of await typedCommands()) {
    const page = pages.find(({ name }) => name === `postern-${words.split(' ')[0]}`);
    const text = plainText(page?.text ?? '');
    const { out } = await postern(...words.split(' '), '--help');
    const said = [...out.matchAll(/(?<![\w-])--[a-z-]+/g)].map(([option]) => option);
    assert.deepEqual(
      said.filter((option) => option !== '--help' && !text.includes(option)),
      [],
      words,
    );
    const examples = /\nExamples:\n((?: {2}.*\n)+)/.exec(out)?.[1] ?? '';
    for (const line of examples.trim().split('\n')) {
      const [left = ''] = line.trim().split(/ {3,}/);
      assert.ok(text.includes(left.replace(/\s+/g, ' ')), `${words}: ${left}`);
    }
    const exits = /\nExit codes:\n((?: {1,3}\d.*\n?)+)/.exec(out)?.[1] ?? '';
    for (const [, code, meaning] of exits.matchAll(/^ *(\d+) +(.*)$/gm)) {
      assert.ok(text.includes(`${code} ${meaning?.replaceAll('’', "'")}`), `${words}: ${code}`);
    }
  }
});

test('postern.toml(5) has each setting with its default', () => {
  const text = plainText(pages.find(({ section }) => section === 5)?.text ?? '');
  const missing = settings(schema.parse({})).filter(({ key, value }) => {
    const name = key.slice(key.lastIndexOf('.') + 1);
    const long = value.replaceAll(',', ', ');
    return !text.includes(`${name} = ${value}`) && !(text.includes(name) && text.includes(long));
  });
  assert.deepEqual(missing, []);
});

test('a page does not name this machine, and is the same on another day', async () => {
  for (const { name, text } of pages) {
    assert.ok(!text.includes(home), name);
    assert.match(text, /^\.TH "[A-Z.\\-]+" [15] "" "Postern [\d.]+" "Postern"$/m);
  }
  assert.deepEqual(manPages(await wholeProgram()), pages);
});

test('postern man prints a page; if no such page exists, it names those that do', async () => {
  for (const [words, name] of [
    [[], 'postern'],
    [['held'], 'postern-held'],
    [['postern-held'], 'postern-held'],
    [['postern.toml'], 'postern.toml'],
  ] as const) {
    const ran = await postern('man', ...words);
    assert.equal(ran.exit, 0, ran.err);
    assert.equal(ran.out, pages.find((page) => page.name === name)?.text);
  }
  const none = await postern('man', 'nothing');
  assert.equal(none.exit, 64);
  assert.match(none.err, /no manual page nothing\n.*there are: postern, up, status/s);
});
