/**
 * The causes of real bounces against the labels of another program: optional data beside the
 * checkout, which is no part of this project. POSTERN_BOUNCES names the folder. The labels are a
 * second opinion: where both differ, test/bounces-disagreements.ts argues from the message.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { BounceCause } from '../src/core/bounces/cause.ts';
import { judgeBounce } from '../src/core/bounces/judge-bounce.ts';
import { openReplyClassifier } from '../src/core/replies/classifier.ts';
import { ourReplyRules } from '../src/core/replies/rules/all.ts';
import { readBounce } from '../src/formats/bounces/bounce.ts';
import { disagreements } from './bounces-disagreements.ts';

const home = fileURLToPath(new URL('..', import.meta.url));
const folder = process.env['POSTERN_BOUNCES'] ?? resolve(home, '../shared/bounces');
const missing =
  !existsSync(join(folder, 'labels.tsv')) &&
  `no labels.tsv in ${folder}; POSTERN_BOUNCES names the folder`;

/** The labels that have a cause of the same meaning. Others (filtered, rejected) mean many. */
const causes: Readonly<Record<string, BounceCause>> = {
  userunknown: 'recipient-unknown',
  hasmoved: 'recipient-unknown',
  mailboxfull: 'mailbox-full',
  hostunknown: 'host-unknown',
  blocked: 'blocked',
  spamdetected: 'spam-content',
  virusdetected: 'spam-content',
  toomanyconn: 'rate',
  mesgtoobig: 'too-big',
  exceedlimit: 'too-big',
  norelaying: 'relay-denied',
  expired: 'expired',
  feedback: 'complaint',
  vacation: 'auto-reply',
};
/** A label for reports that hide their recipient. */
const hiddenRecipient = /\.invalid$/;

test('each cause agrees with the label, or the difference is argued', { skip: missing }, (t) => {
  const classifier = openReplyClassifier(ourReplyRules);
  const rows = readFileSync(join(folder, 'labels.tsv'), 'utf8').split('\n').slice(1);
  const agreed = new Map<BounceCause, { of: number; count: number }>();
  const wrong: string[] = [];
  const argued = new Set<string>();
  for (const row of rows) {
    const [file = '', address = '', , , label = ''] = row.split('\t');
    const wanted = causes[label];
    const path = join(folder, 'mail', file);
    if (wanted === undefined || !existsSync(path)) continue;
    const judged = judgeBounce(readBounce(readFileSync(path, 'latin1')), classifier);
    const recipient = address.toLowerCase();
    const one = hiddenRecipient.test(recipient)
      ? judged[0]
      : judged.find((other) => other.recipient === recipient);
    const sum = agreed.get(wanted) ?? { of: 0, count: 0 };
    agreed.set(wanted, sum);
    const isArgued = disagreements.some(([name, who]) => name === file && who === recipient);
    if (isArgued) argued.add(`${file} ${recipient}`);
    if (isArgued && one?.cause !== wanted) continue;
    sum.of++;
    if (one?.cause === wanted) sum.count++;
    else wrong.push(`${file} ${recipient}: ${label}, ${one?.cause ?? 'not found'}`);
  }
  for (const [cause, { count, of }] of agreed) t.diagnostic(`${cause}: ${count} of ${of}`);
  for (const line of wrong) t.diagnostic(line);
  for (const [cause, { count, of }] of agreed) {
    assert.ok(count >= 0.95 * of, `${cause}: ${count} of ${of}`);
  }
  t.diagnostic(`argued: ${argued.size}`);
});
