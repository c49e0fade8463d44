/** The report of one drill: its links, its outcome, and its text. Pure. */
import type { Millis } from '../../lib/time.ts';
import type { LinkResult } from './links.ts';

export type DrillReport = {
  readonly at: Millis;
  readonly tookMs: number;
  readonly host: string;
  /** True if no link failed and every one was reached. */
  readonly fine: boolean;
  readonly links: readonly LinkResult[];
  /** What became of the dead man's ping: `sent`, `unset`, `not due`, or why it failed. */
  readonly ping: string;
};

/** Is every link fine, or not configured? Without any link nothing was shown to work. */
export function allFine(links: readonly LinkResult[]): boolean {
  return links.length > 0 && links.every(({ state }) => state === 'fine' || state === 'unset');
}

export function firstFailed(links: readonly LinkResult[]): LinkResult | undefined {
  return links.find(({ state }) => state === 'failed');
}

/** One sentence without a full stop: `15 links work, 1 failed (Dovecot refuses …), 2 not tried`. */
export function drillSummary(links: readonly LinkResult[]): string {
  const many = (state: LinkResult['state']): number =>
    links.filter((link) => link.state === state).length;
  const works = `${many('fine')} of ${links.length} links work`;
  const failed = links.filter(({ state }) => state === 'failed');
  const unset = many('unset') > 0 ? `, ${many('unset')} not configured` : '';
  if (allFine(links)) return `${works}${unset}`;
  const names = failed.map(({ id }) => id).join(', ');
  const broken = failed.length > 0 ? `, ${failed.length} failed (${names})` : '';
  const beyond = many('not reached');
  return `${works}${broken}${beyond > 0 ? `, ${beyond} not reached` : ''}${unset}`;
}

const marks = { fine: 'ok', failed: 'FAIL', 'not reached': '--', unset: 'unset' } as const;
/** Columns of the longest name of a link, and one more. */
const nameColumns = 11;

/** The whole report for a terminal: first what failed first, then every link. */
export function drillText(report: DrillReport): string {
  const first = firstFailed(report.links);
  const head =
    first === undefined
      ? `DRILL on ${report.host}: ${drillSummary(report.links)}.`
      : `DRILL on ${report.host} failed. First broken link: ${first.id} (${first.title}).\n` +
        `Seen: ${first.saw}\nFix:  ${first.fix}\n${drillSummary(report.links)}.`;
  const lines = report.links.map(({ id, state, title, saw }) => {
    return `${marks[state].padEnd(6)} ${id.padEnd(nameColumns)} ${title}: ${saw}`;
  });
  const others = report.links
    .filter((link) => link.state === 'failed' && link !== first)
    .map(({ id, fix }) => `Fix of ${id}: ${fix}`);
  const ping = report.ping === 'unset' ? [] : [`Dead man's ping: ${report.ping}`];
  return `${[head, '', ...lines, ...others, ...ping].join('\n')}\n`;
}
