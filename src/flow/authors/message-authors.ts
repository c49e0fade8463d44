/**
 * Reads who wrote a message, as its header says, and asks whether its account may write as them.
 * The signer reads the same From, and signs with no key unless every author may be used.
 *
 * In the usual case, one author of the account's own domain, nothing waits.
 */
import {
  type AskedAuthor,
  type AuthorPlace,
  type AuthorsFinding,
  judgeAuthors,
} from '../../core/authors/finding.ts';
import type { Submission } from '../../core/event.ts';
import { chooseKeys, isSignedHere, mayBeRelated } from '../../core/signing/choose.ts';
import { headerKey } from '../../formats/dkim/header-canonical.ts';
import type { SigningKey } from '../../formats/dkim/signing-key.ts';
import { type Authors, shownAuthors } from '../../formats/message/author-domains.ts';
import type { AuthorRights } from '../../ports/authors.ts';
import type { AuthorsSource, MessageAuthors } from '../../ports/message.ts';
import type { World } from '../../ports/world.ts';
import type { SigningSettings } from '../signing/message-signed.ts';

export type MessageAuthorsDeps = {
  readonly settings: SigningSettings;
  readonly keys: (domain: string) => readonly SigningKey[];
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
const senderNames: ReadonlySet<string> = new Set(['sender', 'resent-from', 'resent-sender']);

export function openAuthors(deps: MessageAuthorsDeps): AuthorsSource {
  return { open: () => (deps.settings.enabled ? new OneMessage(deps) : undefined) };
}

class OneMessage implements MessageAuthors {
  readonly #deps: MessageAuthorsDeps;
  readonly #from: string[] = [];
  readonly #senders: string[] = [];
  #isLong = false;
  #shown: Authors | undefined;
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
    }
  }

  get hasFrom(): boolean {
    return this.#from.length > 0;
  }

  get shown(): Authors {
    this.#shown ??= shownAuthors(this.#from);
    return this.#shown;
  }

  get denied(): MessageAuthors['denied'] {
    return this.#denied;
  }

  ask(message: Submission, done: (message: Submission) => void): void {
    const { keys, rights, settings } = this.#deps;
    const { rules } = settings;
    const { authors, cut } = this.shown;
    const choice = this.hasFrom
      ? chooseKeys(domainsOf(authors), rules, keys)
      : ({ kind: 'unsigned', why: 'no-from' } as const);
    const asked: AskedAuthor[] = [];
    let isLong = cut || this.#isLong;
    const add = (address: string, domain: string, place: AuthorPlace): void => {
      const signed = isSignedHere(domain, rules, keys);
      const related =
        place === 'from' && choice.kind === 'sign' && mayBeRelated(domain, choice.domain);
      if (!signed && !related) return;
      if (asked.length < askedMax) asked.push({ address, place, isSignedHere: signed });
      else if (place === 'from') isLong = true;
    };
    for (const { address, domain } of authors) add(address, domain, 'from');
    for (const { address, domain } of this.#otherSenders()) add(address, domain, 'sender');
    for (const domain of this.shown.named) add(`@${domain}`, domain, 'name');
    const holdsForeign = settings.foreign === 'hold';
    if (isLong && asked.length > 0) {
      this.#end(message, { ...long, holds: holdsForeign }, done);
      return;
    }
    const unsigned =
      choice.kind === 'sign'
        ? undefined
        : { unsigned: choice.why, foreign: [], author: '', holds: false };
    if (asked.length === 0) {
      this.#end(message, unsigned, done);
      return;
    }
    const addresses = asked.map(({ address }) => address);
    rights.ask(message.account, addresses, (answers) => {
      const judged = judgeAuthors(asked, answers, holdsForeign);
      if (judged !== undefined && choice.kind === 'unsigned') {
        this.#end(message, { ...judged, unsigned: judged.unsigned ?? choice.why }, done);
      } else this.#end(message, judged ?? unsigned, done);
    });
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

const long: AuthorsFinding = { unsigned: 'long-from', foreign: [], author: '', holds: false };

function domainsOf(authors: Authors['authors']): readonly string[] {
  return authors.map(({ domain }) => domain);
}
