/** Words of the notice about mail that was put off and has not come back. */
export function atRiskSubject(messages: string, at: string): string {
  return `[postern] ${messages} put off and not back ${at}`;
}

export const atRiskOpening: string =
  'This mail came in, looks honest, and was put off with a 451 (inbound.stance = "defer"). Its ' +
  'senders were asked to try again, and have not done so an hour after the time they were told. ' +
  'Some never do: then the mail is lost. If you allow a sender, its next try is taken; else ask ' +
  'the sender to send the message again.';
