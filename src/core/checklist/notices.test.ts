/** Notices: what is done, what is not proven, and what is broken. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dayMs, type Millis } from '../../lib/time.ts';
import { type ChannelFacts, type ChannelProof, checkNotices, proofLastsMs } from './notices.ts';

const now = 1_795_962_893_476 as Millis;
const both = { mailTo: ['op@example.org'], hasWebhook: true, isConfigured: true, now };
const proof = (channel: string, state: ChannelProof['state'], ageMs = 0): ChannelProof => {
  return { channel, at: (now - ageMs) as Millis, state, said: 'what was said' };
};

const cases: readonly (readonly [string, ChannelFacts, string, RegExp])[] = [
  ['no channel', { ...both, mailTo: [], hasWebhook: false, proofs: [] }, 'fail', /no channel/],
  [
    'one channel',
    { ...both, hasWebhook: false, proofs: [proof('mail', 'delivered')] },
    'warn',
    /one channel only: mail/,
  ],
  ['no guard', { ...both, proofs: undefined }, 'unknown', /only a running guard knows/],
  ['never sent', { ...both, proofs: [] }, 'unknown', /not proven by mail and webhook/],
  [
    'one of two',
    { ...both, proofs: [proof('webhook', 'taken')] },
    'unknown',
    /^not proven by mail: no notice was sent yet$/,
  ],
  [
    'mail that waits',
    { ...both, proofs: [proof('webhook', 'taken'), proof('mail', 'waiting')] },
    'unknown',
    /not proven by mail: the last one waits in the queue: what was said/,
  ],
  [
    'both',
    { ...both, proofs: [proof('webhook', 'taken', dayMs), proof('mail', 'delivered')] },
    'ok',
    /^webhook: taken 1 day ago; mail: delivered today$/,
  ],
  [
    'long ago',
    { ...both, proofs: [proof('webhook', 'taken'), proof('mail', 'taken', proofLastsMs + 1)] },
    'unknown',
    /not proven by mail: the last one is too long ago/,
  ],
  [
    'a failure, however long ago',
    { ...both, proofs: [proof('webhook', 'failed', 90 * dayMs), proof('mail', 'delivered')] },
    'fail',
    /the last notice by webhook did not arrive: what was said/,
  ],
  [
    'a channel that is not used any more',
    { ...both, hasWebhook: false, proofs: [proof('webhook', 'failed')] },
    'warn',
    /one channel only/,
  ],
];
for (const [name, facts, kind, found] of cases) {
  test(`notices: ${name}`, () => {
    const finding = checkNotices(facts);
    assert.equal(finding.kind, kind);
    assert.match(finding.found, found);
    assert.equal(finding.fix === '', kind === 'ok', 'each other one says what to do');
  });
}

test('the proof is due when the older of both ends', () => {
  const proofs = [proof('webhook', 'taken', 3 * dayMs), proof('mail', 'delivered')];
  assert.equal(checkNotices({ ...both, proofs }).due?.at, now - 3 * dayMs + proofLastsMs);
});
