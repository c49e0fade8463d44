/** Is a message an automatic answer, and may it leave? Pure (RFC 3834). */

/** What is known of mail that came in lately. */
export type CameIn = 'fine' | 'forged' | 'spam';

/** Of two messages with one Message-ID, the worse counts: strangers choose Message-IDs. */
export function worse(one: CameIn, other: CameIn | undefined): CameIn {
  if (one === 'forged' || other === 'forged') return 'forged';
  return one === 'spam' || other === 'spam' ? 'spam' : 'fine';
}

/** SPF and DMARC of a message that came in. */
export function cameInAs(results: {
  readonly spf: string;
  readonly dmarc: string;
  readonly isSpam: boolean;
}): CameIn {
  const { dmarc, isSpam, spf } = results;
  const failsSpf = spf === 'fail' || spf === 'softfail';
  // A message that passes DMARC is its author's, however it came.
  if (dmarc === 'fail' || (failsSpf && dmarc !== 'pass')) return 'forged';
  return isSpam ? 'spam' : 'fine';
}

const automatic: ReadonlyMap<string, RegExp> = new Map([
  ['auto-submitted', /^\s*auto-replied\b/i],
  ['x-autoreply', /^\s*yes\b/i],
  ['x-autorespond', /\S/],
  ['x-auto-response', /\S/],
  ['precedence', /^\s*auto_?reply\b/i],
]);

/** Whether this field says that the message is an automatic answer. `name`: in lower case. */
export function saysAnswer(name: string, value: string): boolean {
  return automatic.get(name)?.test(value) === true;
}

/** Whether this field says that a mail server tells what became of a message (RFC 3464). */
export function saysNotice(name: string, value: string): boolean {
  return name === 'content-type' && /^\s*multipart\/report\b.*\bdelivery-status\b/is.test(value);
}

/** Whether this field of mail that comes in says that a filter before Postern calls it spam. */
export function saysSpam(name: string, value: string): boolean {
  return /^x-spam(?:-flag)?$/.test(name) && /^\s*yes\b/i.test(value);
}

export type AnswerVerdict = 'passed' | 'forged' | 'spam' | 'repeated';

export const answerWhy: Readonly<Record<Exclude<AnswerVerdict, 'passed'>, string>> = {
  forged:
    'the mail that it answers failed DMARC, or failed SPF and did not pass DMARC, so its sender ' +
    'may be forged',
  spam: 'the mail that it answers looked like spam',
  repeated: 'this account has answered the same address within a week',
};
