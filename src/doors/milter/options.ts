/** The settings of the milter door, with defaults that suit Postfix as Debian ships it. */

import type { DefaultDomain } from '../../core/account-name.ts';
import { localTransports } from '../../formats/postfix/local-transports.ts';
import { minuteMs, secondMs } from '../../lib/time.ts';

export type MilterOptions = {
  /** Which account a login is. */
  readonly defaultDomain: DefaultDomain;
  /** Postfix transports that deliver to this server's own users: such mail does not leave. */
  readonly localTransports: Pick<ReadonlySet<string>, 'has'>;
  /**
   * This server's own domains (formats/postfix/own-domains.ts): mail for them does not leave,
   * whatever its transport.
   */
  readonly localDomains: ReadonlySet<string>;
  /**
   * Tells whether the address of a client allows it to relay. Mail that such a client sends
   * elsewhere is signed.
   */
  readonly mayRelay: (client: string) => boolean;
  /** Values of {daemon_name} that tell of mail that did not come by SMTP. */
  readonly localDaemons: ReadonlySet<string>;
  readonly webmail: {
    /** The field in which a webmail writes the person's address; empty: none. */
    readonly field: string;
    /** Is it the address of a host with a webmail? */
    readonly isHost: (client: string) => boolean;
    /** Values of {daemon_name} of services that only a webmail can use. */
    readonly services: ReadonlySet<string>;
  };
  /**
   * Whether a login counts that the client only claims (XCLIENT LOGIN): not while programs of any
   * user of this machine can claim one.
   */
  readonly believesXclient: () => boolean;
  /** The mail server writes logins with `+XX` for special characters (RFC 3461 section 4). */
  readonly xtextLogins: boolean;
  /** The domain that somebody has registered, of the host of a link. */
  readonly siteOf: (host: string) => string;
  /**
   * After this time without an answer, the client gets a temporary refusal. Far below Postfix's
   * milter_content_timeout, 300 s.
   */
  readonly answerMs: number;
  /**
   * While there is no answer yet, Postern tells the mail server after each such time that it is
   * still there. So a mail server may use a short time limit (milter_content_timeout), and a guard
   * that hangs delays a message no longer than that.
   */
  readonly progressMs: number;
};

export const milterDefaults: MilterOptions = {
  defaultDomain: '',
  localTransports: new Set(localTransports),
  localDomains: new Set(),
  mayRelay: (client) => client === '127.0.0.1' || client === '::1',
  localDaemons: new Set(),
  webmail: { field: '', isHost: () => false, services: new Set() },
  believesXclient: () => true,
  xtextLogins: false,
  siteOf: (host) => host,
  answerMs: minuteMs,
  progressMs: 1.5 * secondMs,
};
