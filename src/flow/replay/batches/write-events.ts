/** Packs events for the thread that judges them (layout.ts). */
import type { LoginSeen, MailReceived, Traits } from '../../../core/event.ts';
import type { ReadDelivery, ReadEvent, ReadSend } from '../replay-event.ts';
import {
  type EventBatch,
  kinds,
  loginBits,
  noPlace,
  outcomes,
  protocols,
  sendBits,
  textPlaces,
  textTraits,
  traitBits,
} from './layout.ts';

/** A longer text is handed over each time. */
const keptLengthMax = 200;

export class EventWriter {
  #numbers = new Float64Array(1024);
  #used = 0;
  /** What the reader has in each place. */
  readonly #places: (string | undefined)[] = new Array(textPlaces).fill(undefined);
  #texts: string[] = [];

  /** `line`: the number that the reader is told with it. */
  write(event: ReadEvent, line: number): void {
    this.#number(line);
    this.#number(kinds[event.kind]);
    this.#number(event.at);
    switch (event.kind) {
      case 'send':
        this.#send(event);
        break;
      case 'login':
        this.#login(event);
        break;
      case 'delivery':
        this.#delivery(event);
        break;
      case 'receive':
        this.#receive(event);
        break;
      case 'clear':
        this.#text(event.account);
        break;
      case 'expect':
        this.#text(event.account);
        this.#number(event.recipients);
        this.#number(event.until);
        break;
    }
  }

  /** All that was written since the last call. */
  take(): EventBatch {
    const batch = { numbers: this.#numbers.subarray(0, this.#used), texts: this.#texts };
    // The array changes hands. The next batch is about as long.
    this.#numbers = new Float64Array(this.#numbers.length);
    this.#used = 0;
    this.#texts = [];
    return batch;
  }

  #number(value: number): void {
    if (this.#used === this.#numbers.length) {
      const more = new Float64Array(2 * this.#used);
      more.set(this.#numbers);
      this.#numbers = more;
    }
    this.#numbers[this.#used++] = value;
  }

  /** A text that repeats: its place alone, if the reader has it there. */
  #text(text: string): void {
    const place = placeOf(text);
    if (place !== noPlace && this.#places[place] === text) {
      this.#number(place);
      return;
    }
    this.#number(-1 - place);
    this.#places[place] = text;
    this.#texts.push(text);
  }

  #list(texts: readonly string[]): void {
    this.#number(texts.length);
    for (const text of texts) this.#text(text);
  }

  #send(event: ReadSend): void {
    const { client, sender, headerFrom, subject, fingerprint, authors, uid, sizeBytes } = event;
    const { scan, script, traits } = event;
    this.#texts.push(event.id);
    this.#text(event.account);
    this.#list(event.outside);
    this.#list(event.local);
    this.#number(
      bit(client, sendBits.client) +
        bit(sender, sendBits.sender) +
        bit(headerFrom, sendBits.headerFrom) +
        bit(subject, sendBits.subject) +
        bit(fingerprint, sendBits.fingerprint) +
        bit(authors, sendBits.authors) +
        bit(uid, sendBits.uid) +
        bit(sizeBytes, sendBits.sizeBytes) +
        bit(scan, sendBits.scan) +
        bit(traits, sendBits.traits) +
        bit(script, sendBits.script),
    );
    if (client !== undefined) this.#text(client);
    if (sender !== undefined) this.#text(sender);
    if (headerFrom !== undefined) this.#text(headerFrom);
    if (subject !== undefined) this.#texts.push(subject);
    if (fingerprint !== undefined) this.#texts.push(fingerprint);
    if (authors !== undefined) this.#text(authors.author);
    if (uid !== undefined) this.#number(uid);
    if (sizeBytes !== undefined) this.#number(sizeBytes);
    if (scan !== undefined) this.#number(scan.score);
    if (traits !== undefined) this.#traits(traits);
    if (script !== undefined) this.#text(script);
  }

  #traits(traits: Traits): void {
    const { inReplyTo, links, attachments, list, via } = traits;
    let bits =
      bit(inReplyTo, traitBits.inReplyTo) +
      bit(links, traitBits.links) +
      bit(attachments, traitBits.attachments) +
      bit(list, traitBits.list) +
      bit(via, traitBits.via);
    for (const name of textTraits) bits += bit(traits[name], traitBits[name]);
    this.#number(bits);
    if (inReplyTo !== undefined) this.#texts.push(inReplyTo);
    for (const name of textTraits) {
      const text = traits[name];
      if (text !== undefined) this.#text(text);
    }
    if (links !== undefined) this.#list(links);
    if (attachments !== undefined) this.#list(attachments);
    if (list !== undefined) this.#number(Number(list));
  }

  #login({ account, client, ok, protocol, auth, tls }: LoginSeen): void {
    this.#text(account);
    this.#text(client);
    this.#number(Number(ok));
    this.#number(
      bit(protocol, loginBits.protocol) + bit(auth, loginBits.auth) + bit(tls, loginBits.tls),
    );
    if (protocol !== undefined) this.#number(protocols.indexOf(protocol));
    if (auth !== undefined) this.#text(auth);
    if (tls !== undefined) this.#text(tls);
  }

  #delivery({ id, recipient, outcome, reply }: ReadDelivery): void {
    this.#texts.push(id, reply);
    this.#text(recipient);
    this.#number(outcomes.indexOf(outcome));
  }

  #receive({ account, sender, proved, wanted, messageId }: MailReceived): void {
    this.#text(account);
    this.#text(sender);
    this.#number(Number(proved));
    this.#number(Number(wanted));
    this.#texts.push(messageId);
  }
}

function bit(value: unknown, its: number): number {
  return value === undefined ? 0 : its;
}

/** Good enough: texts of one place only cost being handed over again. */
function placeOf(text: string): number {
  if (text.length > keptLengthMax) return noPlace;
  let mixed = text.length;
  for (let at = 0; at < text.length; at++)
    mixed = Math.imul(mixed ^ text.charCodeAt(at), 0x01000193);
  return (mixed ^ (mixed >>> 15)) & (textPlaces - 1);
}
