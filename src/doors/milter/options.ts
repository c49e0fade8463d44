/**
 * What the operator can set about the milter door, with values that suit Postfix as Debian ships
 * it.
 */

import { localTransports } from '../../formats/postfix/local-transports.ts';
import { minuteMs, secondMs } from '../../lib/time.ts';

export type MilterOptions = {
  /** Put behind logins that have no domain. */
  readonly defaultDomain: string;
  /**
   * Postfix transports by which this server delivers to its own users: mail for them does not
   * leave.
   */
  readonly localTransports: ReadonlySet<string>;
  /**
   * Own domains (mail/own-domains.ts): mail for them does not leave, whatever transport brings it
   * there.
   */
  readonly localDomains: ReadonlySet<string>;
  /**
   * May the client with this address relay because of it? What it sends elsewhere is ours to sign.
   */
  readonly mayRelay: (client: string) => boolean;
  /** Values of {daemon_name} that mean mail which did not come by SMTP. */
  readonly localDaemons: ReadonlySet<string>;
  /** The mail server writes logins with `+XX` for special characters (RFC 3461 section 4). */
  readonly xtextLogins: boolean;
  /**
   * No answer after this long: the client is asked to come again. Well below Postfix's
   * milter_content_timeout, 300 s.
   */
  readonly answerMs: number;
  /**
   * While there is no answer yet, the mail server hears from us this often; Sendmail and Postfix
   * wait 10 s at least.
   */
  readonly progressMs: number;
};

export const milterDefaults: MilterOptions = {
  defaultDomain: '',
  localTransports: new Set(localTransports),
  localDomains: new Set(),
  mayRelay: (client) => client === '127.0.0.1' || client === '::1',
  localDaemons: new Set(),
  xtextLogins: false,
  answerMs: minuteMs,
  progressMs: 5 * secondMs,
};
