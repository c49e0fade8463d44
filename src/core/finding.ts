/** One result of a check: what was found, what is wanted, and how to mend it. Pure. */
export type FindingKind = 'ok' | 'warn' | 'fail' | 'unknown';
export type Finding = {
  /** Stable, `postfix.submission.milter`. */
  readonly id: string;
  readonly kind: FindingKind;
  readonly title: string;
  readonly found: string;
  /** Empty where all is well. */
  readonly wanted: string;
  /** What to do; empty where nothing is. */
  readonly mend: string;
};

export function fine(id: string, title: string, found: string): Finding {
  return { id, kind: 'ok', title, found, wanted: '', mend: '' };
}

/** Doctor fails for what fails; a warning alone does not wake anybody. */
export function worst(findings: readonly Finding[]): FindingKind {
  const order: readonly FindingKind[] = ['fail', 'warn', 'unknown', 'ok'];
  return order.find((kind) => findings.some((one) => one.kind === kind)) ?? 'ok';
}
