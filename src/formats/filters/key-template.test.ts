/** Paths of keys with placeholders, for the domains whose key files are there. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { filledIn, templateFiles } from './key-template.ts';

const folders = new Map([
  ['/keys', ['a.example', 'b.example', 'notes']],
  ['/keys/a.example', ['s1.key', 's2.key']],
  ['/keys/b.example', ['b.example.key']],
  ['/keys/$constructor', ['a.example.key']],
]);
const braced = (name: string): string => ['$', `{${name}}`].join('');
const names = (folder: string): readonly string[] | undefined => folders.get(folder);
const kinds = { domain: '[a-z.]+\\.example', selector: 's\\d' };
const found = (template: string): readonly string[] | undefined =>
  templateFiles(template, kinds, names)?.map(
    ({ path, values }) => `${path} ${Object.values(values).join()}`,
  );

test('each file that fits, with the values of its placeholders', () => {
  assert.deepEqual(found(`/keys/$domain/${braced('selector')}.key`), [
    '/keys/a.example/s1.key a.example,s1',
    '/keys/a.example/s2.key a.example,s2',
  ]);
  assert.deepEqual(found('/keys/$domain/$domain.key'), ['/keys/b.example/b.example.key b.example']);
  assert.deepEqual(found('/nowhere/$domain.key'), []);
});

test('a variable without a value stays, whatever its name is', () => {
  const rest = `${braced('x')}/$constructor`;
  assert.equal(filledIn(`$domain/${rest}`, { domain: 'a' }), `a/${rest}`);
  assert.deepEqual(found('/keys/$constructor/$domain.key'), [
    '/keys/$constructor/a.example.key a.example',
  ]);
});
