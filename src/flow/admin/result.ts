/** Answers to the operator about something that was done and then written to the ledger. Pure. */
import type { AdminResult } from '../../ports/admin.ts';

/** The answer for what was done; not ok if the ledger could not be written in time. */
export function writtenResult(kept: boolean, text: string, count: number): AdminResult {
  if (kept) return { ok: true, text, count };
  return {
    ok: false,
    text: `${text}; done, but the ledger could not be written`,
    hint: 'see postern doctor: most often the disk is full',
  };
}

/** A detail of the audit trail: what was done, then more about it if there is any. */
export function detailed(what: string, more: string): string {
  return more === '' ? what : `${what}: ${more}`;
}
