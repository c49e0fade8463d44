/**
 * The house style, as far as a program can see it: imports point inward, files are short and say
 * what they are, nothing of one developer's machine is in the tree. Each rule names the file and
 * what is wrong with it.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, posix, relative, resolve } from 'node:path';
import { test } from 'node:test';

const root = resolve(import.meta.dirname, '..');
const linesMax = 400;

/** Made by tools, or fetched. */
const notOurs = new Set(['node_modules', '.git', '.state', 'golden']);

function walk(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    if (notOurs.has(entry.name)) return [];
    const path = posix.join(folder, entry.name);
    return entry.isDirectory() ? walk(path) : entry.isFile() ? [path] : [];
  });
}

const tracked = ['src', 'test', 'bench', 'scripts', 'docs', 'packaging', '.ci', 'runtime'].flatMap(
  (folder) =>
    statSync(join(root, folder), { throwIfNoEntry: false }) === undefined ? [] : walk(folder),
);
const top = readdirSync(root, { withFileTypes: true })
  .filter((entry) => entry.isFile() && !notOurs.has(entry.name))
  .map(({ name }) => name);
const files = [...tracked, ...top];
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const code = files.filter((file) => /\.(?:ts|js)$/.test(file));
const source = code.filter((file) => file.startsWith('src/'));
const isTest = (file: string): boolean =>
  /\.test\.ts$|(?:^|\/)scripted-[^/]*\.ts$|-child\.ts$/.test(file);

/** What each part may import besides itself. The longest name that fits a file is its part. */
const parts: Readonly<Record<string, readonly string[]>> = {
  'src/lib': [],
  'src/mail': ['src/lib'],
  'src/core': ['src/mail', 'src/lib'],
  'src/ports.ts': [
    'src/ports-scripts.ts',
    'src/ports-sendmail.ts',
    'src/ports-stats.ts',
    'src/core',
    'src/mail',
    'src/lib',
  ],
  'src/ports-scripts.ts': ['src/core', 'src/mail', 'src/lib'],
  'src/ports-desk.ts': [
    'src/ports-scripts.ts',
    'src/ports-stats.ts',
    'src/ports.ts',
    'src/core',
    'src/mail',
    'src/lib',
  ],
  'src/ports-keys.ts': ['src/core', 'src/mail', 'src/lib'],
  'src/ports-scan.ts': ['src/ports.ts', 'src/core', 'src/mail', 'src/lib'],
  'src/ports-sendmail.ts': ['src/core', 'src/mail', 'src/lib'],
  'src/ports-stats.ts': ['src/core', 'src/mail', 'src/lib'],
  'src/flow': [
    'src/ports-desk.ts',
    'src/ports-keys.ts',
    'src/ports-scan.ts',
    'src/ports-scripts.ts',
    'src/ports-sendmail.ts',
    'src/ports-stats.ts',
    'src/ports.ts',
    'src/core',
    'src/mail',
    'src/lib',
  ],
  'src/doors/milter': [
    'src/flow',
    'src/ports-sendmail.ts',
    'src/ports-scan.ts',
    'src/ports.ts',
    'src/core',
    'src/mail',
    'src/lib',
  ],
  'src/doors/sendmail': [
    'src/ports-sendmail.ts',
    'src/ports.ts',
    'src/core',
    'src/mail',
    'src/lib',
  ],
  'src/doors/policy': ['src/flow', 'src/ports.ts', 'src/core', 'src/mail', 'src/lib'],
  'src/doors/http': [
    'src/flow',
    'src/ports-scripts.ts',
    'src/ports-stats.ts',
    'src/ports-desk.ts',
    'src/ports.ts',
    'src/core',
    'src/mail',
    'src/lib',
    'src/version.ts',
  ],
  'src/doors/log': ['src/flow', 'src/ports.ts', 'src/core', 'src/mail', 'src/lib'],
  'src/ledger': [
    'src/ports-scripts.ts',
    'src/ports-sendmail.ts',
    'src/ports-stats.ts',
    'src/ports.ts',
    'src/core',
    'src/mail',
    'src/lib',
  ],
  'src/partners': [
    'src/ports-scripts.ts',
    'src/ports-sendmail.ts',
    'src/ports-keys.ts',
    'src/ports-scan.ts',
    'src/ports.ts',
    'src/core',
    'src/mail',
    'src/lib',
  ],
  'src/passwords': ['src/partners', 'src/ports.ts', 'src/core', 'src/mail', 'src/lib'],
  'src/wrapper': ['src/partners/process-facts.ts', 'src/core', 'src/mail', 'src/lib'],
  'src/config': ['src/core', 'src/mail', 'src/lib'],
  'src/commands': [
    'src/flow',
    'src/config',
    'src/ports-desk.ts',
    'src/ports-keys.ts',
    'src/ports.ts',
    'src/core',
    'src/mail',
    'src/lib',
    'src/ledger',
    'src/partners',
    'src/passwords',
    'src/daemon.ts',
    'src/daemon-keys.ts',
    'src/daemon-scan.ts',
    'src/ports-scan.ts',
    'src/ports-scripts.ts',
    'src/ports-stats.ts',
    'src/version.ts',
    'src/doors/milter/client.ts',
    'src/doors/milter/client-message.ts',
    'src/wrapper',
    'src/doors/log/history.ts',
    'src/doors/log/line-cutter.ts',
  ],
  'src/clock.ts': ['src/ports.ts', 'src/core', 'src/flow', 'src/lib'],
  'src/version.ts': [],
  'src/daemon-signing.ts': ['src'],
  'src/daemon.ts': ['src'],
  'src/daemon-inbound.ts': ['src'],
  'src/daemon-gauges.ts': ['src'],
  'src/daemon-keys.ts': ['src'],
  'src/daemon-scan.ts': ['src'],
  'src/daemon-scripts.ts': ['src'],
  'src/daemon-sendmail.ts': ['src'],
  'src/daemon-settings.ts': ['src'],
  'src/cli.ts': ['src'],
};

