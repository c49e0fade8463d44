/** Events of accounts, as the guard gets them from the live doors, from a replay and in tests. */

import type { Millis } from '../lib/time.ts';
import type { Account } from './account-name.ts';
import type { AuthorsFinding } from './authors-finding.ts';
import type { Scan } from './scan/report.ts';
import type { ScriptFinding, ScriptMail } from './script-mail.ts';

/**
 * One submitted message. Recipients are address keys (formats/message/address.ts), without
 * duplicates.
 */
export type Submission = {
  readonly kind: 'send';
  /** Postfix's queue id, or the id in a replay. Empty if the door does not know one. */
  readonly id: string;
  readonly at: Millis;
  readonly account: Account;
  /** Recipients elsewhere. */
  readonly outside: readonly string[];
  /** Recipients of this server. They count far less. */
  readonly local: readonly string[];
  /** Client IP address, as text. */
  readonly client?: string;
  readonly clientPort?: number;
  /** The mail server's end of the connection with the client. */
  readonly server?: { readonly address: string; readonly port: number };
  /** Envelope sender, address key; empty for the null sender. */
  readonly sender?: string;
  /** Address key of the first mailbox in the From field. */
  readonly headerFrom?: string;
  /**
   * All From fields as the mail server shows them, one octet a character; not of mail with a login.
   * An empty one stands where there are more than the door keeps.
   */
  readonly fromFields?: readonly string[];
  readonly subject?: string;
  readonly messageId?: string;
  readonly sizeBytes?: number;
  /**
   * A digest of the body that ignores names, numbers and links (formats/message/fingerprint.ts).
   */
  readonly fingerprint?: string;
  /** The result of scanning, where mail is scanned. */
  readonly scan?: Scan;
  /** The user that handed the message to sendmail(1), as the mail log says; for a replay. */
  readonly uid?: number;
  /** Path of the script that handed the message over, if known. */
  readonly script?: string;
  /** The message as the sendmail door got it. */
  readonly handed?: ScriptMail;
  /** What the register of scripts says about that. */
  readonly scriptFinding?: ScriptFinding;
  /** Why no key signs it, and authors that its account may not use. */
  readonly authors?: AuthorsFinding;
  /** What the client's program and the text look like, where the door sees that. */
  readonly traits?: Traits;
  /** The service of the mail server that took it, if only a webmail can use that service. */
  readonly service?: string;
  /**
   * The person's address as a field of the message says. It counts only where a webmail host handed
   * the message in (flow/webmail).
   */
  readonly clientField?: string;
  /** The webmail that handed it in: its address, or the service. `client` is the person's then. */
  readonly webmail?: string;
};

/**
 * What a door sees of the client's program and of the text. A trait that is absent was not looked
 * at; an empty one was looked at, and nothing was there.
 */
export type Traits = {
  /** The Message-ID that the message answers, as it says; without its brackets. */
  readonly inReplyTo?: string;
  /** What the client said in EHLO. */
  readonly helo?: string;
  /** Version and cipher of TLS. */
  readonly tls?: string;
  /** The SASL mechanism. */
  readonly auth?: string;
  /** User-Agent or X-Mailer: program and version. */
  readonly mailer?: string;
  /** Offset in the Date field: `+0100`. */
  readonly zone?: string;
  /** The Message-ID with what differs in each made alike (core/traits/message-id-form.ts). */
  readonly messageIdForm?: string;
  /** Registered domains of the links in the body, once each, in lower case. */
  readonly links?: readonly string[];
  /** Kinds of attachments: `pdf`, `zip`. */
  readonly attachments?: readonly string[];
  /** Whether it has a List-Unsubscribe field. */
  readonly list?: boolean;
  /** Handed in by a webmail host: then `client` is the person's address. */
  readonly via?: 'webmail';
};

/** What is known of a message besides its recipients. */
export type MessageFacts = Omit<Submission, 'outside' | 'local'>;

