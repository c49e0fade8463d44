/**
 * Tests the house style as far as a program can see it: files are short and say what they are, and
 * nothing of one developer's machine is in the tree. Each rule names the file and the fault. The
 * layout of the source is in boundaries.test.ts.
 */
import assert from 'node:assert/strict';
import { posix } from 'node:path';
import { test } from 'node:test';
import { code, files, imports, isTest, offences, read, source } from './source-tree.ts';

const linesMax = 400;
const none = (found: readonly string[]): void => assert.deepEqual(found, []);

test('the walk finds the project', () => {
  assert.ok(source.length > 100 && files.includes('package.json'));
  assert.ok(imports('src/core/account/guard.ts').includes('./judge.ts'));
  assert.ok(imports('src/commands/program.ts').includes('./up/up.ts'));
});

test('no async in the core', () => {
  const core = source.filter((file) => file.startsWith('src/core/') && !isTest(file));
  none(
    offences(core, (file) =>
      /\basync\b|\bawait\b|\bPromise\b/.test(withoutComments(read(file))) ? ['waits'] : [],
    ),
  );
});

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/\/\/.*$/gm, '');
}

test(`no file of code is longer than ${linesMax} lines`, () => {
  none(
    offences(code, (file) => {
      const lines = read(file).split('\n').length - 1;
      return lines > linesMax ? [`${lines} lines`] : [];
    }),
  );
});

test('every file of shipped source says first what it is', () => {
  const first = /^(?:#![^\n]*\n)?(?:\/\*\*|\/\/ )/;
  const shipped = source.filter((file) => !/\.test\.ts$/.test(file));
  none(offences(shipped, (file) => (first.test(read(file)) ? [] : ['no comment at its head'])));
});

test('names are kebab-case, and say more than utils', () => {
  const vague = /^(?:utils?|helpers?|types|common|manager|index|misc)\.ts$/;
  none(
    offences(code, (file) => {
      const name = posix.basename(file);
      return vague.test(name) || !/^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.test)?\.(?:ts|js)$/.test(name)
        ? ['its name']
        : [];
    }),
  );
});

test('every file that a comment or a document names is there', () => {
  const named = /(?<![*\w/.@-])(?:\.\.\/)*([\w/.-]+\.(?:ts|js))\b/g;
  const prose = files.filter((file) => /\.(?:ts|js|md|sh)$/.test(file) && !/fixtures/.test(file));
  none(
    offences(prose, (file) => {
      const text = file.endsWith('.md') ? read(file) : commentsOf(read(file));
      return [...text.matchAll(named)]
        .map(([, name = '']) => name)
        .filter((name) => !files.some((one) => one === name || one.endsWith(`/${name}`)));
    }),
  );
});

function commentsOf(text: string): string {
  return (text.match(/\/\*[\s\S]*?\*\/|(?:^|\s)(?:\/\/|#) .*$/gm) ?? []).join('\n');
}

const self = 'test/tidy.test.ts';
const text = files.filter(
  (file) => file !== self && !/\.(?:png|svg|gz)$/.test(file) && !file.endsWith('package-lock.json'),
);

const forbidden = [
  ['work that is left over', new RegExp(`\\b(?:FIX${''}ME|TO${''}DO|XX${''}X)\\b`)],
  ['a way round the types', /@ts-(?:ignore|nocheck|expect-error)/],
  ['a folder of one machine', /(?:^|[\s"'`(=:])\/(?:home|Users|work|mnt)\/[a-z][\w.-]*\//m],
  ['a test that is skipped or alone for good', /\b(?:test|describe|it)\.(?:only|skip|todo)\(/],
] as const;
for (const [what, pattern] of forbidden) {
  test(`nowhere: ${what}`, () => {
    none(
      offences(text, (file) =>
        pattern.exec(read(file)) === null ? [] : [`has ${pattern.exec(read(file))?.[0]}`],
      ),
    );
  });
}

test('no lock names a server to fetch from', () => {
  for (const lock of ['package-lock.json', 'runtime/package-lock.json']) {
    none([...read(lock).matchAll(/"resolved": "https?:[^"]+/g)].map(([found]) => found));
  }
});
