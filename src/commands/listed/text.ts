/** What blocklists say, as text: where we are listed, what to do, what is not known. Pure. */
import type { ListedRow } from '../../core/listed/ask.ts';
import type { BlockList } from '../../core/listed/lists.ts';
import { many, plain } from '../terminal/format.ts';
import { paint, wrapped } from '../terminal/table.ts';

export type ListedAnswer = {
  readonly rows: readonly ListedRow[];
  /** Why no address of ours is known; empty if some are. */
  readonly unfound: string;
};

const width = 100;
const indent = 10;

export function listedText({ rows, unfound }: ListedAnswer): string {
  const subjects = [...new Set(rows.map(({ subject }) => subject))];
  const parts = subjects.map((subject) =>
    subjectText(
      subject,
      rows.filter((row) => row.subject === subject),
    ),
  );
  const silent = new Map<BlockList, string>();
  for (const row of rows) if (row.state === 'unknown') silent.set(row.list, row.why);
  if (silent.size > 0) {
    const lines = [...silent].flatMap(([{ zone }, why]) => field(zone, plain(why)));
    parts.push(`Not known, which means neither listed nor clean:\n${lines.join('')}`);
  }
  if (unfound !== '') {
    const text =
      `Our addresses were not asked about: ${plain(unfound)}. Name them after the command, ` +
      'or set identity.addresses in postern.toml.';
    parts.push(
      wrapped(text, width)
        .map((line) => `${line}\n`)
        .join(''),
    );
  }
  const listed = rows.filter(({ state }) => state === 'listed').length;
  const answered = rows.filter(({ state }) => state !== 'unknown').length;
  const about = many(subjects.length, 'address or domain', 'addresses and domains');
  const asked = `${many(answered, 'answer')} about ${about}`;
  parts.push(`${listed} listed. ${asked}; ${rows.length - answered} not known.\n`);
  return parts.join('\n');
}

function subjectText(subject: string, rows: readonly ListedRow[]): string {
  const clean = rows.flatMap(({ list, state }) => (state === 'clean' ? [list.zone] : []));
  const lines = rows.flatMap((row) => {
    if (row.state !== 'listed') return [];
    const { codes, list, meaning, reason } = row;
    return [
      `  ${paint('red', 'LISTED')}  ${list.zone} (${codes.join(', ')})\n`,
      ...field('meaning', meaning),
      ...(reason === '' ? [] : field('reason', plain(reason))),
      ...field('removal', list.removal),
      ...field('lasts', list.lasts),
    ];
  });
  if (clean.length > 0) {
    const [first = '', ...more] = wrapped(clean.join(', '), width - indent);
    lines.push(`  clean   ${first}\n`, ...more.map((line) => `${' '.repeat(indent)}${line}\n`));
  }
  if (lines.length === 0) lines.push('  unknown: no list answered\n');
  return `${paint('bold', plain(subject))}\n${lines.join('')}`;
}

function field(name: string, text: string): readonly string[] {
  const lines = wrapped(`${name}: ${text}`, width - indent - 2);
  return lines.map((line, nth) => `${' '.repeat(nth === 0 ? indent : indent + 2)}${line}\n`);
}
