/**
 * Postfix transports by which a server delivers to its own users, as Debian ships it: mail for them
 * does not leave.
 */
export const localTransports: readonly string[] = [
  'local',
  'virtual',
  'lmtp',
  'maildrop',
  'dovecot',
  'cyrus',
  'error',
  // Never sent anywhere either.
  'retry',
  'discard',
  // Postfix uses it for relay_domains alone: the operator's own domains on another host. A
  // stranger's mail for them is inbound mail; to judge it as ours would hold it.
  'relay',
];
