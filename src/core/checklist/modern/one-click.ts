/** The item about one-click unsubscribe of bulk senders (RFC 8058). Pure. */

import { someOf } from '../../finding.ts';
import { bulkRule } from '../../lanes/bulk.ts';
import type { UnsubscribeSpan } from '../../lanes/one-click.ts';
import type { ChecklistItem } from '../items/item.ts';
import { inPlace, type Judged, type KnownMeasure, notNeeded, unknown } from './judged.ts';

export type BulkDay = {
  readonly domain: string;
  readonly provider: string;
  /** Recipients at the provider on the busiest day. */
  readonly messagesADay: number;
  readonly passedAt: number | undefined;
};

const known: KnownMeasure = {
  id: 'mail.one-click',
  title: 'Bulk mail offers to unsubscribe with one click (RFC 8058)',
  effort: 'hours',
  cost: 'free',
  effect: 'Readers unsubscribe in place of reporting spam, and big providers keep taking the mail.',
  requiredBy: ['Gmail', 'Yahoo'],
};

/** Providers without a number are taken for one with the number of most others. */
const usualLimit = 5_000;
const nearShare = 0.5;
/** A few messages that a person wrote by hand do no harm. */
const enoughShare = 0.99;

/** Domains that a provider counts as bulk senders, or that are near to it. */
export function bulkDomains(rows: readonly BulkDay[]): readonly string[] {
  const near = rows.filter(
    ({ messagesADay, passedAt, provider }) =>
      passedAt !== undefined ||
      messagesADay >= nearShare * (bulkRule(provider)?.limitADay ?? usualLimit),
  );
  return [...new Set(near.map(({ domain }) => domain))].sort();
}

/**
 * `sumOf`: what was counted of the mail of a domain and of those below it. `unread`: why nothing is
 * known of what was sent; empty if it is.
 */
export function oneClickItem(
  domains: readonly string[],
  sumOf: (domain: string) => UnsubscribeSpan,
  unread = '',
): ChecklistItem {
  if (unread !== '')
    return { ...known, ...unknown(`the ledger cannot be read: ${unread}`, asRoot) };
  return { ...known, ...judge(domains.map((domain) => ({ domain, ...sumOf(domain) }))) };
}

const asRoot = 'run it as root';

type Counted = UnsubscribeSpan & { readonly domain: string };

function judge(rows: readonly Counted[]): Judged {
  if (rows.length === 0) return notNeeded('no domain is near to the limits for bulk senders');
  const bad = rows.filter(
    ({ messages, offered, oneClick }) =>
      messages > 0 && (offered === 0 || oneClick < offered * enoughShare),
  );
  if (bad.length > 0) {
    return {
      state: 'missing',
      found: someOf(bad.map(lack), 3),
      fix:
        'have the program that sends the newsletter add List-Unsubscribe with an https address ' +
        'and List-Unsubscribe-Post: List-Unsubscribe=One-Click, before Postern signs the message',
      command: '',
    };
  }
  const seen = rows.filter(({ messages }) => messages > 0);
  if (seen.length === 0) {
    const names = someOf(
      rows.map(({ domain }) => domain),
      3,
    );
    return unknown(
      `no mail of ${names} was counted in the last weeks`,
      'let Postern see and sign that mail: postern checklist show signing.keys',
    );
  }
  const texts = seen.map(
    ({ domain, offered, oneClick }) =>
      `${domain}: ${oneClick} of ${offered} messages with List-Unsubscribe`,
  );
  return inPlace(`${someOf(texts, 3)} offer one click, signed`);
}

function lack({ domain, messages, offered, oneClick }: Counted): string {
  if (offered === 0) return `${domain}: none of ${messages} messages offers to unsubscribe`;
  return (
    `${domain}: of ${offered} messages with List-Unsubscribe, ${oneClick} have one click ` +
    'and our signature'
  );
}
