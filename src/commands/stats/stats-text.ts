/** Statistics as a table for a terminal, and as comma-separated values. Pure. */
import { dayMs } from '../../lib/time.ts';
import type { StatsAnswer, StatsKind, StatsLine, Tally } from '../../ports/stats.ts';
import { many, plain } from '../terminal/format.ts';
import { type Column, paint, table } from '../terminal/table.ts';

const titles: Readonly<Record<StatsKind, string>> = {
  account: 'ACCOUNT',
  script: 'SCRIPT',
  domain: 'FROM DOMAIN',
  provider: 'TO',
  rule: 'RULE',
  day: 'DAY',
};

export function statsText(answer: StatsAnswer): string {
  const { by } = answer.query;
  const head = totalText(answer);
  if (answer.lines.length === 0) return `${head}\n${nothing(by)}\n`;
  const scored = answer.total.scored > 0;
  const columns: Column[] = [{ title: titles[by] }, ...rightOf(by, scored)];
  const rows = answer.lines.map((line) => [plain(line.key), ...cells(line, by, scored)]);
  const left = answer.keys - answer.lines.length;
  const more = left > 0 ? `and ${many(left, `more ${by}`)}; --limit shows more\n` : '';
  return `${head}\n${table(columns, rows)}${more}`;
}

function totalText({ query, total }: StatsAnswer): string {
  const span = `${date(query.since)} to ${date(query.until)}`;
  const sent = `${number(total.messages)} messages to ${number(total.recipients)} recipients`;
  const stopped = total.stopped === 0 ? '' : `, ${number(total.stopped)} stopped`;
  const first = `${span}: ${sent}${stopped}.\n`;
  if (total.scored === 0)
    return `${first}No message was scanned; see postern connect spamassassin.\n`;
  const viruses = total.viruses === 0 ? '' : `, ${many(total.viruses, 'virus', 'viruses')}`;
  const cost =
    total.scans === 0
      ? ''
      : `Scans delayed a message by ${Math.round(total.scanMs / total.messages)} ms on average.\n`;
  return (
    `${first}${number(total.scored)} messages have a score; ${share(total)} look like ` +
    `spam${viruses}. 50 % score below ${points(total.p50)} points, 90 % below ` +
    `${points(total.p90)} points.\n` +
    `${number(total.scans)} scans were made, ${number(total.reused)} results of a copy were ` +
    `reused, ${number(total.unscanned)} messages were not scanned.\n${cost}`
  );
}

function rightOf(by: StatsKind, scored: boolean): readonly Column[] {
  const names = ['MESSAGES', 'RECIPIENTS'];
  if (by === 'rule') names.push('POINTS', 'MEAN', 'BEFORE');
  else {
    names.push('STOPPED');
    if (scored) names.push('SPAM', 'SHARE', 'MEDIAN', '90 %', 'MEAN', 'BEFORE');
  }
  return names.map((title) => ({ title, align: 'right' }));
}

function cells(line: StatsLine, by: StatsKind, scored: boolean): readonly string[] {
  const sent = [number(line.messages), number(line.recipients)];
  const before = line.meanBefore === undefined ? '' : points(line.meanBefore);
  if (by === 'rule') return [...sent, number(Math.round(line.points)), points(line.mean), before];
  sent.push(number(line.stopped));
  if (!scored) return sent;
  const spam = line.spam + line.viruses;
  const shown = [paint(spam > 0 ? 'red' : 'dim', number(spam)), share(line)];
  if (line.scored === 0) return [...sent, ...shown, '', '', '', before];
  return [...sent, ...shown, points(line.p50), points(line.p90), points(line.mean), before];
}

function nothing(by: StatsKind): string {
  if (by === 'script') {
    return (
      'No web script is known to have sent mail in this time. Postern sees scripts only\n' +
      'where it is the sendmail of this machine: sudo postern connect sendmail'
    );
  }
  if (by === 'rule') return 'No rule matched in this time.';
  return 'No mail was counted in this time.';
}

const numbers = [
  ...(['messages', 'recipients', 'stopped', 'scored', 'spam', 'viruses'] as const),
  ...(['mean', 'p50', 'p90', 'p99', 'scans', 'reused', 'unscanned', 'scanMs'] as const),
];

export function statsCsv({ query, lines }: StatsAnswer): string {
  const head = [query.by, ...numbers, 'meanBefore'].join(',');
  const rows = lines.map((line) =>
    [
      quoted(line.key),
      ...numbers.map((name) => String(line[name])),
      line.meanBefore === undefined ? '' : String(line.meanBefore),
    ].join(','),
  );
  return `${[head, ...rows].join('\n')}\n`;
}

/** A field of CSV. Text that a spreadsheet would take for a formula gets a quote in front. */
function quoted(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\n\r']/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function share({ spam, viruses, scored, messages }: Tally): string {
  const part = Math.min(1, (spam + viruses) / Math.max(1, scored === 0 ? messages : scored));
  return `${(100 * part).toFixed(part > 0 && part < 0.1 ? 1 : 0)} %`;
}

const points = (value: number): string => value.toFixed(1);
const number = (value: number): string => value.toLocaleString('en-US');
const date = (day: number): string => new Date(day * dayMs).toISOString().slice(0, 10);