/** An authentication, good or bad. */
export type LoginSeen = {
  readonly kind: 'login';
  readonly at: Millis;
  readonly account: Account;
  readonly client: string;
  readonly ok: boolean;
  /** Who was asked; `imap` is POP3 too. Webmail: `client` is the person's address. */
  readonly protocol?: 'imap' | 'smtp' | 'webmail';
  /** As of Traits. */
  readonly auth?: string;
  readonly tls?: string;
};

/** Mail from outside that was accepted for a mailbox here. */
export type MailReceived = {
  readonly kind: 'receive';
  readonly at: Millis;
  readonly account: Account;
  /** Address key of the author outside. */
  readonly sender: string;
  /** SPF or DKIM passed for the domain of `sender`. */
  readonly proved: boolean;
  /** The content filter did not take it for spam. */
  readonly wanted: boolean;
  /** Without angle brackets; empty without one. */
  readonly messageId: string;
};

/** What happened to one recipient of a message. */
export type DeliverySeen = {
  readonly kind: 'delivery';
  readonly at: Millis;
  readonly account: Account;
  readonly recipient: string;
  readonly outcome: 'sent' | 'deferred' | 'bounced';
  /** The complete reply of the remote server. */
  readonly reply: string;
  /** The recipient had written to the account before the account wrote to them. */
  readonly wroteFirst?: boolean;
  /** When the message was handed in. */
  readonly sentAt?: Millis;
  /** What the reply holds against the mail or its amount; absent if it holds nothing. */
  readonly answer?: SenderAnswer;
};

/** A reply that is about what the account sends, or how much. */
export type SenderAnswer = {
  readonly about: 'content' | 'rate';
  /** Id of the provider, or the domain that somebody has registered. */
  readonly site: string;
  /** A large provider and one of its own domains: no outsider decides what it answers. */
  readonly isProvider: boolean;
};

/** What one line of the mail log says, without its time. */
export type LogFact =
  /** `account` is undefined if the line does not name it; `times` is how many logins it reports. */
  | {
      readonly kind: 'login';
      readonly account: Account | undefined;
      readonly client: string;
      readonly ok: boolean;
      readonly times: number;
      /** Who was asked, if the line says so. Webmail: `client` is the person's address. */
      readonly protocol?: LoginSeen['protocol'];
      /** As of Traits; absent if no line says it. */
      readonly auth?: string;
      readonly tls?: string;
    }
  /** The password service found a wrong password. The failed login is in another line. */
  | { readonly kind: 'mismatch'; readonly account: Account; readonly client: string }
  | {
      readonly kind: 'delivery';
      readonly queueId: string;
      readonly recipient: string;
      /** The recipient before aliases were expanded; the same if there was none. */
      readonly original: string;
      readonly outcome: 'sent' | 'deferred' | 'bounced';
      readonly reply: string;
      /** The new queue id, if a filter on this machine handed the message back; else empty. */
      readonly requeuedAs: string;
      /** Postfix's program that tried it, with the instance: `postfix/relay/smtp`. */
      readonly service: string;
      /** `here`: the other server is on this machine, a filter or a tunnel. `none`: no answer. */
      readonly relay: 'none' | 'here' | 'other';
      /** The id that the next server, on any machine, names (`queued as`); else empty. */
      readonly nextId: string;
      /** Enhanced status code (RFC 3463); empty if the line has none. */
      readonly status: string;
      /** Name and address of the server that was tried; empty if it was none, or a program. */
      readonly mxHost: string;
      readonly mxAddress: string;
      /** Our address from which it was tried; empty if the line does not say. */
      readonly from: string;
      /** Since the message came in. 0 if the line does not say. */
      readonly delaySeconds: number;
    }
  | QueueFact
  | FateFact;

