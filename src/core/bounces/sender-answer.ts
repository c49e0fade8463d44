/**
 * What a reply to delivered mail holds against the account that sent it: the content, or the
 * amount. Replies about our server, the recipient or the network say nothing about the account.
 */
import { domainOf } from '../../formats/message/address.ts';
import { providerOfDomain, providerOfMx } from '../deliverability/providers.ts';
import type { SenderAnswer } from '../event.ts';
import type { ReplyClassifier } from '../replies/classified.ts';
import { ownerDomain } from './owner-domain.ts';

/** `mxHost`: the host that answered; empty if it is not known, as in recorded events. */
export function senderAnswer(
  classifier: Pick<ReplyClassifier, 'classify'>,
  seen: {
    readonly outcome: 'sent' | 'deferred' | 'bounced';
    readonly recipient: string;
    readonly reply: string;
    readonly mxHost: string;
  },
): SenderAnswer | undefined {
  const { mxHost, outcome, recipient, reply } = seen;
  if (outcome === 'sent' || reply === '') return undefined;
  const { isOwnWords, scope } = classifier.classify({ reply, mxHost, status: outcome });
  if (isOwnWords || (scope !== 'content' && scope !== 'rate')) return undefined;
  const domain = domainOf(recipient);
  const provider = providerOfDomain(domain);
  // A host of somebody else answers for the provider where mail leaves by a relay.
  const isProvider =
    provider !== undefined && (mxHost === '' || providerOfMx(mxHost)?.id === provider.id);
  return { about: scope, site: isProvider ? provider.id : ownerDomain(domain), isProvider };
}
