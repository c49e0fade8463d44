/** How lines of Postfix begin that are known and that Postern needs nothing of. Pure. */

/** Of lines without a queue id. */
const plain = beginning([
  ...['connect', 'disconnect', 'lost connection', 'timeout after', 'too many errors', 'close'],
  ...['warning', 'fatal', 'error', 'panic', 'info', 'debug', 'reject_warning', 'statistics'],
  ...['Anonymous', 'Trusted', 'Untrusted', 'Verified', 'Unknown', 'New', 'Reused', 'setting up'],
  ...['SSL', 'TLS', 'tls', 'certificate', 'table', 'initializing', 'cache', 'entering', 'leaving'],
  ...['PASS', 'PREGREET', 'DNSBL', 'HANGUP', 'COMMAND', 'BARE NEWLINE', 'NON-SMTP', 'NOQUEUE'],
  ...['WHITELIST', 'BLACKLIST', 'ALLOWLIST', 'DENYLIST', 'discarding', 'reload', 'daemon', 'bare '],
  ...['improper command', 'premature', 'using backwards', 'private', '< ', '> ', 'milter', 'dict_'],
  ...['generate', 'match', 'Placed', 'Released', 'Deleted', 'Requeued', 'request ', 'address'],
  ...['rewrite', 'input', 'proxy-', 'unable to ', 'host ', 'name', 'conversation', 'smtp'],
]);
/** Of lines behind a queue id. */
const aboutMessage = beginning([
  ...['warning', 'info', 'replace', 'prepend', 'redirect', 'filter', 'reject_warning', 'strip'],
  ...['bcc', 'pass', 'permit', 'delay', 'trigger', 'enable', 'enabling', 'milter-', 'host '],
  ...['lost connection', 'conversation with', 'connect to', 'breaking', 'timed out', 'non-SMTP'],
  ...['Server certificate', 'certificate', 'TLS', 'Cannot', 'smtp', 'sasl', 'skipped', 'resent-'],
  ...['removed', 'table', 'Passing', 'no signature', 'sending', 'undeliverable', 'deleted'],
  ...['queue file', 'message not', 'message rejected', 'message dated', 'message has', 'discard: '],
  ...['hold: ', 'ignoring', 'not sending', 'no trace', 'attempt', 'native', 'found', 'moved'],
  ...['unreasonable', 'address', 'using', 'dict', 'matched', 'improper', 'refused', 'verify'],
  ...['debug', 'fatal', 'error', 'discarded', 'unable', 'missing'],
]);

/** cleanup writes an empty name for a message without a Message-ID. */
const unnamed = 'message-id=';

function beginning(words: readonly string[]): RegExp {
  return new RegExp(`^(?:${words.join('|')})`, 'i');
}

export function isPlainLine(text: string): boolean {
  return plain.test(text);
}

/** `text` is the part behind the queue id. */
export function isAboutMessage(text: string): boolean {
  return aboutMessage.test(text) || text === unnamed;
}
