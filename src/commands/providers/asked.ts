/** What `postern providers classify` is asked: a line of JSON, a reply, or a line of the log. */
import { z } from 'zod';
import type { AnsweredReply } from '../../core/replies/classified.ts';
import type { UnreadLine } from './lines.ts';

export type ReplyAsked = AnsweredReply & { readonly id: ReplyId };
type ReplyId = string | number | null;
type NotAsked = { readonly id: ReplyId; readonly error: string };

const id = z
  .union([z.string().max(200), z.number()])
  .nullable()
  .default(null);
const answered = z.object({
  id,
  reply: z.string(),
  mx: z.string().max(300).nullable().default(''),
  status: z.enum(['deferred', 'bounced']).default('bounced'),
});

/** A line of JSON; why it cannot be read, if it cannot. */
export function replyAsked(line: string | UnreadLine): ReplyAsked | NotAsked {
  if (typeof line !== 'string') return { id: null, error: line.error };
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return { id: null, error: 'is not a JSON object' };
  }
  const read = answered.safeParse(value);
  if (read.success) {
    const { reply, mx, status } = read.data;
    return { id: read.data.id, reply, mxHost: mx === 'none' ? '' : (mx ?? ''), status };
  }
  const issue = read.error.issues[0];
  const key = issue?.path.join('.') ?? '';
  const known = z.object({ id }).safeParse(value);
  const about = key === '' ? 'is not a JSON object' : `${key}: ${issue?.message ?? ''}`;
  return { id: known.success ? known.data.id : null, error: about };
}

/** A reply, or the reply in a line of the mail log. `mx`: the host, if it is known. */
export function loggedReply(text: string, mx: string): ReplyAsked {
  const logged = / relay=([^[,]{1,300})[^ ]*, .*status=(deferred|bounced) \((.*)\)\s*$/s.exec(text);
  if (logged === null) return { id: '', reply: text.trim(), mxHost: mx, status: 'bounced' };
  const [, relay = '', status, reply = ''] = logged;
  return {
    id: '',
    reply,
    mxHost: mx !== '' || relay === 'none' ? mx : relay,
    status: status === 'deferred' ? 'deferred' : 'bounced',
  };
}
