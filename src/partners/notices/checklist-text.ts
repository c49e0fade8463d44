/** Words of the nightly mail of the checklist. `at` has no line breaks. */
import type { Notice } from '../../core/notice.ts';

/** Counts by state, the worst first. A state is the signal of a reason. */
export function checklistSubject(at: string, { reasons }: Notice): string {
  const states = ['broken', 'missing', 'unknown', 'done', 'not needed'];
  const counts = states.flatMap((state) => {
    const count = reasons.filter(({ signal }) => signal === state).length;
    return count === 0 ? [] : [`${count} ${state}`];
  });
  const due = reasons.filter(({ signal }) => signal === 'due').length;
  if (due > 0) counts.push(`${due} due soon`);
  return `[postern] changes in the checklist ${at}: ${counts.join(', ')}`;
}

export const checklistOpening: string =
  'Since the last night, this changed in the checklist of this server, or breaks soon. When ' +
  'there is nothing to tell, no such mail comes.';