/** What one line of Postfix says about the way of a message into the queue. */
export type QueueFact =
  /** A message came in. */
  | {
      readonly kind: 'entered';
      readonly queueId: string;
      /** Postfix's program that took it, with the instance: `postfix/submission/smtpd`. */
      readonly service: string;
      /** Address of the SMTP client; empty for mail of this machine (pickup). */
      readonly client: string;
      /** Address of the client that a filter names (XFORWARD); empty without one. */
      readonly firstClient: string;
      readonly login: Account | undefined;
      /** Of the login, as of Traits; absent if no line says it. */
      readonly auth?: string;
      readonly tls?: string;
      /** Who called sendmail(1); undefined for mail that came by SMTP. */
      readonly uid: number | undefined;
      /** Envelope sender (address key) of mail of this machine; undefined for mail by SMTP. */
      readonly sender?: string;
      /** The queue id that the message had before; empty if it is not known. */
      readonly previousId: string;
    }
  /** A login showed mail to a filter that stands before the queue: there is no queue id yet. */
  | { readonly kind: 'proxied'; readonly client: string; readonly login: Account }
  | { readonly kind: 'named'; readonly queueId: string; readonly messageId: string }
  /** Postfix could not ask a milter. `milter`: its address, as main.cf names it. */
  | { readonly kind: 'milter-away'; readonly milter: string };

/** What one line says about a message in the queue, besides its deliveries. */
export type FateFact =
  /** The message is in the queue with its envelope. It may be told again later. */
  | {
      readonly kind: 'queued';
      readonly queueId: string;
      /** Address key; empty for the null sender. */
      readonly sender: string;
      readonly sizeBytes: number;
      /** 0 if the line does not say. */
      readonly recipientCount: number;
    }
  /**
   * The message has left the queue, or will: after `expired` and `force-expired` a bounce and a
   * `removed` follow. `deleted`: by an operator.
   */
  | {
      readonly kind: 'removed';
      readonly queueId: string;
      readonly how: 'removed' | 'canceled' | 'discarded' | 'expired' | 'force-expired' | 'deleted';
    }
  /** The mail server wrote a notice about a message; the notice is a message of its own. */
  | { readonly kind: 'bounce-made'; readonly queueId: string; readonly bounceId: string }
  /** The mail server did not take a message, or a recipient of one. */
  | {
      readonly kind: 'rejected';
      /** Empty if the message has no id yet. */
      readonly queueId: string;
      /** `RCPT`, `END-OF-MESSAGE`, `CONNECT`; of a check of the content `CONTENT`. */
      readonly stage: string;
      /** A milter said so. */
      readonly byMilter: boolean;
      readonly client: string;
      /** Address keys; empty if the line does not name them. */
      readonly sender: string;
      readonly recipient: string;
      readonly login: Account | undefined;
      readonly reply: string;
    }
  /** Put on hold: by a rule, a milter or an operator. */
  | { readonly kind: 'held'; readonly queueId: string }
  | { readonly kind: 'unheld'; readonly queueId: string }
  /** An operator put the message into the queue again; it gets a new id (`entered.previousId`). */
  | { readonly kind: 'requeued'; readonly queueId: string };

/** `host`: the machine that wrote the line; absent if the line does not say. */
export type LogEvent = LogFact & { readonly at: Millis; readonly host?: string };

/** An event of a recording or an old log. */
export type ReplayEvent =
  | Submission
  | LoginSeen
  | MailReceived
  /** The account is that of the `send` with this id. */
  | (Omit<DeliverySeen, 'account' | 'sentAt' | 'answer'> & {
      readonly id: string;
      /** The host that answered; empty if no other server did; absent if it is not recorded. */
      readonly mxHost?: string;
    })
  | { readonly kind: 'clear'; readonly at: Millis; readonly account: Account }
  /** An operator announces a mailing (core/mailings/expected.ts). */
  | {
      readonly kind: 'expect';
      readonly at: Millis;
      readonly account: Account;
      readonly recipients: number;
      readonly until: Millis;
    };
