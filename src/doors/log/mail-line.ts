/**
 * Turns one line of the mail log, from a file or the systemd journal, into an event. Most lines do
 * not matter to the guard and give undefined.
 */

import type { LogEvent, LogFact, NameFact } from '../../core/event.ts';
import type { Millis } from '../../lib/time.ts';
import { dovecotFact } from './dovecot.ts';
import { postfixFact } from './postfix.ts';
import { nameFact } from './queue-names.ts';
import { countedAt, parseSyslog, timeOf, unfolded } from './syslog-line.ts';

export type LineContext = {
  /** Appended to logins without a domain. */
  readonly defaultDomain: string;
  readonly now: Millis;
};

/** Every fact has one of these; looked for first, because most lines have none. */
const telling =
  /status=|sasl_username=|SASL |-login: |assword mismatch| uid=|orig_queue_id=|message-id=/;

/** The event of a line of a log file. */
export function fileEvent(line: string, context: LineContext): LogEvent | undefined {
  if (!telling.test(line)) return undefined;
  const parts = parseSyslog(line);
  if (parts === undefined) return undefined;
  const fact = factOf(parts.tag, parts.text, parts.times, context.defaultDomain);
  return fact === undefined ? undefined : at(fact, timeOf(parts.stamp, context.now), context.now);
}

/** The event of a journal record. `tag` is its SYSLOG_IDENTIFIER, `logged` is in milliseconds. */
export function journalEvent(
  record: { readonly tag: string; readonly message: string; readonly logged: number },
  context: LineContext,
): LogEvent | undefined {
  if (!telling.test(record.message)) return undefined;
  const { text, times } = unfolded(record.message);
  const fact = factOf(record.tag, text, times, context.defaultDomain);
  return fact === undefined ? undefined : at(fact, record.logged, context.now);
}

function factOf(
  tag: string,
  text: string,
  times: number,
  defaultDomain: string,
): LogFact | NameFact | undefined {
  if (tag === 'dovecot') return dovecotFact(text, times, defaultDomain);
  return postfixFact(tag, text, times, defaultDomain) ?? nameFact(tag, text);
}

function at(fact: LogFact | NameFact, logged: number, now: Millis): LogEvent | undefined {
  const when = countedAt(logged, now);
  return when === undefined ? undefined : { ...fact, at: when };
}
