/** Checks that the mail log shows no mail that left without a verdict. Pure. */
import { dayMs, type Millis } from '../../lib/time.ts';
import { type BypassedWay, wayText } from '../bypass.ts';
import { type Finding, fine } from '../finding.ts';

export type BypassCount = {
  readonly now: Millis;
  readonly watched: 'yes' | 'unread' | 'off';
  readonly messages: number;
  readonly ways: readonly BypassedWay[];
};

/** Ways that the finding names. */
const namedMax = 3;

/** `unknown`: no guard runs, or it does not answer. */
export function checkBypass(count: BypassCount | 'unknown'): Finding {
  const id = 'bypass.meter';
  const title = 'Mail that leaves without a verdict';
  const wanted = 'none';
  if (count === 'unknown') {
    const found = 'not known: the guard does not answer';
    return {
      id,
      kind: 'unknown',
      title,
      found,
      wanted,
      fix: 'start Postern, then run doctor again',
    };
  }
  const { messages, now, watched, ways } = count;
  const recent = ways.filter(({ last }) => now - last < dayMs);
  if (recent.length > 0) {
    const named = recent
      .slice(0, namedMax)
      .map((way) => `\n${way.messages}: ${wayText(way)}`)
      .join('');
    const found = `${messages} messages since Postern counts; see postern status`;
    const fix =
      'connect the service that took them, or the one before the filter (postern connect ' +
      `postfix); see docs/operate.md, "Does all mail go through Postern?"${named}`;
    return { id, kind: 'fail', title, found, wanted, fix };
  }
  if (watched === 'yes')
    return fine(id, title, `none in 24 hours, ${messages} since Postern counts`);
  const found =
    watched === 'off'
      ? 'not watched: no mail log is read, so Postern cannot notice it'
      : 'not watched: a mail log cannot be read, so Postern may not notice it';
  const fix =
    watched === 'off'
      ? 'set mail_log.source = "auto" in postern.toml'
      : 'let Postern read the mail log: see the finding about the mail log';
  return { id, kind: 'warn', title, found, wanted, fix };
}
