import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  allowsMx,
  isMtaStsRecord,
  mtaStsModes,
  parseMtaStsPolicy,
  parseMtaStsRecord,
  printMtaStsPolicy,
} from './mta-sts.ts';

test('records', () => {
  assert.deepEqual(parseMtaStsRecord('v=STSv1; id=20261125T00;'), { id: '20261125T00' });
  assert.deepEqual(parseMtaStsRecord('v=STSv1;id=a; x=y'), { id: 'a' });
  for (const bad of ['v=STSv1', 'v=STSv1; id=', 'v=STSv1; id=a-b', 'v=STSv1; id=a; id=b']) {
    assert.equal(parseMtaStsRecord(bad), undefined, bad);
    assert.ok(isMtaStsRecord(bad));
  }
  for (const other of ['v=STSv2; id=a', 'id=a; v=STSv1', 'v=STSv1x']) {
    assert.ok(!isMtaStsRecord(other));
    assert.equal(parseMtaStsRecord(other), undefined);
  }
});

const good =
  'version: STSv1\nmode: enforce\nmx: mail.example.org\nmx: *.example.net\nmax_age: 86400\n';
const rows: readonly (readonly [string, string])[] = [
  [good.replace('STSv1', 'STSv2'), '“version: STSv1” is missing'],
  [good.replace('enforce', 'on'), 'mode must be enforce, testing or none'],
  [good.replace('86400', '99999999'), 'max_age must be seconds, at most 31557600'],
  [good.replace('max_age: 86400\n', ''), 'max_age must be seconds, at most 31557600'],
  [good.replace(/mx: .*\n/g, ''), 'it names no mx'],
  [good.replace('*.example.net', 'a.*.net'), 'mx may not be “a.*.net”'],
  ['<html>', '“<html>” is not “key: value”'],
  ['x'.repeat(70_000), 'it is longer than 64 KB'],
];
for (const [text, error] of rows) {
  test(`policy: ${error}`, () => assert.deepEqual(parseMtaStsPolicy(text), { ok: false, error }));
}

test('which hosts a policy allows', () => {
  const read = parseMtaStsPolicy(good.replaceAll('\n', '\r\n'));
  assert.ok(read.ok);
  const allowed = ['mail.example.org', 'MAIL.example.org', 'a.example.net'];
  for (const host of allowed) assert.ok(allowsMx(read.value, host), host);
  for (const host of ['example.net', 'a.b.example.net', 'example.org', '']) {
    assert.ok(!allowsMx(read.value, host), host);
  }
});

test('what is printed is read again', () => {
  const policy = fc.record({
    mode: fc.constantFrom(...mtaStsModes),
    maxAgeSeconds: fc.integer({ min: 0, max: 31_557_600 }),
    mx: fc.array(fc.stringMatching(/^(?:\*\.)?[a-z0-9-]{1,9}\.example$/), { minLength: 1 }),
  });
  fc.assert(
    fc.property(policy, (value) => {
      const read = parseMtaStsPolicy(printMtaStsPolicy(value));
      assert.deepEqual(read, { ok: true, value: { ...value } });
    }),
  );
});
