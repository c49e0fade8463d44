/**
 * How events pass from the thread that reads them to the one that judges: numbers in one array that
 * changes hands without a copy, and texts. Most texts of a recording repeat, and a repeated one is
 * only a number. To hand over the objects themselves would cost more than to read the lines again.
 */
import type { LoginSeen, Traits } from '../../../core/event.ts';
import type { ReadSend } from '../replay-event.ts';

export type EventBatch = {
  readonly numbers: Float64Array<ArrayBuffer>;
  /** Texts in the order in which they are needed. */
  readonly texts: readonly string[];
};

/**
 * A text that repeats has a place, and in `numbers` stands the place. Where -1 less the place
 * stands, the next one of `texts` comes into the place first.
 */
export const textPlaces: number = 2 ** 17;
/** The place of a text that is not kept for later. */
export const noPlace: number = 2 ** 17;

export const kinds = { send: 0, login: 1, delivery: 2, receive: 3, clear: 4, expect: 5 } as const;
export const outcomes = ['sent', 'deferred', 'bounced'] as const;
export const protocols = ['imap', 'smtp', 'webmail'] as const;

type Optional<Of> = {
  [Key in keyof Of]-?: undefined extends Of[Key] ? Key : never;
}[keyof Of];

/** A bit for each field that may be absent. A new field does not compile until it has one. */
export const sendBits: Readonly<Record<Optional<ReadSend>, number>> = {
  client: 1,
  sender: 2,
  headerFrom: 4,
  subject: 8,
  fingerprint: 16,
  authors: 32,
  uid: 64,
  sizeBytes: 128,
  scan: 256,
  traits: 512,
  script: 1024,
};

export const traitBits: Readonly<Record<keyof Traits, number>> = {
  inReplyTo: 1,
  helo: 2,
  tls: 4,
  auth: 8,
  mailer: 16,
  zone: 32,
  messageIdForm: 64,
  links: 128,
  attachments: 256,
  list: 512,
  via: 1024,
};

export const loginBits: Readonly<Record<Optional<LoginSeen>, number>> = {
  protocol: 1,
  auth: 2,
  tls: 4,
};

/** Traits that are texts which repeat, in the order in which they are written. */
export const textTraits = ['helo', 'tls', 'auth', 'mailer', 'zone', 'messageIdForm'] as const;
