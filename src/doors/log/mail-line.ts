/**
 * Turns one line of the mail log, from a file or the systemd journal, into events. Most lines do
 * not matter to the guard and give none.
 */

import type { DefaultDomain } from '../../core/account-name.ts';
import type { LogEvent, LogFact } from '../../core/event.ts';
import type { Millis } from '../../lib/time.ts';
import { dovecotFact } from './dovecot.ts';
import { postfixFact } from './postfix.ts';
import { queueFact } from './queue-line.ts';
import { countedAt, parseSyslog, timeOf, unfolded } from './syslog-line.ts';

export type LineContext = {
  /** Appended to logins without a domain. */
  readonly defaultDomain: DefaultDomain;
  readonly now: Millis;
};

/** Every fact has one of these; looked for first, because most lines have none. */
const telling =
  /status=|sasl_username=|SASL |-login: |assword mismatch|: client=| uid=|message-id=|ilter /;

/** The events of a line of a log file: one, two for a message that a login sent, or none. */
export function fileEvents(line: string, context: LineContext): readonly LogEvent[] {
  if (!telling.test(line)) return none;
  const parts = parseSyslog(line);
  if (parts === undefined) return none;
  const facts = factsOf(parts.tag, parts.text, parts.times, context.defaultDomain);
  return facts.length === 0 ? none : at(facts, timeOf(parts.stamp, context.now), context.now);
}

/** The events of a journal record. `tag` is its SYSLOG_IDENTIFIER, `logged` is in milliseconds. */
export function journalEvents(
  record: { readonly tag: string; readonly message: string; readonly logged: number },
  context: LineContext,
): readonly LogEvent[] {
  if (!telling.test(record.message)) return none;
  const { text, times } = unfolded(record.message);
  return at(factsOf(record.tag, text, times, context.defaultDomain), record.logged, context.now);
}

const none: readonly LogEvent[] = [];

function factsOf(
  tag: string,
  text: string,
  times: number,
  defaultDomain: DefaultDomain,
): readonly LogFact[] {
  const about =
    tag === 'dovecot'
      ? dovecotFact(text, times, defaultDomain)
      : postfixFact(tag, text, times, defaultDomain);
  const way = about?.kind === 'delivery' ? undefined : queueFact(tag, text, defaultDomain);
  return [about, way].filter((fact) => fact !== undefined);
}

function at(facts: readonly LogFact[], logged: number, now: Millis): readonly LogEvent[] {
  const when = countedAt(logged, now);
  return when === undefined ? none : facts.map((fact) => ({ ...fact, at: when }));
}
