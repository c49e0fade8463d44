/**
 * Accounts and messages that `postern try hijack` makes up. Nobody can own a name in .invalid (RFC
 * 2606), and the messages are in no queue.
 */
export const tryDomain = 'try.invalid';
/** Queue ids of made-up messages start with it. */
export const tryIdStart = 'TRY';

export function isMadeUpAccount(account: string): boolean {
  return account.endsWith(`@${tryDomain}`);
}

/** A message of a try: no queue ever had it. */
export function isMadeUpMessage({
  account,
  queueId,
}: {
  readonly account: string;
  readonly queueId: string;
}): boolean {
  return isMadeUpAccount(account) && queueId.startsWith(tryIdStart);
}
