import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answeredBy, type DnsAnswer, type DnsLookup, type DnsQuestion } from './question.ts';
import { supposing } from './supposed.ts';

const none = (exists: boolean): DnsAnswer => ({ kind: 'none', exists, secure: false });

test('each question gets its own answer, and only what is not supposed is asked', () => {
  function* three(): DnsLookup<string> {
    const answers = yield ['a.example', 'b.example', 'c.example'].map((name) => ({
      name,
      type: 'A' as const,
    }));
    const more = yield [{ name: 'b.example', type: 'A' }];
    return [...answers, ...more].map((one) => (one.kind === 'none' ? one.exists : '?')).join(' ');
  }
  const asked: DnsQuestion[] = [];
  const supposed = supposing(three(), ({ name }) =>
    name === 'b.example' ? none(true) : undefined,
  );
  const said = answeredBy(supposed, (question) => {
    asked.push(question);
    return none(false);
  });
  assert.equal(said, 'false true false true');
  assert.deepEqual(
    asked.map(({ name }) => name),
    ['a.example', 'c.example'],
  );
});
