/** Found messages as text for a terminal. Pure. */
import type { FindAnswer, FoundView } from '../../ports/asking.ts';
import { cutTo, many, plain } from '../terminal/format.ts';
import { clock, table } from '../terminal/table.ts';

const subjectMax = 40;

export function findText({ found, more, remarks }: FindAnswer): string {
  const said = remarks.map((one) => `${plain(one)}\n`).join('');
  if (found.length === 0) return said;
  const rest = more ? 'More exist: narrow the search, or give a larger --limit.\n' : '';
  return (
    `${foundTable(found)}\n${many(found.length, 'message')}, newest first.\n${rest}` +
    `${said}One message in full: postern explain ID\n`
  );
}

function foundTable(found: readonly FoundView[]): string {
  return table(
    [
      { title: 'TIME' },
      { title: 'ID' },
      { title: 'ACCOUNT' },
      { title: 'SUBJECT' },
      { title: 'RECIPIENTS' },
      { title: 'OUTCOME' },
    ],
    found.map((one) => [
      clock(one.at),
      one.id === '' ? '—' : plain(one.id),
      one.account === '' ? '—' : plain(one.account),
      subjectCell(one),
      recipientsCell(one),
      one.became,
    ]),
  );
}

/** A dash where it is not kept. */
export function subjectCell({ subject }: Pick<FoundView, 'subject'>): string {
  if (subject === '') return '—';
  return cutTo(plain(subject), subjectMax);
}

/** The first address, or how many there are. */
export function recipientsCell(one: Pick<FoundView, 'recipients' | 'recipientCount'>): string {
  const [first] = one.recipients;
  if (first === undefined) return one.recipientCount === 0 ? '—' : String(one.recipientCount);
  const more = one.recipientCount - 1;
  return more > 0 ? `${plain(first)} +${more}` : plain(first);
}
