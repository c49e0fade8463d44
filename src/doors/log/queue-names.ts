/**
 * Reads which names a message has in Postfix's queue: a filter, and `postsuper -r`, give it a new
 * queue id. Pure, never throws.
 *
 * Only fields that Postfix itself writes are read, where Postfix writes them. `orig_queue_id` comes
 * from a client in smtpd_authorized_xforward_hosts; `orig_id` is logged for files of Postfix's own
 * user.
 */
import type { NameFact } from '../../core/event.ts';
import { addressKey } from '../../formats/message/address.ts';

const id = '([0-9A-Za-z]{5,32})';
/** Behind a login the fields contain text of a client, so nothing is read there. */
const reinjected = new RegExp(
  String.raw`^${id}: client=[^\s,[\]]{1,300}\[[0-9A-Fa-f:.]{2,45}\](?::\d+)?` +
    `, orig_queue_id=${id}(?:,|$)`,
);
const requeued = new RegExp(String.raw`^${id}: uid=\d{1,10} from=<.{0,400}> orig_id=${id}$`);
const pickedUp = new RegExp(String.raw`^${id}: uid=\d{1,10} from=<(.{0,400})>$`);
const entered = new RegExp(`^${id}: message-id=(.{1,256})$`);

/** `tag` is from syslog: `postfix/smtpd`. */
export function nameFact(tag: string, text: string): NameFact | undefined {
  if (tag.endsWith('/smtpd')) return renamed(reinjected.exec(text));
  if (tag.endsWith('/cleanup')) {
    const [, queueId = '', messageId = ''] = entered.exec(text) ?? [];
    return queueId === '' ? undefined : { kind: 'entered', queueId, messageId };
  }
  if (!tag.endsWith('/pickup')) return undefined;
  const again = renamed(requeued.exec(text));
  if (again !== undefined) return again;
  const [, queueId = '', sender = ''] = pickedUp.exec(text) ?? [];
  return queueId === '' ? undefined : { kind: 'picked-up', queueId, sender: addressKey(sender) };
}

function renamed(found: RegExpExecArray | null): NameFact | undefined {
  const [, queueId = '', before = ''] = found ?? [];
  return queueId === '' || queueId === before ? undefined : { kind: 'renamed', before, queueId };
}
