/**
 * How often the classifier agrees with replies that were judged by hand and are not part of this
 * project: optional data beside the checkout. POSTERN_REPLIES names the file (JSON lines).
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { openReplyClassifier } from '../src/core/replies/classifier.ts';
import { type WaitWord, waits } from '../src/core/replies/rule.ts';
import { allReplyRules } from '../src/core/replies/rules/all.ts';

const file =
  process.env['POSTERN_REPLIES'] ??
  resolve(import.meta.dirname, '../../shared/replies/replies.jsonl');
const missing = !existsSync(file) && `no judged replies at ${file}; POSTERN_REPLIES names them`;

type Judged = {
  readonly id: string;
  readonly provider: string;
  readonly mx: string;
  readonly reply: string;
  readonly status: 'deferred' | 'bounced';
  readonly scope: string;
  readonly also?: readonly string[];
  readonly severity: string;
  readonly wait: WaitWord;
  readonly confidence: 'sure' | 'likely' | 'disputed';
  readonly filter?: string;
  readonly trap?: string;
};

/**
 * Where we say something else on purpose, and why. Beyond these replies: a list such as Spamhaus is
 * named as `filter` also where a provider only refers to it, since its cure is there.
 */
const argued: ReadonlyMap<string, string> = new Map();

test('the classifier agrees with replies that were judged by hand', { skip: missing }, (t) => {
  const classifier = openReplyClassifier(allReplyRules([]));
  const counts = new Map<string, { right: number; all: number }>();
  const count = (what: string, isRight: boolean): void => {
    const { right, all } = counts.get(what) ?? { right: 0, all: 0 };
    counts.set(what, { right: right + (isRight ? 1 : 0), all: all + 1 });
  };
  const unargued: string[] = [];
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  for (const line of lines) {
    const judged: Judged = JSON.parse(line);
    const { id, provider, mx, reply, status, confidence } = judged;
    const mxHost = mx === 'none' ? '' : mx;
    const answer = classifier.classify({ reply, mxHost, status });
    const scopes = [judged.scope, ...(judged.also ?? [])];
    const isScope = scopes.includes(answer.scope ?? '');
    const isSeverity = answer.severity === judged.severity;
    const isProvider = answer.provider === provider;
    count(`scope of ${confidence} replies`, isScope);
    count('provider', isProvider);
    count('severity', isSeverity);
    count('wait', answer.wait === waits[judged.wait]);
    const isRight = isScope && isSeverity && isProvider;
    if (judged.trap !== undefined) count('traps', isRight);
    if (!isRight && !argued.has(id)) unargued.push(`${id}: ${answer.rule}: ${reply}`);
  }
  for (const [what, { right, all }] of counts) t.diagnostic(`${what}: ${right} of ${all}`);
  const least = (what: string, share: number): void => {
    const { right, all } = counts.get(what) ?? { right: 0, all: 1 };
    assert.ok(right / all >= share, `${what}: ${right} of ${all}`);
  };
  least('scope of sure replies', 0.97);
  least('scope of likely replies', 0.9);
  least('provider', 0.99);
  least('severity', 0.95);
  assert.deepEqual(unargued, []);
});
