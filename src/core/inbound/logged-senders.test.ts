/** Who an old log shows to be known. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Millis } from '../../lib/time.ts';
import { openLogLines } from '../logs/log-lines.ts';
import { openLoggedSenders } from './logged-senders.ts';

const year = Date.parse('2026-06-30T00:00:00Z') as Millis;
let nth = 0;

/** Lines of Postfix about one message that came in from another server. */
function cameIn(day: string, sender: string, status = 'sent'): readonly string[] {
  const id = `4bXin${nth++}Qzz1`;
  const at = `2026-06-${day}T10:00:0`;
  return [
    `${at}0+00:00 mail postfix/smtpd[7]: ${id}: client=mx.far.test[192.0.2.9]`,
    `${at}1+00:00 mail postfix/cleanup[8]: ${id}: message-id=<${id}@far.test>`,
    `${at}1+00:00 mail postfix/qmgr[9]: ${id}: from=<${sender}>, size=900, nrcpt=1 (queue active)`,
    `${at}2+00:00 mail postfix/virtual[10]: ${id}: to=<ann@ours.test>, relay=virtual, delay=1, ` +
      `delays=0/0/0/1, dsn=2.0.0, status=${status} (delivered to maildir)`,
    `${at}3+00:00 mail postfix/qmgr[9]: ${id}: removed`,
  ];
}

function sentOut(day: string, recipient: string): readonly string[] {
  const id = `4bXout${nth++}Qzz1`;
  const at = `2026-06-${day}T11:00:0`;
  return [
    `${at}0+00:00 mail postfix/submission/smtpd[7]: ${id}: client=pc[203.0.113.4], ` +
      'sasl_method=PLAIN, sasl_username=ann@ours.test',
    `${at}1+00:00 mail postfix/cleanup[8]: ${id}: message-id=<${id}@ours.test>`,
    `${at}1+00:00 mail postfix/qmgr[9]: ${id}: from=<ann@ours.test>, size=900, nrcpt=1 ` +
      '(queue active)',
    `${at}2+00:00 mail postfix/smtp[10]: ${id}: to=<${recipient}>, ` +
      'relay=mx.far.test[192.0.2.9]:25, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 ok)',
    `${at}3+00:00 mail postfix/qmgr[9]: ${id}: removed`,
  ];
}

function found(lines: readonly string[]) {
  const reader = openLogLines({ defaultDomain: '', writtenAt: year });
  const senders = openLoggedSenders((domain) => domain === 'ours.test');
  for (const line of lines) for (const event of reader.take(line)) senders.take(event);
  for (const event of reader.end()) senders.take(event);
  const { senders: all, report } = senders.end();
  return { names: all.map(({ kind, name }) => `${kind} ${name}`), report };
}

test('addresses that we wrote to, and domains that wrote on several days', () => {
  const { names, report } = found([
    ...sentOut('01', 'Bob@Far.test'),
    ...cameIn('01', 'shop@old.test'),
    ...cameIn('02', 'news@old.test'),
    ...cameIn('03', 'shop@old.test'),
    ...cameIn('04', 'once@new.test'),
  ]);
  assert.deepEqual(names, ['domain old.test', 'written-to bob@far.test']);
  assert.deepEqual(report, { sent: 1, received: 4, tooFew: 1, tooMany: 0 });
});

test('not: many messages of one day, mail that was not delivered, our own domain, bounces', () => {
  const { names } = found([
    ...['05', '05', '05', '05'].flatMap((day) => cameIn(day, 'x@burst.test')),
    ...['01', '02', '03'].flatMap((day) => cameIn(day, 'x@bad.test', 'bounced')),
    ...['01', '02', '03'].flatMap((day) => cameIn(day, 'me@ours.test')),
    ...['01', '02', '03'].flatMap((day) => cameIn(day, '')),
    ...sentOut('02', 'joe@ours.test'),
  ]);
  assert.deepEqual(names, []);
});
