/** What another signer signs and Postern would not is found, and the lines that change that. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SignerSetup } from '../../formats/filters/signer-setup.ts';
import { noRules, type SigningRules } from './choose.ts';
import { keysInUse, type OwnKey, planTakeover } from './takeover.ts';

const key = (name: string): OwnKey => {
  const [selector = '', domain = ''] = name.split(' of ');
  return { selector, domain };
};

/** Who signs, by host; a host that is not there gets what `*.PARENT` and `*` say. */
function signer(table: Readonly<Record<string, string>>): SignerSetup {
  return {
    froms: Object.keys(table).map((host) => ({ host, user: undefined })),
    signaturesOf: ({ host }) => {
      const parent = `*.${host.slice(host.indexOf('.') + 1)}`;
      const names = table[host] ?? table[parent] ?? table['*'] ?? '';
      const path = '/k';
      return names
        .split(' + ')
        .filter((name) => name !== '')
        .map((name) => ({ ...key(name), key: { kind: 'file', path } }) as const);
    },
    allowed: [],
    notes: [],
    gaps: [],
  };
}

const planned = (
  table: Readonly<Record<string, string>>,
  keys: readonly string[],
  rules: SigningRules = noRules,
): readonly string[] => {
  const { missing, unsigned, notes } = planTakeover(signer(table), keys.map(key), rules);
  return [
    ...(missing.identity === '' ? [] : [`identity = ${missing.identity}`]),
    ...[...missing.domains].map(([from, by]) => `${from} = ${by}`),
    ...unsigned.map(({ from, why }) => `unsigned ${from}: ${why}`),
    ...notes.map((note) => `- ${note}`),
  ];
};

test('each domain with its own key needs nothing', () => {
  const table = { 'a.example': 's of a.example', '*.a.example': 's of a.example' };
  assert.deepEqual(planned(table, ['s of a.example']), []);
  assert.deepEqual(
    keysInUse(signer(table)).map(({ domain }) => domain),
    ['a.example'],
  );
});

test('keys of other domains become lines, the widest first', () => {
  const table = {
    'brand.example': 's of main.example',
    '*.shop.example': 's of main.example',
    'x.shop.example': 's of shop.example',
    '*': 'i of mail.example',
  };
  const keys = ['s of main.example', 's of shop.example', 'i of mail.example'];
  const lines = [
    'identity = mail.example',
    '*.shop.example = main.example',
    'brand.example = main.example',
    'x.shop.example = shop.example',
  ];
  assert.deepEqual(planned(table, keys), lines);
  const { rules } = planTakeover(signer(table), keys.map(key), noRules);
  assert.deepEqual(planned(table, keys, rules), []);
});

test('a key that is not there leaves its domains unsigned', () => {
  const table = {
    'a.example': 's of a.example',
    'b.example': 's of b.example',
    '*': 's of b.example',
  };
  assert.deepEqual(planned(table, ['s of a.example']), [
    'unsigned *: no key of b.example',
    'unsigned b.example: no key of b.example',
  ]);
});

test('what the operator switched off stays off, and is said', () => {
  const rules = { domains: new Map([['a.example', 'off']]), identity: '' };
  assert.deepEqual(planned({ 'a.example': 's of a.example' }, ['s of a.example'], rules), [
    'unsigned a.example: [signing.domains] says off',
  ]);
});

test('signatures that are lost beside others are named', () => {
  const table = { 'a.example': 's of a.example + t of a.example + m of main.example' };
  assert.deepEqual(planned(table, ['s of a.example', 'm of main.example']), [
    '- mail of a.example was also signed as main.example; Postern signs it only as a.example',
    '- mail of a.example was signed with t of a.example; Postern signs it with s',
  ]);
});
