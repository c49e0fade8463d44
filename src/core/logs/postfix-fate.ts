/**
 * Turns Postfix's lines about a message in the queue into facts: its envelope, its end, the notices
 * about it, and mail that was not taken. Pure, never throws.
 */
import { addressKey } from '../../formats/message/address.ts';
import { clientAddress } from '../../formats/postfix/client-address.ts';
import { accountOf, type DefaultDomain } from '../account-name.ts';
import type { FateFact } from '../event.ts';

const envelope = /^from=<(.{0,1000})>, size=(\d{1,15}), nrcpt=(\d{1,9}) \(/;
const expired = /^from=<.{0,1000}>, status=(expired|force-expired), returned to sender/;
const gone = /^(?:removed(?: \((canceled|discarded)\))?|(canceled))$/;
const notice = /^(?:sender|postmaster) [a-z -]{1,40} notification: ([0-9A-Za-z]{5,32})$/;
/**
 * `reject: RCPT from host[address]: reply; from=<>`, of a check of the content `reject: header
 * Subject: text from host[address]; from=<>`.
 */
const action = /^(milter-)?(reject|hold|discard): /;
const stageOf = /^([A-Z-]{4,15}) from /;
const client = /^[^\s[\]]{0,300}\[([0-9A-Fa-f:.]{2,45})\](?::\d{1,5})?: /;
const contentClient = / from [^\s[\]]{1,300}\[([0-9A-Fa-f:.]{2,45})\]$/;
const login = /(?:^|,? )sasl_username=<?([^\s<>]{1,256})>?/;
/** Lines of qmgr that are about the message and need no fact. */
const fine = /^(?:skipped, still being delivered|from=<.{0,1000}>, status=deferred)/;

export type FateLine = FateFact | 'known' | undefined;

/** Of qmgr(8). `text` is the part behind the queue id. */
export function queueManagerFact(queueId: string, text: string): FateLine {
  if (text === 'removed') return { kind: 'removed', queueId, how: 'removed' };
  const found = envelope.exec(text);
  if (found !== null) {
    const [, sender = '', size, count] = found;
    return {
      kind: 'queued',
      queueId,
      sender: addressKey(sender),
      sizeBytes: Number(size),
      recipientCount: Number(count),
    };
  }
  const end = expired.exec(text)?.[1];
  if (end === 'expired' || end === 'force-expired') return { kind: 'removed', queueId, how: end };
  const left = gone.exec(text);
  if (left === null) return fine.test(text) ? 'known' : undefined;
  return { kind: 'removed', queueId, how: left[1] === 'discarded' ? 'discarded' : 'canceled' };
}

/** Of bounce(8). */
export function noticeFact(queueId: string, text: string): FateLine {
  const bounceId = notice.exec(text)?.[1];
  return bounceId === undefined ? undefined : { kind: 'bounce-made', queueId, bounceId };
}

/** Of postsuper(1), which an operator calls. */
export function operatorFact(queueId: string, text: string): FateLine {
  if (text === 'removed') return { kind: 'removed', queueId, how: 'deleted' };
  if (text === 'placed on hold') return { kind: 'held', queueId };
  if (text === 'released from hold') return { kind: 'unheld', queueId };
  return text === 'requeued' ? { kind: 'requeued', queueId } : undefined;
}

/** Of smtpd, cleanup and postscreen: mail that was not taken, or is kept back. */
export function actionFact(
  queueId: string,
  text: string,
  defaultDomain: DefaultDomain,
): FateFact | undefined {
  const found = action.exec(text);
  if (found === null) return undefined;
  const [head, byMilter, word] = found;
  if (word !== 'reject') {
    if (queueId === '') return undefined;
    return word === 'hold'
      ? { kind: 'held', queueId }
      : { kind: 'removed', queueId, how: 'discarded' };
  }
  const rest = text.slice(head.length);
  const tailAt = rest.indexOf('; from=<');
  const said = tailAt < 0 ? rest : rest.slice(0, tailAt);
  const tail = tailAt < 0 ? '' : rest.slice(tailAt + 2);
  const username = login.exec(tail)?.[1];
  return {
    kind: 'rejected',
    queueId,
    byMilter: byMilter !== undefined,
    ...stageIn(said, tail),
    sender: pathOf(tail, 'from=<'),
    recipient: pathOf(tail, ' to=<'),
    login: username === undefined ? undefined : accountOf(username, defaultDomain),
  };
}

/** Command, client and reply. cleanup(8) puts the reply behind the envelope. */
function stageIn(
  said: string,
  tail: string,
): { readonly stage: string; readonly client: string; readonly reply: string } {
  const stage = stageOf.exec(said);
  if (stage !== null) {
    const rest = said.slice(stage[0].length);
    const from = client.exec(rest);
    return {
      stage: stage[1] ?? '',
      client: from === null ? '' : clientAddress(from[1] ?? ''),
      reply: rest.slice(from?.[0].length ?? 0),
    };
  }
  const from = contentClient.exec(said)?.[1];
  const reply = tail.lastIndexOf('>: ');
  return {
    stage: 'CONTENT',
    client: from === undefined ? '' : clientAddress(from),
    reply: reply < 0 ? '' : tail.slice(reply + 3),
  };
}

function pathOf(tail: string, name: string): string {
  const at = tail.indexOf(name);
  if (at < 0) return '';
  const from = at + name.length;
  const end = tail.indexOf('>', from);
  return end < 0 ? '' : addressKey(tail.slice(from, end));
}
