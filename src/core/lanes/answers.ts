/** What an answer of a provider says about the lane: is our mail taken, slowed or refused? Pure. */
import type { ClassifiedReply } from '../replies/classified.ts';

/**
 * taken: the message was taken. blocked: our address or network is refused. slowed: they take less
 * or later than we offer. part: they refuse some mail, for its content or its domain. unclear: put
 * off, and the words do not say why. harmless: nothing is held against us.
 */
export type AnswerKind = 'taken' | 'blocked' | 'slowed' | 'part' | 'unclear' | 'harmless';

type Classified = Pick<ClassifiedReply, 'scope' | 'severity' | 'isOwnWords'>;

/** Of a reply that put a message off or refused it. */
export function answerKind(
  { isOwnWords, scope, severity }: Classified,
  status: 'deferred' | 'bounced',
): AnswerKind {
  if (isOwnWords) return 'harmless';
  switch (scope) {
    case undefined:
      return status === 'deferred' ? 'unclear' : 'harmless';
    case 'our-ip':
    case 'our-network':
      return severity === 'blocked' ? 'blocked' : 'slowed';
    case 'rate':
      // Such as a limit of messages in one connection: the next connection takes more.
      return severity === 'transient' ? 'unclear' : 'slowed';
    case 'our-domain':
    case 'authentication':
    case 'content':
      return 'part';
    case 'recipient':
    case 'their-fault':
    case 'policy-of-recipient':
    case 'greylist':
    case 'size':
    case 'tls':
    case 'network':
      return 'harmless';
  }
}
