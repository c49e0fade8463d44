/** Notices to owners: who gets which mail, and when it is no use to try again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Notice } from '../../core/notice.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { noticeOwner } from './owner.ts';
import { hijack } from './text.test.ts';

const notice: Notice = {
  ...hijack,
  event: 'account.copies',
  account: 'joe@here.example',
  numbers: { copies: 37, usual: 2 },
};
const signal = AbortSignal.timeout(60_000);

function channel(refuses?: number) {
  const sent: { to: string; by: string; subject: string; text: string }[] = [];
  const owner = noticeOwner({
    host: 'mail.here.example',
    localDomains: new Set(['here.example']),
    contact: 'help@here.example',
    languages: ['en'],
    mail: {
      async send(to, mail) {
        if (refuses !== undefined) throw Object.assign(new Error('no'), { responseCode: refuses });
        sent.push({ to, ...mail });
      },
    },
  });
  return { owner, sent };
}

test('the owner gets mail with the numbers, and only about what concerns owners', async () => {
  const { owner, sent } = channel();
  assert.equal(owner.takes(notice), true);
  assert.equal(owner.takes({ ...notice, account: 'joe@elsewhere.example' }), false);
  assert.equal(owner.takes({ ...notice, event: 'account.suspended' }), false);
  await owner.send(notice, signal);
  assert.equal(sent.length, 1);
  assert.equal(sent[0]?.to, 'joe@here.example');
  assert.match(sent[0]?.text ?? '', /by 2026-11-23 18:03 UTC about 37 messages/);
});

for (const [code, exit] of [
  [550, sysexits.noUser],
  [450, sysexits.unavailable],
] as const) {
  test(`after ${code} the mail is ${code === 550 ? 'given up' : 'tried again'}`, async () => {
    await assert.rejects(
      channel(code).owner.send(notice, signal),
      (error) => error instanceof OperatorError && error.exit === exit,
    );
  });
}
