/**
 * What is known of a mail server about the question: does it accept mail that it returns later? A
 * sender address can be forged. So a notice about mail that was accepted may go to a person who
 * never wrote (RFC 5321 section 6.2). Types only.
 */

/**
 * The kinds of domains that Postfix accepts mail for and delivers to mailboxes (its address
 * classes).
 */
export type RecipientClass = 'local' | 'virtual' | 'relay';

/** Parameters with the domains and the recipients of a class. */
export const classParameters: Readonly<
  Record<RecipientClass, { readonly domains: string; readonly recipients: string }>
> = {
  local: { domains: 'mydestination', recipients: 'local_recipient_maps' },
  virtual: { domains: 'virtual_mailbox_domains', recipients: 'virtual_mailbox_maps' },
  relay: { domains: 'relay_domains', recipients: 'relay_recipient_maps' },
};

export type ClassFacts = {
  readonly kind: RecipientClass;
  /** Domains that could be listed. */
  readonly domains: readonly string[];
  /** Tables of domains that cannot be listed. */
  readonly unlisted: readonly string[];
  /** Value of the parameter with the recipients; empty: Postfix knows none, and accepts all. */
  readonly recipients: string;
  /** By which mail is delivered: `lmtp:unix:private/dovecot-lmtp`. */
  readonly transport: string;
};

/** An smtpd service that is open to strangers. */
export type PublicService = {
  readonly name: string;
  /** Why it accepts recipients that Postfix does not list; empty if it refuses them. */
  readonly accepts: string;
  /** Its restrictions at RCPT, in one text. */
  readonly restrictions: string;
  /** Where its mail goes after it was accepted; empty without a filter. */
  readonly filter: string;
};

/** An address that catches many: `@example.org`, or luser_relay. */
export type CatchAll = {
  readonly address: string;
  readonly parameter: string;
  readonly target: string;
  /**
   * `one`: a mailbox here. `here`: all addresses of another domain here. `away`: another
   * server.
   */
  readonly leadsTo: 'one' | 'here' | 'away';
};

export type DeadAlias = { readonly alias: string; readonly target: string; readonly why: string };

/** What Dovecot does when it delivers; undefined where Dovecot delivers nothing. */
export type DovecotFacts = {
  /** There are quotas. */
  readonly quota: boolean;
  /** The service of quota-status, which Postfix can ask; empty without one. */
  readonly quotaStatus: string;
  /** Users may write Sieve scripts, which may answer and reject. */
  readonly sieve: boolean;
  /** As `dovecot --version` says; the names of settings depend on it. */
  readonly version: string;
};

export type ReflectionFacts = {
  readonly classes: readonly ClassFacts[];
  readonly services: readonly PublicService[];
  /** Values of main.cf that count, with Postfix's defaults. */
  readonly values: Readonly<
    Record<
      | 'soft_bounce'
      | 'unverified_recipient_reject_code'
      | 'unknown_local_recipient_reject_code'
      | 'unknown_virtual_mailbox_reject_code'
      | 'unknown_virtual_alias_reject_code'
      | 'unknown_relay_recipient_reject_code'
      | 'delay_warning_time'
      | 'luser_relay',
      string
    >
  >;
  readonly catchAlls: readonly CatchAll[];
  readonly deadAliases: readonly DeadAlias[];
  /** Domains that stand in two classes. */
  readonly twice: readonly string[];
  /** `unread`: it is here, and its settings cannot be read. */
  readonly dovecot: DovecotFacts | 'unread' | undefined;
  /** Other servers in the MX records of our domains: `example.org: mx2.example.net`. */
  readonly otherExchangers: readonly string[];
  /** Domains of ours about whose MX records no name server answered. */
  readonly silentDomains?: readonly string[];
  /** Postern judges automatic answers of this server before they leave. */
  readonly answersJudged: boolean;
};
