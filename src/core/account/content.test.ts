/**
 * What scanners say is evidence among other evidence, and an order only beyond the operator's own
 * limit.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scriptedScan } from '../../../test/doubles/scan.ts';
import { openServer, type ScriptedAccount } from '../../../test/doubles/server.ts';
import { minuteMs } from '../../lib/time.ts';
import { firstReasonText, reasonText } from '../explain.ts';
import { noCeilings } from './policy.ts';

const ham = scriptedScan(0.3);
const spam = scriptedScan(6.2);

function ann(policy = noCeilings): ScriptedAccount {
  const server = openServer();
  server.policy = policy;
  return server.account('ann@here.example').ordinaryDays(28);
}

test('one message that looks like spam passes; a run of them does not', () => {
  const account = ann();
  const friends = account.friends(12);
  const first = account.send({ to: friends.slice(0, 1), scan: spam });
  assert.equal(first.verdict, 'pass');
  const verdicts = Array.from({ length: 20 }, () =>
    account.wait(minuteMs).send({ to: friends.slice(0, 1), scan: spam }),
  );
  const held = verdicts.findIndex(({ verdict }) => verdict === 'hold');
  assert.ok(held >= 1 && held <= 10, `held at ${held}`);
  const [reason] = verdicts[held]?.reasons ?? [];
  assert.equal(reason?.signal, 'spam-like');
  assert.match(
    firstReasonText(verdicts[held]?.reasons ?? []),
    /^\S+ messages in 30 minutes that look like spam; (?:normal here: fewer than|unusual here: )/,
  );
  assert.equal(verdicts.at(-1)?.verdict, 'hold');
  for (let sent = 0; sent < 20; sent++) account.wait(minuteMs).send({ strangers: 1, scan: spam });
  assert.equal(account.profile.state, 'suspended');
});

test('the same run of ham passes', () => {
  const account = ann();
  for (let sent = 0; sent < 20; sent++) {
    const judged = account.wait(minuteMs).send({ to: account.friends(1), scan: ham });
    assert.deepEqual([judged.verdict, judged.state], ['pass', 'clear']);
  }
});

test('strangers weigh more when what they get looks like spam, and the sentence says why', () => {
  const plain = ann().send({ strangers: 7, scan: ham });
  const judged = ann().send({ strangers: 7, scan: spam });
  assert.ok(judged.evidence > plain.evidence * 1.4, `${judged.evidence} by ${plain.evidence}`);
  const reason = judged.reasons.find(({ signal }) => signal === 'content');
  assert.equal(
    reason && reasonText(reason),
    'SpamAssassin gave this message 6.2 points (URI_PHISH); spam is 5 or more',
  );
  assert.deepEqual([reason?.saw, reason?.usual, reason?.weight], [6.2, 5, 0.5]);
});

test('beyond the limit it is held for itself; 0 is no limit', () => {
  const policy = { ...noCeilings, scanHoldScore: 15 };
  const judged = ann(policy).send({ strangers: 1, scan: scriptedScan(15) });
  assert.deepEqual([judged.verdict, judged.state], ['hold', 'watched']);
  assert.match(
    firstReasonText(judged.reasons),
    /gave this message 15 points .* held from 15 on \(scan\.hold_score\)$/,
  );
  assert.equal(ann(policy).send({ strangers: 1, scan: scriptedScan(14.9) }).verdict, 'pass');
  assert.equal(ann().send({ strangers: 1, scan: scriptedScan(1_000) }).verdict, 'pass');
});

test('beyond the limit, and rspamd says that it is no spam: it is not held for that', () => {
  const policy = { ...noCeilings, scanHoldScore: 15 };
  const verdictOf = (isSpam: boolean) => {
    const action = { name: isSpam ? 'add header' : 'greylist', isSpam, highest: 500 };
    const scan = scriptedScan(17.6, {
      by: 'rspamd',
      required: 0,
      likeness: isSpam ? 1 : 0,
      action,
    });
    return ann(policy).send({ strangers: 1, scan }).verdict;
  };
  assert.deepEqual([verdictOf(true), verdictOf(false)], ['hold', 'pass']);
});

test('a virus is held, unless the operator lets everything of this account pass', () => {
  const scan = scriptedScan(0, { virus: 'Eicar-Test-Signature' });
  const judged = ann().send({ strangers: 1, scan });
  assert.equal(judged.verdict, 'hold');
  assert.equal(
    firstReasonText(judged.reasons),
    'ClamAV found Eicar-Test-Signature in this message',
  );
  const server = openServer();
  server.flags = {
    ...server.flags,
    exemptUntil: (2 ** 50) as typeof server.flags.exemptUntil,
  };
  assert.equal(server.account('bob@here.example').send({ strangers: 1, scan }).verdict, 'pass');
});

test('what ClamAV suspects is evidence: one message passes, the sentence names it', () => {
  const suspected = 'Heuristics.Phishing.Email.SpoofedDomain';
  const scan = scriptedScan(0, { by: '', likeness: 0, rules: [], suspected });
  assert.equal(ann().send({ strangers: 1, scan }).verdict, 'pass');
  const judged = ann().send({ strangers: 7, scan });
  const reason = judged.reasons.find(({ signal }) => signal === 'content');
  assert.match(
    reason === undefined ? '' : reasonText(reason),
    /^ClamAV found Heuristics\.Phishing\.Email\.SpoofedDomain in this message, which is a sign/,
  );
  const account = ann();
  const verdicts = Array.from({ length: 20 }, () =>
    account.wait(minuteMs).send({ to: account.friends(1), scan }),
  );
  assert.ok(verdicts.some(({ verdict }) => verdict === 'hold'));
});

test('rspamd marks it and does not say where spam begins: the sentence names its action', () => {
  const action = { name: 'add header', isSpam: true, highest: 500 };
  const scan = scriptedScan(17.6, { by: 'rspamd', required: 0, likeness: 1, action });
  const judged = ann().send({ strangers: 7, scan });
  const reason = judged.reasons.find(({ signal }) => signal === 'content');
  assert.equal(
    reason && reasonText(reason),
    'rspamd gave this message 17.6 points (URI_PHISH); its action “add header” means spam',
  );
});

test('a message that is too big for a scanner is not delayed, because it stays too big', () => {
  const policy = { ...noCeilings, unscanned: 'delay' as const };
  const scan = scriptedScan(0, { by: '', tooBig: ['clamav'] });
  assert.equal(ann(policy).send({ strangers: 1, scan }).verdict, 'pass');
});

test('a scanner that does not answer: mail passes or is delayed, as the operator wants it', () => {
  const scan = scriptedScan(0, { by: '', missing: ['spamassassin', 'clamav'] });
  assert.equal(ann().send({ strangers: 1, scan }).verdict, 'pass');
  const judged = ann({ ...noCeilings, unscanned: 'delay' }).send({ strangers: 1, scan });
  assert.equal(judged.verdict, 'delay');
  assert.match(
    firstReasonText(judged.reasons),
    /^SpamAssassin and ClamAV did not scan this message in time/,
  );
});

test('mail to users of this server that looks like spam counts a tenth', () => {
  const account = ann();
  for (let sent = 0; sent < 15; sent++) {
    const judged = account.wait(minuteMs).send({ local: ['joe@here.example'], scan: spam });
    assert.equal(judged.verdict, 'pass');
  }
});

test('a virus comes first also where numbers alone stop the mail, and in a suspension', () => {
  const infected = { ...ham, virus: 'Eicar' };
  const account = ann();
  const first = (): string | undefined =>
    account.send({ strangers: 200, scan: infected }).reasons[0]?.signal;
  assert.equal(first(), 'virus');
  assert.equal(account.profile.numbersAt, account.now, 'it waits all the same');
  account.suspendByHand();
  assert.equal(first(), 'virus');
  assert.equal(account.send({ strangers: 1, scan: ham }).reasons[0]?.signal, 'suspended');
});
