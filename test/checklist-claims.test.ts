/**
 * Every finding of doctor, dns check, probe and the checklist is in exactly one item. The ids are
 * read from the source, so a new finding without an item fails here.
 */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { claimants } from '../src/core/checklist/items/measure.ts';
import { allMeasures } from '../src/core/checklist/items/measures/all.ts';

const folders = [
  'src/core/checklist',
  'src/core/identity',
  'src/core/reflection',
  'src/core/probe',
  'src/commands/doctor',
  'src/commands/checklist',
];
/** Where an id stands: in a field, a constant, a pair with its title, or a call. */
const places = [
  /\bid: ?(['`])([^'`\n]+)\1/g,
  /\bconst id = (['`])([^'`\n]+)\1/g,
  /\bconst \[id, title\] = \[(['`])([^'`\n]+)\1/g,
  /\b(?:fine|off|probeOk|probeFault|notTried|broken|untried|finding)\(\s*(['`])([^'`\n]+)\1/g,
];
/** Not ids: parts of one that stand behind `tls.PORT.`, kinds, and items without a measure. */
const notIds = [
  ...['ssl3', 'tls10', 'tls11', 'null', 'export', 'rc4-3des', 'anonymous'],
  ...['warn', 'fail', 'other.some'],
];
/** Ids with a part of an id that only a run knows, as examples. */
const values: Readonly<Record<string, readonly string[]>> = {
  'scan.${name}': ['scan.spamassassin', 'scan.rspamd', 'scan.clamav'],
  'host.${name}.${type}': ['host.some.A', 'host.some.AAAA'],
  'reflection.${one.kind}': ['reflection.local', 'reflection.virtual', 'reflection.relay'],
  '${id}.budget': ['spf.budget', 'spf.helo.budget'],
  '${id}.strength': ['dkim.some.strength'],
  'names.${id}': ['names.some'],
  'relay.${id}': ['relay.some'],
};

function idsIn(source: string): readonly string[] {
  return places.flatMap((place) =>
    [...source.matchAll(place)].flatMap(({ index, 2: text = '' }) => {
      const before = [...source.slice(0, index).matchAll(places[1] ?? place)].at(-1)?.[2] ?? '';
      return values[text] ?? [text.replace(/\$\{id\}/g, before).replace(/\$\{[^}]*\}/g, 'some')];
    }),
  );
}

const files = folders
  .flatMap((folder) => globSync(`${folder}/**/*.ts`))
  .filter((file) => !file.endsWith('.test.ts') && !file.includes('/items/measures/'))
  .sort();
/** Files with whole items, which judge for themselves: no finding, no measure. */
const isWhole = (file: string): boolean => /\/(?:modern\/|items\/drill\.ts$)/.test(file);
const idsOf = (some: readonly string[]): Set<string> =>
  new Set(some.flatMap((file) => idsIn(readFileSync(file, 'utf8'))));
const ids = idsOf(files.filter((file) => !isWhole(file)));
const wholeItems = idsOf(files.filter(isWhole));
for (const one of notIds) ids.delete(one);

test('ids of findings are found in the source', () => {
  for (const known of ['daemon.alive', 'postfix.some.milter', 'host.reverse.some', 'relay']) {
    assert.ok(ids.has(known), `${known} is among them`);
  }
  assert.ok(ids.size > 90, `${ids.size} ids`);
});

for (const id of ids) {
  test(`the finding ${id} is in one item`, () => {
    const names = claimants(allMeasures, id).map((one) => one.id);
    assert.equal(names.length, 1, names.join(', ') || 'in none');
  });
}

test('an item that judges for itself is no measure, and no finding of another', () => {
  for (const known of ['drill.ran', 'mail.smuggling', 'signing.replay']) {
    assert.ok(wholeItems.has(known), `${known} is among them`);
  }
  const names = new Set(allMeasures.map(({ id }) => id));
  for (const id of wholeItems) {
    assert.ok(!names.has(id), `${id} is a measure, too`);
    assert.ok(!ids.has(id), `${id} is a finding, too`);
    assert.deepEqual(claimants(allMeasures, id), []);
  }
});

test('each item has a name of its own, and each pattern of a finding is in one item', () => {
  const names = allMeasures.map(({ id }) => id);
  assert.deepEqual(names, [...new Set(names)]);
  const patterns = allMeasures.flatMap(({ findings }) => findings);
  assert.deepEqual(patterns, [...new Set(patterns)]);
});

test('what an item follows is an item', () => {
  const names = new Set([...allMeasures.map(({ id }) => id), ...wholeItems]);
  for (const { follows = [], id } of allMeasures) {
    for (const one of follows) assert.ok(names.has(one), `${id} follows ${one}`);
  }
});

test('there are at least 40 items, and each says what it prevents', () => {
  assert.ok(allMeasures.length >= 40, `${allMeasures.length}`);
  for (const { effect, id } of allMeasures) assert.match(effect, /^[A-Z].*\.$/, id);
});
