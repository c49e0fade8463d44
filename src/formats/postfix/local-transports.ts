/**
 * Postfix transports that deliver to the server's own users, as Debian ships it. They count until
 * Postfix itself was asked (transports.ts).
 */
export const localTransports: readonly string[] = [
  'local',
  'virtual',
  'lmtp',
  'maildrop',
  'dovecot',
  'cyrus',
  'error',
  // These do not send mail anywhere either.
  'retry',
  'discard',
  // As Postfix ships, only for relay_domains, the operator's own domains on another host. A
  // stranger's mail for them is incoming mail, and must not be judged as outgoing mail.
  'relay',
];
