/**
 * One line of the mail log, whichever way it came, → one event, or undefined: most lines say
 * nothing to the guard.
 */

import type { LogEvent, LogFact } from '../../core/event.ts';
import type { Millis } from '../../lib/time.ts';
import { dovecotFact } from './dovecot.ts';
import { postfixFact } from './postfix.ts';
import { countedAt, parseSyslog, timeOf, unfolded } from './syslog-line.ts';

export type LineReader = {
  /** Domain of logins that have none. */
  readonly defaultDomain: string;
  /** Now. */
  readonly now: Millis;
};

/** Any fact has one of these in it; looked for first, since most lines have not. */
const telling = /status=|sasl_username=|SASL |-login: |assword mismatch/;

/** A line of a log file. */
export function fileEvent(line: string, reader: LineReader): LogEvent | undefined {
  if (!telling.test(line)) return undefined;
  const parts = parseSyslog(line);
  if (parts === undefined) return undefined;
  const fact = factOf(parts.tag, parts.text, parts.times, reader.defaultDomain);
  return fact === undefined ? undefined : at(fact, timeOf(parts.stamp, reader.now), reader.now);
}

/** A record of the journal: `tag` is its SYSLOG_IDENTIFIER, `logged` in milliseconds. */
export function journalEvent(
  record: { readonly tag: string; readonly message: string; readonly logged: number },
  reader: LineReader,
): LogEvent | undefined {
  if (!telling.test(record.message)) return undefined;
  const { text, times } = unfolded(record.message);
  const fact = factOf(record.tag, text, times, reader.defaultDomain);
  return fact === undefined ? undefined : at(fact, record.logged, reader.now);
}

function factOf(
  tag: string,
  text: string,
  times: number,
  defaultDomain: string,
): LogFact | undefined {
  if (tag === 'dovecot') return dovecotFact(text, times, defaultDomain);
  return postfixFact(tag, text, times, defaultDomain);
}

function at(fact: LogFact, logged: number, now: Millis): LogEvent | undefined {
  const when = countedAt(logged, now);
  return when === undefined ? undefined : { ...fact, at: when };
}
