import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { stateFolder } from '../../../test/command-line.ts';
import { schema } from '../../config/schema.ts';
import { openDaemonReplies } from './replies.ts';

test('a reload reads the file of rules again, and keeps the rules if it has an error', async () => {
  await using folder = await stateFolder();
  const rules = join(folder.path, 'rules.toml');
  const rule = (id: string): string =>
    `[[rule]]\nid = "${id}"\nwords = ["plork"]\nscope = "rate"\nseverity = "slowed"\n` +
    'wait = "1h"\ncure = "Call them."\nyes = "550 plork"\n';
  const config = schema.parse({ providers: { rules } });
  writeFileSync(rules, rule('before'));
  const replies = openDaemonReplies(config);
  const { classifier } = replies;
  const decides = (): string =>
    classifier.classify({ reply: '550 plork', mxHost: 'mx.b.example', status: 'bounced' }).rule;
  assert.equal(decides(), 'before');
  writeFileSync(rules, rule('after'));
  replies.configure(config);
  assert.equal(decides(), 'after');
  writeFileSync(rules, 'no rules');
  assert.throws(() => replies.configure(config), { code: 'config' });
  assert.equal(decides(), 'after');
  replies.configure(schema.parse({}));
  assert.equal(decides(), '');
});
