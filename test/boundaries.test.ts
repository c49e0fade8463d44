/**
 * Tests the layout of the source: which floor may import which, no circle of folders, no crowded
 * folder, and no unused grant. The table is the plan in ARCHITECTURE.md.
 */
import assert from 'node:assert/strict';
import { posix } from 'node:path';
import { test } from 'node:test';
import { code, imports, isTest, offences, read, source, target } from './source-tree.ts';

/** What each floor may import besides itself. A folder that is not here does not exist. */
const may: Readonly<Record<string, readonly string[]>> = {
  lib: [],
  formats: ['lib'],
  core: ['formats', 'lib'],
  ports: ['core', 'formats', 'lib'],
  config: ['core', 'formats', 'lib'],
  flow: ['ports', 'core', 'formats', 'lib'],
  doors: ['ports', 'core', 'formats', 'lib'],
  ledger: ['ports', 'core', 'formats', 'lib'],
  partners: ['ports', 'core', 'formats', 'lib'],
  passwords: ['partners', 'core', 'lib'],
  wrapper: ['partners/kernel', 'core', 'formats'],
  daemon: ['doors', 'flow', 'ledger', 'partners', 'config', 'ports', 'core', 'formats', 'lib'],
  commands: [
    'daemon',
    'passwords',
    'wrapper',
    'ledger',
    'partners',
    'flow',
    'config',
    'ports',
    'core',
    'formats',
    'lib',
  ],
  page: [],
};

/** Files on top of src: the entry point may start any command; the version is a constant. */
const onTop: Readonly<Record<string, readonly string[]>> = {
  'cli.ts': ['commands', 'lib'],
  'version.ts': [],
};
/** Floors that may read our version. */
const versionReaders = new Set(['daemon', 'commands']);

/** Imports that the table forbids and that are right all the same, with the reason. */
const exceptions: ReadonlyMap<string, string> = new Map([]);

/** Sources in one folder, tests not counted. `lib` holds small independent pieces. */
const filesMax = (folder: string): number => (folder === 'src/lib' ? 25 : 15);

const shipped = source.filter((file) => !isTest(file));
const floorOf = (file: string): string => file.split('/')[1] ?? '';

/** Floor of the importing file, and every import of ours in it. */
const edges = shipped.flatMap((file) =>
  imports(file)
    .filter((name) => name.startsWith('.'))
    .map((name) => ({ from: file, to: target(file, name) })),
);
const across = edges.filter(({ from, to }) => floorOf(from) !== floorOf(to));

/** The grant by which `from` may import `to`; undefined without one. */
function grantOf(from: string, to: string): string | undefined {
  const grants = may[floorOf(from)] ?? onTop[floorOf(from)] ?? [];
  return grants.find((grant) => to.startsWith(`src/${grant}/`));
}

test('every folder of src is a floor of the table, and every floor has a folder', () => {
  const floors = new Set(shipped.map(floorOf));
  const known = [...Object.keys(may), ...Object.keys(onTop)];
  assert.deepEqual([...floors].filter((floor) => !known.includes(floor)).sort(), []);
  assert.deepEqual(
    known.filter((floor) => !floors.has(floor)),
    [],
  );
});

test('imports across floors are in the table', () => {
  const wrong = across.filter(({ from, to }) => {
    if (to === 'src/version.ts') return !versionReaders.has(floorOf(from));
    return grantOf(from, to) === undefined && exceptions.get(from) !== to;
  });
  assert.deepEqual(
    wrong.map(({ from, to }) => `${from} imports ${to}`),
    [],
  );
});

