/** Findings as text: the mark of each kind, the worst first, how many of each. Pure. */
import type { Finding, FindingKind } from '../../core/finding.ts';
import { paint } from './table.ts';

const order: readonly FindingKind[] = ['fail', 'warn', 'unknown', 'ok'];
const marks: Readonly<Record<FindingKind, readonly [string, 'red' | 'yellow' | 'green' | 'dim']>> =
  {
    fail: ['✗ FAIL   ', 'red'],
    warn: ['! warning', 'yellow'],
    unknown: ['? unknown', 'dim'],
    ok: ['✓ ok     ', 'green'],
  };
/** Columns of a mark and the space after it. */
export const markWidth = 10;

/** The mark of a kind, without colours. */
export function plainMark(kind: FindingKind): string {
  return marks[kind][0];
}

export function findingMark(kind: FindingKind): string {
  const [mark, colour] = marks[kind];
  return paint(colour, mark);
}

export function worstFirst<One extends Finding>(findings: readonly One[]): readonly One[] {
  return order.flatMap((kind) => findings.filter((one) => one.kind === kind));
}

/** `1 fail, 0 warn, 2 unknown` */
export function findingCounts(findings: readonly Finding[]): string {
  return order
    .filter((kind) => kind !== 'ok')
    .map((kind) => `${findings.filter((one) => one.kind === kind).length} ${kind}`)
    .join(', ');
}
