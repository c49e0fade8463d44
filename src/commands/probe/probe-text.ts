/** What `postern probe` found, as text: the worst first, each fault with its transcript. Pure. */
import { probeChecks } from '../../core/probe/checks.ts';
import type { ProbeFinding, ProbeTarget } from '../../core/probe/target.ts';
import { many, plain } from '../terminal/format.ts';
import { paint } from '../terminal/table.ts';

const marks = {
  fail: ['✗ FAIL   ', 'red'],
  warn: ['! warning', 'yellow'],
  unknown: ['? unknown', 'dim'],
  ok: ['✓ ok     ', 'green'],
} as const;
const order = ['fail', 'warn', 'unknown', 'ok'] as const;
const space = ' '.repeat(10);
/** Lines of a transcript that are shown. --json has all. */
const linesMax = 16;

export function probeText(findings: readonly ProbeFinding[], target: ProbeTarget): string {
  const sorted = order.flatMap((kind) => findings.filter((one) => one.kind === kind));
  const counts = order
    .slice(0, 3)
    .map((kind) => `${findings.filter((one) => one.kind === kind).length} ${kind}`);
  const domains = target.domains.length === 0 ? 'no domain is known' : target.domains.join(', ');
  const head =
    `${target.address} as ${target.source} sees it (${domains})\n` +
    'Mail was offered up to RCPT, or broken off.\n';
  const checks = many(probeChecks.length + 1, 'check');
  return `${head}\n${sorted.map(findingText).join('')}\n${checks}: ${counts.join(', ')}\n`;
}

function findingText({ kind, title, found, wanted, fix, transcript, id }: ProbeFinding): string {
  const [mark, colour] = marks[kind];
  const head = `${paint(colour, mark)} ${title}: ${plain(found)}\n`;
  if (kind === 'ok') return head;
  const line = (label: string, text: string): string =>
    text === '' ? '' : `${space}${label}: ${plain(text)}\n`;
  const shown = transcript.slice(-linesMax).map((one) => `${space}  ${plain(one)}\n`);
  return `${head}${line('wanted', wanted)}${line('fix', fix)}${line('id', id)}${shown.join('')}`;
}