test('what a file imports can be read from its text: no computed name, no require', () => {
  const hidden = /\bimport\((?!\s*['"][^'"]+['"]\s*\))|\brequire\(|\bcreateRequire\b/;
  assert.deepEqual(
    offences(shipped, (file) => {
      const found = hidden.exec(withoutStrings(read(file)));
      return found === null ? [] : [found[0]];
    }),
    [],
  );
});

/** The text without templates, which may hold code for another program. */
function withoutStrings(text: string): string {
  return text.replace(/`[^`]*`/g, '``').replace(/\/\*[\s\S]*?\*\/|\/\/ .*$/gm, '');
}

test('only the outermost files end the process: a command also runs within another', () => {
  const outermost = [
    'src/cli.ts',
    'src/commands/doctor/scripts.ts', // code for another program
    'src/commands/replay/output.ts', // the reader of its own process has ended
    'src/commands/up/up.ts',
    'src/passwords/workers/hash-worker.ts',
    'src/wrapper/sendmail.ts',
  ];
  assert.deepEqual(
    shipped.filter((file) => read(file).includes('process.exit(')),
    outermost,
  );
});

test('every grant and every exception is used: one that nobody needs is a hole', () => {
  const used = new Set(across.map(({ from, to }) => `${floorOf(from)} ${grantOf(from, to) ?? ''}`));
  const unused = Object.entries({ ...may, ...onTop }).flatMap(([floor, grants]) =>
    grants.filter((grant) => !used.has(`${floor} ${grant}`)).map((grant) => `${floor}: ${grant}`),
  );
  assert.deepEqual(unused, []);
  const readers = across
    .filter(({ to }) => to === 'src/version.ts')
    .map(({ from }) => floorOf(from));
  assert.deepEqual(new Set(readers), versionReaders);
  for (const [from, to] of exceptions) {
    assert.ok(
      edges.some((edge) => edge.from === from && edge.to === to),
      `${from} does not import ${to} any more`,
    );
  }
});

test('within a floor the folders form no circle', () => {
  const next = new Map<string, Set<string>>();
  for (const { from, to } of edges) {
    const [here, there] = [posix.dirname(from), posix.dirname(to)];
    if (here === there || floorOf(from) !== floorOf(to)) continue;
    const known = next.get(here) ?? new Set();
    next.set(here, known.add(there));
  }
  assert.deepEqual(circlesIn(next), []);
});

/** Every folder that can be reached from itself, with the way back. */
function circlesIn(next: ReadonlyMap<string, ReadonlySet<string>>): readonly string[] {
  const found = new Set<string>();
  const walk = (folder: string, path: readonly string[]): void => {
    const back = path.indexOf(folder);
    if (back !== -1) {
      const circle = path.slice(back);
      if ([...circle].sort()[0] === folder) found.add([...circle, folder].join(' → '));
      return;
    }
    for (const there of next.get(folder) ?? []) walk(there, [...path, folder]);
  };
  for (const folder of next.keys()) walk(folder, []);
  return [...found].sort();
}

for (const floor of ['doors', 'ledger']) {
  test(`the folders of ${floor} do not know each other`, () => {
    const folderOf = (file: string): string => file.split('/').slice(0, 3).join('/');
    const wrong = edges.filter(
      ({ from, to }) =>
        floorOf(from) === floor && floorOf(to) === floor && folderOf(from) !== folderOf(to),
    );
    assert.deepEqual(
      wrong.map(({ from, to }) => `${from} imports ${to}`),
      [],
    );
  });
}

test('no folder of the source is crowded', () => {
  const count = new Map<string, number>();
  for (const file of shipped) {
    const folder = posix.dirname(file);
    count.set(folder, (count.get(folder) ?? 0) + 1);
  }
  const crowded = [...count].filter(([folder, files]) => files > filesMax(folder));
  assert.deepEqual(
    crowded.map(([folder, files]) => `${folder}: ${files} files, at most ${filesMax(folder)}`),
    [],
  );
});

test('no exported name has two meanings', () => {
  const places = new Map<string, string[]>();
  const exported = /^export (?:async )?(?:function\*?|const|class|type|interface) (\w+)/gm;
  const unread: string[] = [];
  for (const file of shipped) {
    const text = read(file);
    const names = [...text.matchAll(exported)].map(([, name = '']) => name);
    for (const name of names) {
      // The page is a program of its own: no file can import from both.
      const key = floorOf(file) === 'page' ? `page ${name}` : name;
      places.set(key, [...(places.get(key) ?? []), file]);
    }
    if (names.length !== [...text.matchAll(/^export\b/gm)].length) unread.push(file);
  }
  assert.deepEqual(unread, [], 'an export in another form is not seen here');
  // Each command adds itself to the program under this name, and is loaded by path.
  places.delete('register');
  const twice = [...places].filter(([, files]) => files.length > 1);
  assert.deepEqual(
    twice.map(([name, files]) => `${name}: ${files.join(', ')}`),
    [],
  );
});

test('no object is packed into another as a spread of a literal', () => {
  assert.deepEqual(
    offences(code, (file) => (/[.]{3}\{/.test(read(file)) ? ['spreads a literal'] : [])),
    [],
  );
});

test('core, formats and flow import nothing that acts: no module of Node, no package', () => {
  const pure = shipped.filter((file) => /^src\/(?:core|formats|flow)\//.test(file));
  assert.deepEqual(
    offences(pure, (file) => imports(file).filter((name) => !name.startsWith('.'))),
    [],
  );
});

test('the shipped source imports no test', () => {
  assert.deepEqual(
    offences(shipped, (file) =>
      imports(file).filter((name) => /\.test\.ts$|-child\.ts$|\/test\//.test(name)),
    ),
    [],
  );
});
