/** Unpacks events that another thread has packed (layout.ts), as they were. */
import type { Account } from '../../../core/account-name.ts';
import type { LoginSeen, MailReceived, Traits } from '../../../core/event.ts';
import { assert } from '../../../lib/assert.ts';
import type { Millis } from '../../../lib/time.ts';
import type { Mutable } from '../../../lib/type-tools.ts';
import {
  foreignAuthor,
  type ReadDelivery,
  type ReadEvent,
  type ReadSend,
  scoredBy,
} from '../replay-event.ts';
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

export class EventReader {
  /** By place. */
  readonly #places: (string | undefined)[] = new Array(textPlaces).fill(undefined);
  #numbers = new Float64Array(0);
  #next = 0;
  #texts: readonly string[] = [];
  #nextText = 0;

  /** Takes the batches of one writer, all of them and in their order. */
  read(batch: EventBatch, take: (event: ReadEvent, line: number) => void): void {
    this.#numbers = batch.numbers;
    this.#next = 0;
    this.#texts = batch.texts;
    this.#nextText = 0;
    while (this.#next < batch.numbers.length) {
      const line = this.#number();
      take(this.#event(), line);
    }
  }

  #event(): ReadEvent {
    const kind = this.#number();
    const at = this.#number() as Millis;
    switch (kind) {
      case kinds.send:
        return this.#send(at);
      case kinds.login:
        return this.#login(at);
      case kinds.delivery:
        return this.#delivery(at);
      case kinds.receive:
        return this.#receive(at);
      case kinds.expect: {
        const account = this.#text() as Account;
        const recipients = this.#number();
        return { kind: 'expect', at, account, recipients, until: this.#number() as Millis };
      }
      default:
        return { kind: 'clear', at, account: this.#text() as Account };
    }
  }

  #number(): number {
    const value = this.#numbers[this.#next++];
    assert(value !== undefined, 'a batch of events is whole');
    return value;
  }

  #text(): string {
    const place = this.#number();
    if (place >= 0) {
      const text = this.#places[place];
      assert(text !== undefined, 'a text of a batch is known');
      return text;
    }
    const text = this.#onceText();
    if (place !== -1 - noPlace) this.#places[-1 - place] = text;
    return text;
  }

  #onceText(): string {
    const text = this.#texts[this.#nextText++];
    assert(text !== undefined, 'a batch of events is whole');
    return text;
  }

  #list(): string[] {
    const texts: string[] = [];
    for (let left = this.#number(); left > 0; left--) texts.push(this.#text());
    return texts;
  }

  #send(at: Millis): ReadSend {
    const event: Mutable<ReadSend> = {
      kind: 'send',
      id: this.#onceText(),
      at,
      account: this.#text() as Account,
      outside: this.#list(),
      local: this.#list(),
    };
    const bits = this.#number();
    if (bits & sendBits.client) event.client = this.#text();
    if (bits & sendBits.sender) event.sender = this.#text();
    if (bits & sendBits.headerFrom) event.headerFrom = this.#text();
    if (bits & sendBits.subject) event.subject = this.#onceText();
    if (bits & sendBits.fingerprint) event.fingerprint = this.#onceText();
    if (bits & sendBits.authors) event.authors = foreignAuthor(this.#text());
    if (bits & sendBits.uid) event.uid = this.#number();
    if (bits & sendBits.sizeBytes) event.sizeBytes = this.#number();
    if (bits & sendBits.scan) event.scan = scoredBy(this.#number());
    if (bits & sendBits.traits) event.traits = this.#traits();
    if (bits & sendBits.script) event.script = this.#text();
    return event;
  }

  #traits(): Traits {
    const bits = this.#number();
    const traits: Mutable<Traits> = {};
    if (bits & traitBits.inReplyTo) traits.inReplyTo = this.#onceText();
    for (const name of textTraits) if (bits & traitBits[name]) traits[name] = this.#text();
    if (bits & traitBits.links) traits.links = this.#list();
    if (bits & traitBits.attachments) traits.attachments = this.#list();
    if (bits & traitBits.list) traits.list = this.#number() === 1;
    if (bits & traitBits.via) traits.via = 'webmail';
    return traits;
  }

  #login(at: Millis): LoginSeen {
    const account = this.#text() as Account;
    const client = this.#text();
    const event: Mutable<LoginSeen> = {
      kind: 'login',
      at,
      account,
      client,
      ok: this.#number() === 1,
    };
    const bits = this.#number();
    if (bits & loginBits.protocol) event.protocol = protocols[this.#number()] ?? 'smtp';
    if (bits & loginBits.auth) event.auth = this.#text();
    if (bits & loginBits.tls) event.tls = this.#text();
    return event;
  }

  #delivery(at: Millis): ReadDelivery {
    const id = this.#onceText();
    const reply = this.#onceText();
    const recipient = this.#text();
    const outcome = outcomes[this.#number()] ?? 'sent';
    return { kind: 'delivery', at, id, recipient, outcome, reply };
  }

  #receive(at: Millis): MailReceived {
    const account = this.#text() as Account;
    const sender = this.#text();
    const proved = this.#number() === 1;
    const wanted = this.#number() === 1;
    return { kind: 'receive', at, account, sender, proved, wanted, messageId: this.#onceText() };
  }
}
