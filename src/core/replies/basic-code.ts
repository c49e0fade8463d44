/**
 * What the basic code and the step of the conversation say, where no rule knows the reply (RFC 5321
 * section 4.2). Such a reply is still listed as new.
 */
import type { ClassifiedReply } from './classified.ts';
import { cures } from './cures.ts';
import type { ReplyFrame } from './frame.ts';
import { waits } from './rule.ts';

type Said = Pick<ClassifiedReply, 'scope' | 'severity' | 'wait' | 'cure'>;

const passes: Said = {
  scope: 'their-fault',
  severity: 'transient',
  wait: waits['15m'],
  cure: cures.none,
};
const refused: Said = {
  scope: 'our-ip',
  severity: 'blocked',
  wait: waits['24h'],
  cure: cures.stopSource,
};
const senderRefused: Said = {
  scope: 'our-domain',
  severity: 'blocked',
  wait: waits['until-fixed'],
  cure: cures.senderRefused,
};
const content: Said = {
  scope: 'content',
  severity: 'blocked',
  wait: waits['until-fixed'],
  cure: cures.content,
};
const noMailbox: Said = {
  scope: 'recipient',
  severity: 'permanent-for-this-recipient',
  wait: waits.never,
  cure: cures.noMailbox,
};
const tooBig: Said = {
  scope: 'size',
  severity: 'permanent-for-this-recipient',
  wait: waits.never,
  cure: cures.size,
};
const theirCommands: Said = { ...passes, wait: waits['4h'] };

/** Undefined: not even the code says what it is about. */
export function saidByCode({ code, step }: ReplyFrame): Said | undefined {
  if (code.startsWith('4')) return passes;
  if (code === '' || code.startsWith('2')) return undefined;
  if (code.startsWith('50')) return theirCommands;
  if (step === 'greeting' || step === 'helo') return refused;
  if (step === 'mail') return code === '552' ? tooBig : senderRefused;
  if (step === 'data' || code === '554' || code === '571') return content;
  return code === '552' ? undefined : noMailbox;
}
