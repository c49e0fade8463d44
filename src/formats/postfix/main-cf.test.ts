/**
 * main.cf and master.cf as postconf(5) and master(5) describe them;
 * test/integration/connect.test.ts asks postconf.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  appendToParameter,
  expand,
  mainValue,
  parseMainCf,
  prependToParameter,
} from './main-cf.ts';
import { addOverride, override, parseMasterCf, wrapOverride } from './master-cf.ts';

const values = [
  ['spaces around', 'x  =  1 2 ', '1 2'],
  ['none around', 'x=1', '1'],
  ['empty', 'x =', ''],
  ['the last one counts', 'x = 1\nx = 2', '2'],
  ['continued', 'x = 1,\n  2', '1,  2'],
  ['comments and empty lines inside', 'x = 1\n# no\n\n   # no\n 2', '1 2'],
  ['starts on the next line', 'x =\n 1', '1'],
  ['equals sign on the next line', 'x\n = 1', '1'],
  ['an equals sign in the value', 'x = a=b', 'a=b'],
  ['CRLF', 'x = 1\r\n y\r\n', '1 y'],
  ['not defined', '#x = 1', undefined],
  ['no newline at the end', 'y = 1\nx = 3', '3'],
] as const;
for (const [name, text, want] of values) {
  test(`main.cf: ${name}`, () => assert.equal(mainValue(parseMainCf(text), 'x'), want));
}

test('references are replaced, loops end, what is unknown is empty', () => {
  const known: Record<string, string> = { a: '1', b: `$a-$${'{a}'}-$(a)`, loop: '$loop' };
  const look = (name: string): string | undefined => known[name];
  assert.equal(expand('$b $none!', look), '1-1-1 !');
  assert.equal(expand('$$a', look), '$$a');
  assert.equal(expand('$loop', look), '$loop');
});

test('a piece is added after the value, or before it', () => {
  assert.equal(appendToParameter('x = 1\n# c\ny = 2\n', 'x', '3'), 'x = 1\n    3\n# c\ny = 2\n');
  assert.equal(appendToParameter('y = 2', 'x', '3'), 'y = 2\nx = 3\n');
  assert.equal(prependToParameter('x\n  = 1\n', 'x', ' 0,'), 'x\n  = 0, 1\n');
  assert.equal(prependToParameter('y = 1\n', 'x', '0'), undefined);
});

const master = `# first
submission inet n - y - - smtpd -v -o a=1
  -o { b = two words }
# -o c=3
  -o a=2
smtp unix - - y - - smtp
`;

test('master.cf: overrides in both spellings, comments are none, the last counts', () => {
  const [service, other] = parseMasterCf(master).services;
  assert.ok(service !== undefined && other !== undefined);
  assert.deepEqual(
    [service.name, service.type, service.chroot, service.command],
    ['submission', 'inet', 'y', 'smtpd'],
  );
  assert.deepEqual(
    service.overrides.map(({ name, value }) => `${name}=${value}`),
    ['a=1', 'b=two words', 'a=2'],
  );
  assert.equal(override(service, 'a')?.index, 2);
  assert.equal(override(service, 'c'), undefined);
  assert.deepEqual(other.overrides, []);
});

test('master.cf: an override is changed where it stands, a new one goes to the end', () => {
  const [service] = parseMasterCf(master).services;
  assert.ok(service !== undefined);
  const wrapped = wrapOverride(master, service, { index: 1, before: 'x,', after: ',y' });
  assert.equal(wrapped, master.replace('b = two words', 'b = x, two words,y'));
  const last = wrapOverride(master, service, { index: 2, before: 'x,' });
  assert.equal(last, master.replace('-o a=2', '-o a=x,2'));
  assert.equal(
    addOverride(master, service, 'd=4'),
    master.replace('-o a=2\n', '-o a=2\n  -o d=4\n'),
  );
});
