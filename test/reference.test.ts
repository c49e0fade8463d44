/** The reference pages are what the code gives: after a change, `make docs`. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { test } from 'node:test';
import { eventMeanings, faultMeanings } from '../scripts/event-meanings.ts';
import { logEvents, meaningOf, referencePages } from '../scripts/reference.ts';

const home = resolve(import.meta.dirname, '..');

test('each reference page is what the code gives (else: make docs)', async () => {
  for (const [name, text] of await referencePages()) {
    const path = join(home, 'docs/reference', name);
    assert.equal(readFileSync(path, 'utf8'), text, `docs/reference/${name}`);
    assert.doesNotMatch(text, new RegExp(home), `${name} names a folder of this machine`);
  }
});

test('a default in the help can be typed, and is not days or milliseconds', async () => {
  const help = (await referencePages()).get('commands.md') ?? '';
  const computed = [...help.matchAll(/\(default: (\d{5,})\)/g)].map(([found]) => found);
  assert.deepEqual(computed, []);
  assert.match(help, /--since <when>[^\n]*\(default: 30d\)/);
});

test('every event in the log has its sentence, and every sentence its event', () => {
  const events = new Set(logEvents().map(({ event }) => event));
  const silent = [...events].filter((event) => meaningOf(event) === undefined);
  assert.deepEqual(silent, [], 'say what they mean in scripts/event-meanings.ts');
  const kinds = new Set([...events].map((event) => event.split('.')[1]));
  assert.deepEqual(
    Object.keys(eventMeanings).filter((event) => !events.has(event)),
    [],
  );
  assert.deepEqual(
    Object.keys(faultMeanings).filter((kind) => !kinds.has(kind)),
    [],
  );
});

test('ARCHITECTURE.md names every folder of the source and the tests', () => {
  const text = readFileSync(join(home, 'ARCHITECTURE.md'), 'utf8');
  for (const top of ['src', 'test']) {
    for (const entry of readdirSync(join(home, top), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || /golden\/|fixtures\//.test(entry.parentPath)) continue;
      const folder = relative(home, entry.parentPath);
      assert.ok(text.includes(`${folder}/`), `${folder}/ is missing`);
    }
  }
});

test('every file that ARCHITECTURE.md names exists', () => {
  const text = readFileSync(join(home, 'ARCHITECTURE.md'), 'utf8');
  const named = [...text.matchAll(/`((?:src|test|docs|bench)\/[\w./-]+)`/g)].map(
    ([, path = '']) => path,
  );
  assert.ok(named.length > 50);
  assert.deepEqual(
    named.filter((path) => !existsSync(join(home, path))),
    [],
  );
});

test('no link between the documents is dead, the headings included', () => {
  const pages = [
    ...readdirSync(home).filter((name) => name.endsWith('.md')),
    ...readdirSync(join(home, 'docs'), { recursive: true })
      .map(String)
      .filter((name) => name.endsWith('.md'))
      .map((name) => join('docs', name)),
  ].sort();
  assert.ok(pages.length > 10);
  const dead: string[] = [];
  for (const page of pages) {
    const text = readFileSync(join(home, page), 'utf8');
    for (const [, target = '', heading = ''] of text.matchAll(/\]\(([^)#\s]*)(?:#([^)]*))?\)/g)) {
      if (/^https?:/.test(target)) continue;
      const path = target === '' ? page : join(dirname(page), target);
      const exists = existsSync(join(home, path));
      if (!exists || (heading !== '' && !headingsOf(path).has(heading))) {
        dead.push(`${page}: ${target}${heading === '' ? '' : `#${heading}`}`);
      }
    }
  }
  assert.deepEqual(dead, []);
});

/** The headings of a page, as links name them. */
function headingsOf(page: string): ReadonlySet<string> {
  const text = readFileSync(join(home, page), 'utf8');
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .replace(/\s/g, '-'),
    ),
  );
}