/** Imports that the table forbids and that are right all the same. */
const importsAllowed = new Map([
  // Only the name of a type: accounts are named by the mail formats that they come in.
  ['src/mail/account-name.ts', 'src/core/event.ts'],
]);

function partOf(file: string): string {
  const fitting = Object.keys(parts).filter((part) => file === part || file.startsWith(`${part}/`));
  return fitting.sort((a, b) => b.length - a.length)[0] ?? '';
}

/** Everything that a file imports: static, for its effects, or when it is asked for. */
function imports(file: string): readonly string[] {
  const text = read(file);
  return [
    ...text.matchAll(/^\s*(?:import|export)\b[^;'"]*?\bfrom\s+['"]([^'"]+)['"]/gm),
    ...text.matchAll(/^\s*import\s+['"]([^'"]+)['"]/gm),
    ...text.matchAll(/\bimport\(\s*['"]([^'"]+)['"]\s*\)/g),
  ].map(([, name = '']) => name);
}

const target = (file: string, name: string): string =>
  relative(root, resolve(root, dirname(file), name)).replaceAll('\\', '/');

function offences(
  among: readonly string[],
  wrong: (file: string) => readonly string[],
): readonly string[] {
  return among.flatMap((file) => wrong(file).map((what) => `${file}: ${what}`));
}

const none = (found: readonly string[]): void => assert.deepEqual(found, []);

test('the walk finds the project', () => {
  assert.ok(source.length > 100 && files.includes('package.json'));
  assert.ok(imports('src/core/guard.ts').includes('./account/judge.ts'));
  assert.ok(imports('src/commands/program.ts').includes('./replay.ts'));
});

test('every file under src belongs to a part', () => {
  none(offences(source, (file) => (partOf(file) === '' ? ['no part of parts'] : [])));
});

test('imports point inward', () => {
  const judged = source.filter((file) => !isTest(file) && !file.includes('/page/'));
  none(
    offences(judged, (file) => {
      const part = partOf(file);
      const allowed = [part, ...(parts[part] ?? [])];
      return imports(file)
        .filter((name) => name.startsWith('.'))
        .map((name) => target(file, name))
        .filter((name) => !allowed.some((one) => name === one || name.startsWith(`${one}/`)))
        .filter((name) => importsAllowed.get(file) !== name)
        .map((name) => `imports ${name}`);
    }),
  );
});

test('no exception to that is left over', () => {
  for (const [file, name] of importsAllowed) {
    const found = imports(file).map((one) => target(file, one));
    assert.ok(found.includes(name), `${file} does not import ${name} any more`);
    assert.match(read(file), new RegExp(`import type [^;]*${name.split('/').at(-1)}`));
  }
});

test('core, mail and flow import nothing that acts: no module of Node, no package', () => {
  const pure = source.filter((file) => /^src\/(?:core|mail|flow)\//.test(file) && !isTest(file));
  none(offences(pure, (file) => imports(file).filter((name) => !name.startsWith('.'))));
});

test('no async in the core', () => {
  const core = source.filter((file) => file.startsWith('src/core/') && !isTest(file));
  none(
    offences(core, (file) =>
      /\basync\b|\bawait\b|\bPromise\b/.test(withoutComments(read(file))) ? ['waits'] : [],
    ),
  );
});

test('the shipped source imports no test', () => {
  const shipped = source.filter((file) => !isTest(file));
  none(
    offences(shipped, (file) =>
      imports(file).filter((name) => /\.test\.ts$|\/scripted-|-child\.ts$|\/test\//.test(name)),
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
