/** Asks the server for a recipient that nobody has, in the domain of the server. Pure. */
import {
  type Dialogue,
  ProbeStopError,
  type Probing,
  type SeenReply,
  saidReply,
} from './dialogue.ts';
import { ownDomain, type ProbeTarget, smtpPort } from './target.ts';

/** The reply to RCPT. Throws ProbeStopError if the server does not come that far. */
export function* unknownRecipient(
  target: ProbeTarget,
  dialogue: Dialogue,
  domain: string = ownDomain(target),
): Probing<SeenReply> {
  yield* dialogue.greet(smtpPort(target));
  const mail = yield* dialogue.line('MAIL FROM:<>');
  if (mail.code !== 250) throw new ProbeStopError(`MAIL is answered ${saidReply(mail)}`);
  return yield* dialogue.line(`RCPT TO:<nobody-${target.mark}@${domain}>`);
}
