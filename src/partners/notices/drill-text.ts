/** Words of the notice of a drill. Nobody may take it for an incident. Pure. */
import type { Notice } from '../../core/notice.ts';

export const drillOpening: string =
  'This is a DRILL, not an incident. Postern let its canary account send mail, and checked that ' +
  'a hijacked account would be stopped. No real account and no real mail was touched.';

/** `at`: `on HOST`. A drill that found nothing wrong names no command that shows details. */
export function drillSubject(at: string, { explain }: Notice): string {
  const outcome = explain === '' ? 'all links work' : 'a link is broken';
  return `[postern] DRILL ${at}: ${outcome}`;
}
