/** One result of a check: what was found, what is wanted, and how to fix it. Pure. */

/** `unknown`: it could not be checked. */
export type FindingKind = 'ok' | 'warn' | 'fail' | 'unknown';
export type Finding = {
  /** Stable, `postfix.submission.milter`. */
  readonly id: string;
  readonly kind: FindingKind;
  readonly title: string;
  readonly found: string;
  /** Empty when `kind` is ok. */
  readonly wanted: string;
  /** What to do; empty where there is nothing to do. */
  readonly fix: string;
};

export function fine(id: string, title: string, found: string): Finding {
  return { id, kind: 'ok', title, found, wanted: '', fix: '' };
}

/** The first of these names, and how many more there are. */
export function someOf(names: readonly string[], max: number): string {
  const more = names.length - max;
  return `${names.slice(0, max).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/**
 * A finding as `--json` prints it. Version 0.1 called the field `fix` by another name; programs
 * that read the old name still find it in this version.
 */
export function findingJson(finding: Finding): Finding & { readonly mend: string } {
  return { ...finding, mend: finding.fix };
}

/** The worst kind among the findings. A command's exit code follows from it. */
export function worst(findings: readonly Finding[]): FindingKind {
  const order: readonly FindingKind[] = ['fail', 'warn', 'unknown', 'ok'];
  return order.find((kind) => findings.some((one) => one.kind === kind)) ?? 'ok';
}
