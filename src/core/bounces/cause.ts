/** Why a message did not arrive, in one word, with what to do. Names and texts only. */
import type { ReplyScope } from '../replies/classified.ts';

export type BounceCause =
  | 'recipient-unknown'
  | 'recipient-disabled'
  | 'mailbox-full'
  | 'host-unknown'
  | 'blocked'
  | 'unauthenticated'
  | 'spam-content'
  | 'policy'
  | 'rate'
  | 'too-big'
  | 'relay-denied'
  | 'expired'
  | 'network'
  | 'greylisted'
  | 'system'
  | 'complaint'
  | 'auto-reply'
  | 'other';

type About = {
  /** What is held against what, as for replies; empty where that says nothing. */
  readonly scope: ReplyScope | '';
  /** What the operator or the sender does. */
  readonly cure: string;
};

export const aboutCauses: Readonly<Record<BounceCause, About>> = {
  'recipient-unknown': {
    scope: 'recipient',
    cure: 'The sender corrects the address or removes it from the list.',
  },
  'recipient-disabled': {
    scope: 'recipient',
    cure: 'The mailbox is closed: the sender removes the address from the list.',
  },
  'mailbox-full': {
    scope: 'recipient',
    cure: 'The recipient makes room; the sender tries again in some days.',
  },
  'host-unknown': {
    scope: 'network',
    cure: 'The sender corrects the domain of the address; it takes no mail.',
  },
  blocked: {
    scope: 'our-ip',
    cure:
      'Find out why this server is blocked: its address, its name or a blocklist. Then ask for ' +
      'removal.',
  },
  unauthenticated: {
    scope: 'authentication',
    cure: 'Make SPF, DKIM and DMARC of the sending domain right: postern dns check DOMAIN.',
  },
  'spam-content': {
    scope: 'content',
    cure: 'Look at the message: its text, links or attachments are taken for spam or a virus.',
  },
  policy: {
    scope: 'policy-of-recipient',
    cure: 'A rule of the recipient refuses the message; ask the recipient by another way.',
  },
  rate: { scope: 'rate', cure: 'Send less at a time to this provider; wait before the next try.' },
  'too-big': {
    scope: 'size',
    cure: 'The sender makes the message smaller or sends a link.',
  },
  'relay-denied': {
    scope: 'their-fault',
    cure:
      'The server that was asked does not take mail for this domain. Check the MX record and our ' +
      'transports.',
  },
  expired: {
    scope: 'network',
    cure: 'The other server did not take the message in time; try again later.',
  },
  network: {
    scope: 'network',
    cure: 'Check the connection to that server, and loops or forwards on the way.',
  },
  greylisted: { scope: 'greylist', cure: 'Nothing: the mail server tries again later.' },
  system: {
    scope: 'their-fault',
    cure: 'The other server has a fault of its own; try again later, or tell its postmaster.',
  },
  complaint: {
    scope: 'content',
    cure: 'The recipient called the message spam: remove the address and look at who sent it.',
  },
  'auto-reply': { scope: '', cure: '' },
  other: { scope: '', cure: '' },
};
