/** Decisions about reflected mail: domains that are asked about, answers, days, causes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dayMs } from '../../lib/time.ts';
import { cameInAs, saysAnswer, saysSpam } from './answer.ts';
import { ReturnDays, returnDays } from './days.ts';
import { dovecotFactsIn } from './dovecot.ts';
import { noticeCause } from './own-bounce.ts';
import { verifiedDomains, verifyingTable } from './verified.ts';

test('which domains are asked about before mail is accepted', () => {
  assert.deepEqual(verifiedDomains(''), []);
  assert.equal(verifiedDomains('permit_mynetworks, reject_unverified_recipient'), 'all');
  assert.deepEqual(verifiedDomains(verifyingTable(['one.example', 'two.example'])), [
    'one.example',
    'two.example',
  ]);
  assert.deepEqual(verifiedDomains('reject_unverified_recipients_of_mine'), []);
});

test('a message is forged if DMARC fails, or SPF fails and DMARC does not pass', () => {
  const as = (spf: string, dmarc: string, isSpam = false) => cameInAs({ spf, dmarc, isSpam });
  assert.equal(as('pass', 'pass'), 'fine');
  assert.equal(as('fail', 'pass'), 'fine', 'forwarded, and signed by its author');
  assert.equal(as('fail', 'none'), 'forged');
  assert.equal(as('pass', 'fail'), 'forged');
  assert.equal(as('none', 'none'), 'fine');
  assert.equal(as('pass', 'pass', true), 'spam');
});

test('automatic answers and spam are known by their fields', () => {
  assert.ok(saysAnswer('auto-submitted', ' auto-replied (vacation)'));
  assert.ok(!saysAnswer('auto-submitted', ' auto-generated'));
  assert.ok(saysAnswer('x-autoreply', ' yes'));
  assert.ok(!saysAnswer('subject', ' auto-replied'));
  assert.ok(saysSpam('x-spam-flag', ' YES'));
  assert.ok(!saysSpam('x-spam-flag', ' no'));
});

test('days are counted for two weeks, and damaged ones count as none', () => {
  const days = new ReturnDays(undefined);
  for (let day = 1; day <= 20; day++) {
    days.add(day * dayMs, { isProven: day % 2 === 0, isRefusable: true });
  }
  const kept = new ReturnDays(days.encoded()).all(20 * dayMs);
  assert.equal(kept.length, returnDays);
  assert.equal(
    kept.reduce((sum, { refusable }) => sum + refusable, 0),
    returnDays / 2,
  );
  for (const broken of ['', '{', '{}', '[{"day":"x"}]', '[null]']) {
    assert.deepEqual(new ReturnDays(broken).all(0), []);
  }
});

test('why a message was returned', () => {
  const cause = (status: string, reply: string, isFilter = false) =>
    noticeCause({ status, reply, isFilter });
  assert.equal(cause('5.1.1', 'no such user'), 'unknown');
  assert.equal(cause('5.2.2', 'over quota'), 'full');
  assert.equal(cause('5.7.1', 'rejected as spam', true), 'filter');
  assert.equal(cause('5.7.1', 'rejected as spam'), 'content');
  assert.equal(cause('4.4.1', 'timed out'), 'expired');
});

test('Dovecot: quotas, quota-status and Sieve are found in both languages', () => {
  const old = dovecotFactsIn(
    'mail_plugins = " quota"\nprotocol lmtp {\n  mail_plugins = " quota sieve"\n}\n' +
      'service quota-status {\n  executable = quota-status -p postfix\n  inet_listener {\n' +
      '    port = 12340\n  }\n}\n',
    '2.3.19',
  );
  assert.deepEqual(old, {
    quota: true,
    sieve: true,
    quotaStatus: 'inet:127.0.0.1:12340',
    version: '2.3.19',
  });
  const fresh = dovecotFactsIn('mail_plugins {\n  quota = yes\n}\n', '2.4.1');
  assert.equal(fresh.quota, true);
  assert.equal(fresh.quotaStatus, '');
});
