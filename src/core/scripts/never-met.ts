/**
 * The sentence about mail that programs handed in and that Postfix never showed to the milter door:
 * how many messages, for how long, and the likely cause. Pure.
 */
import { during, minuteMs } from '../../lib/time.ts';

const start = 'mail handed in by programs was never met at the milter door:';

/** `unmarked`: messages of this machine that the milter door met without Postern's field. */
export function neverMet(of: {
  readonly count: number;
  readonly forMs: number;
  readonly unmarked: number;
}): string {
  const { count, forMs, unmarked } = of;
  const messages = count === 1 ? '1 message' : `${count} messages`;
  const cause =
    unmarked > 0
      ? 'mail of this machine comes there without the field X-Postern-Submission, so something ' +
        'before Postern removes it (header_checks of Postfix, or another milter)'
      : 'no mail of this machine comes there, so non_smtpd_milters does not name Postern, or ' +
        'header_checks discards the mail';
  const waited = during(Math.floor(forMs / minuteMs) * minuteMs);
  return `${start} ${messages}, the oldest for ${waited}; ${cause}`;
}

/** Whether one of the guard's troubles is that sentence. */
export const isNeverMet = (trouble: string): boolean => trouble.startsWith(start);
