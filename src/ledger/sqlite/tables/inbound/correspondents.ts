/** Who has written to mailboxes here, and which accounts have used a domain. */
import { type DomainUse, lastUse, useKinds } from '../../../../core/correspondents/domain-use.ts';
import { assert } from '../../../../lib/assert.ts';
import type {
  CorrespondentLedger,
  CorrespondentsOlderThan,
  CorrespondentsWrite,
} from '../../../../ports/inbound/correspondents.ts';
import { instant, integer, type Row, type Statements } from '../statements.ts';

export type CorrespondentTable = CorrespondentLedger & {
  put(row: CorrespondentsWrite): void;
};

export function correspondentTable(make: Statements): CorrespondentTable {
  const one = make.query('SELECT day FROM correspondent WHERE mailbox = ? AND sender = ?');
  const countAll = make.query('SELECT count(*) AS n FROM correspondent');
  const countOf = make.query('SELECT count(*) AS n FROM correspondent WHERE mailbox = ?');
  const use = make.query('SELECT first_at, users FROM domain_use WHERE kind = ? AND key = ?');
  const countUses = make.query('SELECT count(*) AS n FROM domain_use WHERE kind = ?');
  const put = make.command(
    'INSERT OR REPLACE INTO correspondent (mailbox, sender, day) VALUES (?, ?, ?)',
  );
  const dropOldest = make.command(
    `DELETE FROM correspondent WHERE mailbox = ?1 AND sender IN
       (SELECT sender FROM correspondent WHERE mailbox = ?1 ORDER BY day LIMIT ?2)`,
  );
  const putUse = make.command(
    'INSERT OR REPLACE INTO domain_use (kind, key, first_at, day, users) VALUES (?, ?, ?, ?, ?)',
  );
  return {
    correspondent(mailbox, sender) {
      const row = one.first(mailbox, sender);
      return row === undefined ? undefined : integer(row, 'day');
    },
    countCorrespondents(mailbox) {
      const row = mailbox === undefined ? countAll.first() : countOf.first(mailbox);
      return integer(row ?? {}, 'n');
    },
    domainUse(kind, key) {
      const row = use.first(useKinds.indexOf(kind), key);
      return row === undefined ? undefined : useOf(row);
    },
    countDomainUses: (kind) => integer(countUses.first(useKinds.indexOf(kind)) ?? {}, 'n'),
    put({ pairs, uses }) {
      for (const { mailbox, sender, day, drops } of pairs()) {
        if (drops > 0) dropOldest(mailbox, drops);
        put(mailbox, sender, day);
      }
      for (const row of uses()) {
        const users = new Uint8Array(Uint32Array.from(row.users).buffer);
        putUse(useKinds.indexOf(row.kind), row.key, row.firstAt, lastUse(row), users);
      }
    },
  };
}

function useOf(row: Row): DomainUse {
  const { users } = row;
  assert(users instanceof Uint8Array, 'users are octets');
  // A copy begins where a number may begin.
  return { firstAt: instant(row, 'first_at'), users: [...new Uint32Array(users.slice().buffer)] };
}

/** Removes rows that are too old, some of each kind. */
export function correspondentPruner(
  make: Statements,
  sliceRows: number,
): (olderThan: CorrespondentsOlderThan) => void {
  const pair = make.command(
    `DELETE FROM correspondent WHERE (mailbox, sender) IN
       (SELECT mailbox, sender FROM correspondent WHERE day < ? LIMIT ${sliceRows})`,
  );
  const use = make.command(
    `DELETE FROM domain_use WHERE (kind, key) IN
       (SELECT kind, key FROM domain_use WHERE kind = ? AND day < ? LIMIT ${sliceRows})`,
  );
  return ({ pairs, uses }) => {
    pair(pairs);
    for (const [place, kind] of useKinds.entries()) use(place, uses[kind]);
  };
}
