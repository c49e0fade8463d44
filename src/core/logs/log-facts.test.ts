/** Lines of four mail servers, in all versions known, and their facts. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { frameOf } from '../../formats/logs/frame.ts';
import { shapeOf } from '../../formats/logs/shapes.ts';
import { LogFacts } from './log-facts.ts';

const golden = join(import.meta.dirname, '../../../test/golden/log');

for (const name of ['postfix-fate', 'exim', 'opensmtpd', 'logins']) {
  test(`${name}: facts of its lines`, (t) => {
    const facts = new LogFacts();
    const lines = readFileSync(join(golden, `${name}.in`), 'utf8')
      .trimEnd()
      .split('\n');
    const out = lines.map((line) => {
      if (line.startsWith('#')) return line;
      const { strange } = facts.counts();
      const found = facts.read(frameOf(line), 'example.test');
      if (facts.counts().strange > strange) return '?';
      return found.length === 0 ? '-' : found.map((fact) => JSON.stringify(fact)).join('\n');
    });
    t.assert.fileSnapshot(`${out.join('\n')}\n`, join(golden, `${name}.ref`), {
      serializers: [String],
    });
  });
}

test('each line is counted as one of five', () => {
  const facts = new LogFacts();
  const at = '2026-11-10T08:00:00Z mail';
  const lines = [
    [`${at} postfix/qmgr[7]: A0B1C2D3E4: removed`, 'told'],
    [`${at} postfix/smtpd[7]: connect from unknown[192.0.2.9]`, 'known'],
    [`${at} opendkim[7]: A0B1C2D3E4: DKIM-Signature field added`, 'known'],
    [`${at} postfix/qmgr[7]: A0B1C2D3E4: blown away`, 'strange'],
    [`${at} sshd[7]: Accepted publickey for joe`, 'other'],
    ['root:x:0:0:root:/root:/bin/bash', 'formless'],
  ] as const;
  for (const [line, kind] of lines) {
    const before = facts.counts();
    facts.read(frameOf(line), '');
    const after = facts.counts();
    assert.equal(after[kind], before[kind] + 1, line);
    assert.equal(after.lines, before.lines + 1);
  }
});

test('the shapes of lines that were not understood: what differs in each is left out', () => {
  const facts = new LogFacts();
  const ids = ['A0B1C2D3E4', '4jYG8k1YQFzJB27', 'B0B1C2D3E4'];
  for (const [nth, id] of ids.entries()) {
    const text = `${id}: handed to mx${nth}.world.test[192.0.2.${nth}]:25 for <a${nth}@world.test>`;
    facts.read(frameOf(`2026-11-10T08:00:0${nth}Z mail postfix/smtp[${nth}]: ${text}`), '');
  }
  facts.read(frameOf('2026-11-10T08:00:00Z mail postfix/qmgr[7]: A0B1C2D3E4: blown away'), '');
  assert.deepEqual(facts.strangest(3), [
    { shape: 'postfix/smtp: ID: handed to HOST[IP] for <…>', lines: 3 },
    { shape: 'postfix/qmgr: ID: blown away', lines: 1 },
  ]);
});

test('a shape says nothing of a person, and is one short line', () => {
  const text = 'x joe@here.test "secret" <ann@here.test> 192.0.2.7 at 12:00\n\u001b[31m';
  const shape = shapeOf('postfix/smtp', text.repeat(50));
  for (const part of ['joe', 'secret', 'ann', '192', '12:00', '\n', '\u001b']) {
    assert.ok(!shape.includes(part), shape);
  }
  assert.ok(shape.length <= 120);
});
