/**
 * Gathers what one message shows of the program that wrote it, of its links and of its attachments
 * (core/event.ts, Traits). It keeps a few fields while they go by, and reads the beginning of the
 * body once, at the end. Everything is the sender's claim, and nothing is logged.
 */
import type { Account } from '../../core/account-name.ts';
import type { Traits } from '../../core/event.ts';
import { messageIdForm } from '../../core/traits/message-id-form.ts';
import { firstMessageId, zoneOf } from '../../formats/content/field.ts';
import { contentBytesMax, readContent } from '../../formats/content/read-content.ts';
import { domainOf } from '../../formats/message/address.ts';
import { peerText } from '../../lib/peer-text.ts';
import type { Mutable } from '../../lib/type-tools.ts';
import type { Submitter } from '../../ports/message.ts';

/** How the client spoke to the mail server; `undefined` where the mail server does not tell. */
export type ClientManners = {
  readonly helo: string;
  /** Version and cipher; empty without TLS. */
  readonly tls: string | undefined;
  readonly auth: string | undefined;
};

/** Octets kept of a field. */
const fieldBytesMax = 2_048;
const mailerLengthMax = 200;
const heloLengthMax = 255;

/** For decoded text. It is used within one call, so all sessions share it. */
const scratch = Buffer.allocUnsafe(contentBytesMax);
const nothing = Buffer.alloc(0);

/** Names of fields that are kept, besides those of Message. */
export type TraitField =
  | 'content-disposition'
  | 'content-type'
  | 'date'
  | 'in-reply-to'
  | 'list-unsubscribe'
  | 'user-agent'
  | 'x-mailer';

export class MessageTraits {
  readonly #fields: Partial<Record<TraitField, string>> = {};

  /** Takes the value of a field. The first of a name counts. */
  field(name: TraitField, bytes: Buffer, start: number, end: number): void {
    this.#fields[name] ??= bytes.toString('latin1', start, Math.min(end, start + fieldBytesMax));
  }

  /** Traits of the whole message. `head`: the beginning of its body. */
  read(of: {
    readonly account: Account;
    readonly by: Submitter['by'];
    readonly client: ClientManners;
    readonly encoding: string;
    readonly head: Buffer | undefined;
    readonly headerFrom: string;
    readonly messageId: string;
    readonly sender: string;
    /** The domain that somebody has registered, of a host. */
    readonly siteOf: (host: string) => string;
  }): Traits {
    const { account, by, client, encoding, head = nothing, headerFrom, messageId, sender } = of;
    const fields = this.#fields;
    const type = fields['content-type'] ?? '';
    const disposition = fields['content-disposition'] ?? '';
    const { attachments, links } = readContent(head, { type, encoding, disposition }, scratch);
    const { auth, helo, tls } = by === 'local' ? notAsked : client;
    const domains = [domainOf(headerFrom), domainOf(sender), domainOf(account)];
    const traits: Mutable<Traits> = {
      inReplyTo: firstMessageId(fields['in-reply-to'] ?? ''),
      mailer: mailerOf(fields['user-agent'] ?? fields['x-mailer'] ?? ''),
      zone: zoneOf(fields.date ?? ''),
      messageIdForm: messageIdForm(messageId, { domains, helo }),
      links: sites(links, of.siteOf),
      attachments,
      list: fields['list-unsubscribe'] !== undefined,
    };
    if (by === 'local') return traits;
    traits.helo = helo.slice(0, heloLengthMax);
    if (tls !== undefined) traits.tls = tls;
    if (auth !== undefined) traits.auth = auth;
    return traits;
  }
}

/** Mail of this machine came by no SMTP. */
const notAsked: ClientManners = { helo: '', tls: undefined, auth: undefined };

function mailerOf(value: string): string {
  if (value === '') return '';
  const text = peerText(Buffer.from(value, 'latin1'));
  return text
    .replace(/[\s\p{C}]+/gu, ' ')
    .trim()
    .slice(0, mailerLengthMax);
}

function sites(hosts: readonly string[], siteOf: (host: string) => string): readonly string[] {
  const [first] = hosts;
  if (first === undefined) return hosts;
  if (hosts.length === 1) return [siteOf(first)];
  return [...new Set(hosts.map(siteOf))];
}
