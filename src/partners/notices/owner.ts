/**
 * Sends a notice to the owner of the account that it is about, by mail to the account's own mailbox
 * on this server. A refusal that is final is an end, because not every login has a mailbox.
 */
import { ownerAddress } from '../../core/telling/owner-address.ts';
import { isOwnerEvent, passedOwnerMail } from '../../core/telling/owner-texts.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { type Millis, utcMinute } from '../../lib/time.ts';
import type { OwnerChannel, UserMail } from '../../ports/mail-server.ts';

export function noticeOwner(of: {
  readonly host: string;
  readonly localDomains: ReadonlySet<string>;
  readonly contact: string;
  readonly languages: readonly string[];
  readonly mail: Pick<UserMail, 'send'>;
}): OwnerChannel {
  const { contact, host, languages, mail } = of;
  return {
    name: 'owner',
    takes: ({ account, event }) => isOwnerEvent(event) && ownerAddress(account, of) !== undefined,
    async send({ account, at, event, facts, numbers }) {
      const to = ownerAddress(account, of);
      if (to === undefined || !isOwnerEvent(event)) return;
      const { body, subject } = passedOwnerMail(event, languages, {
        account,
        host,
        contact,
        at: utcMinute(Date.parse(at) as Millis),
        network: facts?.clients[0]?.network ?? '',
        copies: String(numbers?.['copies'] ?? ''),
      });
      try {
        await mail.send(to, { by: 'Postern', subject, text: body });
      } catch (cause) {
        throw new OperatorError('notice-owner', `the mail server did not take mail for ${to}`, {
          cause,
          exit: isFinal(cause) ? sysexits.noUser : sysexits.unavailable,
        });
      }
    },
  };
}

/** The mail server said no for good (RFC 5321 section 4.2.1). */
function isFinal(fault: unknown): boolean {
  const { responseCode } = fault as { readonly responseCode?: unknown };
  return typeof responseCode === 'number' && responseCode >= 500;
}
