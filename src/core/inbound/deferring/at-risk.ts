/** The notice about honest-looking mail that was put off and has not come back. Pure. */
import { shellWords } from '../../../lib/shell-words.ts';
import { dayMs, type Millis } from '../../../lib/time.ts';
import { lateAfterMs } from '../kept.ts';

export type LateMail = {
  readonly firstAt: Millis;
  readonly until: Millis;
  readonly tries: number;
  readonly sender: string;
  readonly recipient: string;
  readonly subject: string;
};

/** At most one notice in this time; mail servers try for days (RFC 5321 section 4.5.4.1). */
const toldEveryMs = dayMs;
const namedMax = 10;
const subjectMax = 60;

/** What became late since the last notice; empty while there is nothing to tell yet. */
export function newlyLate<Mail extends LateMail>(
  late: readonly Mail[],
  toldAt: Millis,
  now: Millis,
): readonly Mail[] {
  // A clock that was set back does not silence the notice.
  const last = now < toldAt ? 0 : toldAt;
  if (last > 0 && now - last < toldEveryMs) return [];
  return late.filter(({ until }) => until + lateAfterMs > last);
}

/** A sentence each. Texts of strangers are in it. */
export function lateTexts(
  mail: readonly LateMail[],
  iso: (at: Millis) => string,
): readonly string[] {
  const named = mail.slice(0, namedMax).map(({ firstAt, recipient, sender, subject, tries }) => {
    const about = subject === '' ? '' : `, “${subject.slice(0, subjectMax)}”`;
    const tried = `first tried ${iso(firstAt).slice(0, 16).replace('T', ' ')} UTC`;
    const allow = sender === '' ? '' : `: ${shellWords('postern', 'inbound', 'allow', sender)}`;
    return (
      `from ${sender === '' ? 'no sender' : sender} to ${recipient}${about}, ${tried}, ` +
      `${tries} ${tries === 1 ? 'try' : 'tries'}${allow}`
    );
  });
  const rest = mail.length - named.length;
  return rest === 0 ? named : [...named, `${rest} more: postern inbound at-risk`];
}
