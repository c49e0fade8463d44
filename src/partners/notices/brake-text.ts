/** Words of the notice that the brake came on. */
import type { Notice } from '../../core/notice.ts';

export function brakeSubject(at: string): string {
  return `[postern] the brake is on ${at}: Postern doubts its own verdicts`;
}

export const brakeOpening: string =
  'More accounts were stopped within an hour than ever before. So Postern assumes that POSTERN ' +
  'IS WRONG, and not all these accounts. Until the brake ends, no account is suspended, and a ' +
  'message is held only if two kinds of evidence agree, such as numbers and the client. Fixed ' +
  'ceilings hold as before. The brake ends automatically after an hour without more stops than ' +
  'usual.';

/** What to do next, line by line. */
export function brakeNext(explain: string): readonly string[] {
  return [
    'Look',
    `  ${explain}`,
    'When the cause is repaired: judge as before, and deliver what was held for it alone',
    '  postern brake off',
    '  postern brake release --dry-run',
    'If the accounts are really hijacked: suspend them as before',
    '  postern brake off --stops-were-right',
  ];
}

export function isBrake({ event }: Pick<Notice, 'event'>): boolean {
  return event === 'guard.brake';
}
