/**
 * Messages that Postern answered for. `explain` looks them up, and a suspension finds here what is
 * already queued.
 */
import type { Account } from '../../../core/account-name.ts';
import { unsignedWhys } from '../../../core/signing/choose.ts';
import type { Ledger, MessageRow } from '../../../ports/ledger.ts';
import { instant, integer, oneOf, type Row, type Statements, text } from './statements.ts';
import { verdictKinds } from './stories.ts';

export type MessageTable = Pick<Ledger, 'messagesOf' | 'message'> & {
  put(row: MessageRow): void;
};

export function messageTable(make: Statements): MessageTable {
  // A reused queue id is another message, so the row is replaced under a new number.
  const put = make.command(
    `INSERT OR REPLACE INTO message
       (queue_id, at, account, verdict, recipients, client, sender, message_id, origin, unsigned)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const one = make.query('SELECT * FROM message WHERE queue_id = ?');
  // What mode observe only noted passed too. Both halves have an index.
  const passed = make.query(
    `SELECT * FROM (
       SELECT * FROM message WHERE account = ?1 AND at >= ?2 AND verdict = 'pass'
       UNION ALL
       SELECT message.* FROM story JOIN message ON message.queue_id = story.id
       WHERE story.account = ?1 AND story.at >= ?2 AND story.observed = 1
         AND message.at = story.at AND message.verdict <> 'pass')
     ORDER BY at DESC, id DESC LIMIT ?3`,
  );
  return {
    put(row) {
      put(
        row.queueId,
        row.at,
        row.account,
        row.verdict,
        row.recipients,
        row.client,
        row.sender,
        row.messageId,
        row.origin ?? '',
        row.unsigned === undefined ? '' : `${row.unsigned.why} ${row.unsigned.author}`,
      );
    },
    message(queueId) {
      const row = one.first(queueId);
      return row === undefined ? undefined : messageRow(row);
    },
    messagesOf: (account, since, limit) => passed.all(account, since, limit).map(messageRow),
  };
}

function messageRow(row: Row): MessageRow {
  const origin = text(row, 'origin');
  return {
    queueId: text(row, 'queue_id'),
    at: instant(row, 'at'),
    account: text(row, 'account') as Account,
    verdict: oneOf(verdictKinds, row, 'verdict'),
    recipients: integer(row, 'recipients'),
    client: text(row, 'client'),
    sender: text(row, 'sender'),
    messageId: text(row, 'message_id'),
    ...(origin === '' ? {} : { origin }),
    ...unsignedOf(text(row, 'unsigned')),
  };
}

/** A reason of another version is left out: it must not hide the message. */
function unsignedOf(stored: string): Pick<MessageRow, 'unsigned'> {
  const [word = '', ...author] = stored.split(' ');
  const why = unsignedWhys.find((one) => one === word);
  return why === undefined ? {} : { unsigned: { why, author: author.join(' ') } };
}
