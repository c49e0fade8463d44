/**
 * Who wrote a message that came in, and to which mailboxes here: only what nobody else can have
 * made. The address in From must be one, and SPF or DKIM must have passed for its very domain.
 *
 * SPF says that the domain itself sent this message here. A signature says only who wrote it:
 * anyone may send it once more, to anybody. So a signed message counts for the mailboxes that its
 * signed fields To and Cc name. What programs send counts for nobody: with a forged sender, they
 * would answer in the name of people who never wrote here; and a list has not been written to.
 */
import { asciiDomain, shownAuthors } from '../../formats/message/author-domains.ts';
import { authorKey, withoutExtension } from '../authors/place.ts';
import type { InboundResults } from '../inbound/results.ts';
import { saysAnswer } from '../reflection/answer.ts';

/** The fields that are looked at, all of each name, one octet a character. */
export type AddressFields = {
  readonly from: readonly string[];
  readonly to: readonly string[];
  readonly cc: readonly string[];
};

export type WroteIn = {
  /** The author: an address with its domain in A-labels. */
  readonly author: string;
  /** To these mailboxes, without what stands behind a recipient delimiter. */
  readonly mailboxes: readonly string[];
};

/** To more mailboxes of this server nobody writes as a correspondent. */
const mailboxesMax = 20;

export function wroteIn(
  fields: AddressFields,
  { dkim, sender, spf }: Pick<InboundResults, 'dkim' | 'sender' | 'spf'>,
  here: { readonly recipients: readonly string[]; readonly delimiters: string },
): WroteIn | undefined {
  const { delimiters, recipients } = here;
  // Of what comes back, someone else chose where it goes.
  if (sender === '' || recipients.length > mailboxesMax) return undefined;
  const author = onlyAuthor(fields.from);
  if (author === undefined) return undefined;
  const keyOf = (address: string): string => withoutExtension(authorKey(address), delimiters);
  const isAuthors = (domain: string): boolean => asciiDomain(domain) === author.domain;
  const mailboxes = recipients.map(keyOf);
  if (spf.result === 'pass' && spf.identity === 'mailfrom' && isAuthors(spf.domain)) {
    return { author: author.address, mailboxes };
  }
  const covered = new Set(
    dkim
      .filter(({ domain, result }) => result === 'pass' && isAuthors(domain))
      .flatMap(({ covers }) => covers),
  );
  const named = new Set(
    [
      ...(covered.has('to') ? addressesIn(fields.to) : []),
      ...(covered.has('cc') ? addressesIn(fields.cc) : []),
    ].map(keyOf),
  );
  const addressed = mailboxes.filter((mailbox) => named.has(mailbox));
  return addressed.length === 0 ? undefined : { author: author.address, mailboxes: addressed };
}

/** The one author that all mail programs show; undefined if there may be another. */
function onlyAuthor(
  from: readonly string[],
): { readonly address: string; readonly domain: string } | undefined {
  if (from.length !== 1) return undefined;
  const { authors, cut } = shownAuthors(from);
  const [author] = authors;
  if (author === undefined || authors.length > 1 || cut) return undefined;
  return author.address.startsWith('@') ? undefined : author;
}

/** Of several fields, a signature may cover any: then none counts. */
function addressesIn(fields: readonly string[]): readonly string[] {
  return fields.length === 1 ? shownAuthors(fields).authors.map(({ address }) => address) : [];
}

/**
 * Whether this field says that no person wrote the message to a person: programs, lists, notices of
 * mail servers, and what a filter called spam. `name`: in lower case.
 */
export function saysNoPerson(name: string, value: string): boolean {
  switch (name) {
    case 'auto-submitted':
      return !/^\s*no\s*(?:;|$)/i.test(value);
    case 'precedence':
      return /^\s*(?:bulk|junk|list|auto_?reply)\b/i.test(value);
    case 'list-id':
    case 'list-post':
    case 'list-unsubscribe':
    case 'mailing-list':
    case 'feedback-id':
    case 'resent-from':
      return true;
    case 'content-type':
      return /^\s*multipart\/report\b/i.test(value);
    case 'x-spam':
    case 'x-spam-flag':
      return /^\s*yes\b/i.test(value);
    default:
      return saysAnswer(name, value);
  }
}
