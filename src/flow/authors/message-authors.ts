/**
 * Reads who wrote a message, as its header says, and asks whether its account may write as them.
 * The signer reads the same From, and signs with no key unless every author may be used.
 *
 * In the usual case, one author of the account's own domain, nothing waits.
 */
import { type AskedAuthor, judgeAuthors } from '../../core/authors/finding.ts';
import { isOfThisMachine } from '../../core/authors/own.ts';
import type { Permission } from '../../core/authors/permission.ts';
import type { AuthorPlace, AuthorsFinding } from '../../core/authors-finding.ts';
import type { Submission } from '../../core/event.ts';
import { type Choice, chooseKeys, isSignedHere, mayBeRelated } from '../../core/signing/choose.ts';
import { headerKey } from '../../formats/dkim/header-canonical.ts';
import type { SigningKey } from '../../formats/dkim/signing-key.ts';
import { type Authors, shownAuthors } from '../../formats/message/author-domains.ts';
import type { AuthorRights } from '../../ports/authors.ts';
import type { AuthorsSource, MessageAuthors } from '../../ports/message.ts';
import type { World } from '../../ports/world.ts';
import type { KeySource, SigningSettings } from '../signing/message-signed.ts';

export type MessageAuthorsDeps = {
  readonly settings: SigningSettings;
  readonly keys: KeySource;
  readonly rights: AuthorRights;
  /** Takes what was found if the account may not write as some author. */
  readonly foreign: (message: Submission, finding: AuthorsFinding) => void;
  readonly count: World['count'];
};

/** From fields that are read. RFC 5322 section 3.6 allows one. */
const fromFieldsMax = 20;
/** Sender, Resent-From and Resent-Sender fields that are read. They decide nothing alone. */
const senderFieldsMax = 8;
/**
 * Addresses that are asked about for one message: each may cost the mail server a question to its
 * tables. A message with more authors than that is not signed.
 */
const askedMax = 8;
/** Of the fields that are read: it is compared first, for speed. */
const firstOctets: ReadonlySet<number> = new Set([...'FfSsRr'].map((sign) => sign.charCodeAt(0)));
/** A web mailer notes in such a field which browser wrote the message. */
const byBrowser = /\bwith\s+https?\b/i;
const senderNames: ReadonlySet<string> = new Set(['sender', 'resent-from', 'resent-sender']);

export function openAuthors(deps: MessageAuthorsDeps): AuthorsSource {
  return { open: () => (deps.settings.enabled ? new OneMessage(deps) : undefined) };
}

class OneMessage implements MessageAuthors {
  readonly #deps: MessageAuthorsDeps;
  readonly #from: string[] = [];
  readonly #senders: string[] = [];
  #isLong = false;
  /** A mail server had it before. The door does not see the field of this mail server. */
  #wasReceived = false;
  #shown: Authors | undefined;
  #choice: Choice<SigningKey> | undefined;
  #denied: MessageAuthors['denied'] = 'unknown';

  constructor(deps: MessageAuthorsDeps) {
    this.#deps = deps;
  }

  header(name: string, value: string): void {
    if (!firstOctets.has(name.charCodeAt(0))) return;
    // White space may stand before the colon.
    const key = headerKey(name);
    if (key === 'from') {
      if (this.#from.length < fromFieldsMax) this.#from.push(value);
      else this.#isLong = true;
    } else if (senderNames.has(key) && this.#senders.length < senderFieldsMax) {
      this.#senders.push(value);
    } else if (key === 'received') this.#wasReceived ||= !byBrowser.test(value);
  }

  get choice(): Choice<SigningKey> {
    this.#choice ??= this.#choose();
    return this.#choice;
  }

  get denied(): MessageAuthors['denied'] {
    return this.#denied;
  }

  ask(message: Submission, done: (message: Submission) => void): void {
    const { rights, settings } = this.#deps;
    const { choice } = this;
    const holdsForeign = settings.foreign === 'hold';
    const { asked, isLong } = this.#toAsk(choice.kind === 'sign' ? choice.domain : undefined);
    if (isLong && (asked.length > 0 || choice.kind === 'sign')) {
      this.#end(message, { ...nothing, unsigned: 'long-from', holds: holdsForeign }, done);
      return;
    }
    const unsigned = choice.kind === 'sign' ? undefined : choice.why;
    const none = unsigned === undefined ? undefined : { ...nothing, unsigned };
    if (asked.length === 0) {
      this.#end(message, none, done);
      return;
    }
    const addresses = asked.map(({ address }) => address);
    const answered = (answers: readonly Permission[]): void => {
      const judged = judgeAuthors(asked, answers, { holdsForeign, isPassedOn });
      const found = judged && { ...judged, unsigned: judged.unsigned ?? unsigned };
      this.#end(message, found ?? none, done);
    };
    // Programs of this machine read mailboxes and send on; of another host, all mail was received.
    const isPassedOn = this.#wasReceived && isOfThisMachine(message.account);
    const inFrom = asked.filter(({ place }) => place === 'from').length;
    rights.ask(message.account, addresses, answered, inFrom);
  }

  #choose(): Choice<SigningKey> {
    // RFC 6376 section 5.4: the From field must be signed, so mail without one cannot be.
    if (this.#from.length === 0) return { kind: 'unsigned', author: '', why: 'no-from' };
    const { keys, settings } = this.#deps;
    const domains = this.#authors.authors.map(({ domain }) => domain);
    return chooseKeys(domains, settings.rules, keys);
  }

  /** Who wrote it, as From says. */
  get #authors(): Authors {
    this.#shown ??= shownAuthors(this.#from);
    return this.#shown;
  }

  /** Authors first. `signer`: the domain that would sign. */
  #toAsk(signer: string | undefined): {
    readonly asked: readonly AskedAuthor[];
    readonly isLong: boolean;
  } {
    const { keys, settings } = this.#deps;
    const { authors, cut, named } = this.#authors;
    const asked: AskedAuthor[] = [];
    let isLong = cut || this.#isLong;
    const add = (address: string, domain: string, place: AuthorPlace): void => {
      const signed = isSignedHere(domain, settings.rules, keys);
      const isRelated = place === 'from' && signer !== undefined && mayBeRelated(domain, signer);
      if (!signed && !isRelated) return;
      if (asked.length < askedMax) asked.push({ address, place, isSignedHere: signed });
      else if (place === 'from') isLong = true;
    };
    for (const { address, domain } of authors) add(address, domain, 'from');
    for (const { address, domain } of this.#otherSenders()) add(address, domain, 'sender');
    for (const domain of named) add(`@${domain}`, domain, 'name');
    return { asked, isLong };
  }

  #otherSenders(): Authors['authors'] {
    return this.#senders.length === 0 ? [] : shownAuthors(this.#senders).authors;
  }

  #end(
    message: Submission,
    finding: AuthorsFinding | undefined,
    done: (message: Submission) => void,
  ): void {
    this.#denied = finding?.unsigned;
    if (finding === undefined) {
      done(message);
      return;
    }
    for (const { place, kind } of finding.foreign) {
      this.#deps.count('postern_foreign_authors_total', 1, kind === 'unknown' ? kind : place);
    }
    const judged = { ...message, authors: finding };
    if (finding.foreign.length > 0) this.#deps.foreign(judged, finding);
    done(judged);
  }
}

const nothing: AuthorsFinding = { unsigned: undefined, foreign: [], author: '', holds: false };
