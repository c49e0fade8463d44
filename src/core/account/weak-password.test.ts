/**
 * The guard before and after an audit found a password weak: less room, wary of new networks, and
 * it says so.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  openServer,
  type ScriptedAccount,
  type ScriptedServer,
} from '../../../test/doubles/server.ts';
import { minuteMs } from '../../lib/time.ts';
import { firstReasonText, reasonText } from '../explain.ts';
import { weakText } from '../passwords/weak.ts';
import { evidenceNow } from './judge.ts';
import { noCeilings, noFlags } from './policy.ts';

const why = weakText({ strength: 'under-a-second', by: 'single' });
const weakStanding = { ...noFlags, weakPassword: why };

function scene(weak: boolean): { server: ScriptedServer; ann: ScriptedAccount } {
  const server = openServer();
  const ann = server.account('ann@example.org').ordinaryDays(20);
  if (weak) server.flags = weakStanding;
  return { server, ann };
}

test('the same hijack ends earlier where the password is weak', () => {
  const strong = scene(false).ann;
  strong.hijacked(200, minuteMs);
  const weak = scene(true).ann;
  weak.hijacked(200, minuteMs);
  assert.ok(weak.passed < strong.passed, `${weak.passed} instead of ${strong.passed} strangers`);
  assert.ok(weak.passed > 0, 'the first messages pass all the same');
});

test('a verdict says why there is less room', () => {
  const { ann } = scene(true);
  const judged = ann.hijacked(200, minuteMs);
  const reason = judged.reasons.find(({ signal }) => signal === 'weak-password');
  assert.ok(reason !== undefined);
  assert.match(
    reasonText(reason),
    /guessed in under a second .* 67 % of what is normal is allowed/,
  );
});

test('ordinary mail of its owner passes, and nothing is said', () => {
  const { ann } = scene(true);
  const before = ann.verdicts.length;
  ann.ordinaryDays(10);
  assert.ok(ann.verdicts.slice(before).every((verdict) => verdict === 'pass'));
  const judged = ann.send({ strangers: 1, client: '192.0.2.10' });
  assert.deepEqual([judged.verdict, judged.reasons], ['pass', []]);
});

test('a new network weighs more', () => {
  const evidence = (weak: boolean, client: string): number =>
    scene(weak).ann.send({ strangers: 3, client }).evidence;
  const strong = evidence(false, '203.0.113.9');
  const weak = evidence(true, '203.0.113.9');
  assert.ok(weak > strong * 1.4, `${weak} against ${strong}`);
  // Nor does the account's own network speak for the sender.
  assert.ok(evidence(true, '192.0.2.10') > evidence(false, '192.0.2.10') * 1.4);
});

test('the password was changed: judged as before', () => {
  const { ann, server } = scene(true);
  server.flags = noFlags;
  const other = scene(false).ann;
  assert.deepEqual(ann.send({ strangers: 4 }).evidence, other.send({ strangers: 4 }).evidence);
});

test('fixed ceilings drop too, and the sender is not told why', () => {
  const { ann, server } = scene(true);
  server.policy = { ...noCeilings, messageRecipientsMax: 30 };
  const judged = ann.send({ to: ann.friends(24) });
  assert.equal(judged.verdict, 'refuse');
  assert.match(firstReasonText(judged.reasons), /24 recipients in one message; .* is 20$/);
  assert.equal(judged.reasons[1]?.signal, 'weak-password');
  server.flags = noFlags;
  assert.notEqual(ann.send({ to: ann.friends(24) }).verdict, 'refuse');
});

test('the admin sees it also while there is no mail', () => {
  const { ann, server } = scene(true);
  assert.equal(
    evidenceNow(ann.profile, server.baseline, ann.now, why).reasons.at(-1)?.signal,
    'weak-password',
  );
  assert.ok(
    evidenceNow(ann.profile, server.baseline, ann.now).reasons.every(
      ({ signal }) => signal !== 'weak-password',
    ),
  );
});
