/** What `postern probe` found, as text: the worst first, each fault with its transcript. Pure. */
import type { ProbeFinding, ProbeTarget } from '../../core/probe/target.ts';
import { findingCounts, findingMark, markWidth, worstFirst } from '../terminal/findings.ts';
import { many, plain } from '../terminal/format.ts';

const space = ' '.repeat(markWidth);
/** Lines of a transcript that are shown. --json has all. */
const linesMax = 16;

/** `checks`: how many were run. */
export function probeText(
  findings: readonly ProbeFinding[],
  target: ProbeTarget,
  checks: number,
): string {
  const domains = target.domains.length === 0 ? 'no domain is known' : target.domains.join(', ');
  const head =
    `${target.address} as ${target.source} sees it (${domains})\n` +
    'Mail was offered up to RCPT, or broken off.\n';
  const texts = worstFirst(findings).map(findingText);
  return `${head}\n${texts.join('')}\n${many(checks, 'check')}: ${findingCounts(findings)}\n`;
}

function findingText({ kind, title, found, wanted, fix, transcript, id }: ProbeFinding): string {
  const head = `${findingMark(kind)} ${title}: ${plain(found)}\n`;
  if (kind === 'ok') return head;
  const line = (label: string, text: string): string =>
    text === '' ? '' : `${space}${label}: ${plain(text)}\n`;
  const shown = transcript.slice(-linesMax).map((one) => `${space}  ${plain(one)}\n`);
  return `${head}${line('wanted', wanted)}${line('fix', fix)}${line('id', id)}${shown.join('')}`;
}
