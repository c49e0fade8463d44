/**
 * Turns Postfix's lines about logins into facts. Pure, never throws. Clients choose logins; the
 * text in front of a login is Postfix's.
 */
import { clientAddress } from '../../formats/postfix/client-address.ts';
import { accountNamed, type DefaultDomain } from '../account-name.ts';
import type { LogFact } from '../event.ts';
import { manners, mechanismOf } from './client-manners.ts';

const failed = new RegExp(
  String.raw`^warning: [^\s[\]]{1,300}\[([0-9A-Fa-f:.]{2,45})\](?::\d+)?` +
    String.raw`: SASL ([\w-]{1,40}) authentication failed:(?: |$)`,
);
/** The client gave the login up. */
const aborted =
  /^warning: [^\s[\]]{1,300}\[[^\s\]]{2,45}\](?::\d+)?: SASL [\w-]{1,40} auth[a-z]+ aborted/;
/**
 * Failures that say nothing about a password: no check was possible (the words of Cyrus SASL and
 * Dovecot for that), the client broke SASL, or the mechanism is not offered.
 */
const noGuess = new RegExp(
  '^(?:connection lost|generic failure|invalid (?:base64|authentication)|no mechanism)|' +
    'mechanism not supported|temporar|not available|cannot connect|timed? ?out|internal error|' +
    "couldn't|could not|bad protocol|authentication aborted|no worthy mechs|remote.*down",
  'i',
);
const userField = ', sasl_username=';

/** Does the line say that a login did not succeed, for whatever reason? */
export function isFailedLogin(text: string): boolean {
  return text.includes(': SASL ') && (failed.test(text) || aborted.test(text));
}

/** The failed login; undefined if no password was found wrong. */
export function failedLogin(
  text: string,
  times: number,
  defaultDomain: DefaultDomain,
  tls: string | undefined,
): LogFact | undefined {
  const where = failed.exec(text);
  if (where === null) return undefined;
  const rest = text.slice(where[0].length);
  const start = rest.indexOf(userField);
  if (noGuess.test(start < 0 ? rest : rest.slice(0, start))) return undefined;
  const user = start < 0 ? '' : rest.slice(start + userField.length);
  // Postfix before 3.6 does not log the login. `(unavailable)` means that no password was checked.
  if (user === '(unavailable)') return undefined;
  const account = accountNamed(user, defaultDomain);
  const how = manners({ protocol: 'smtp', auth: mechanismOf(where[2]), tls });
  return {
    kind: 'login',
    account,
    client: clientAddress(where[1] ?? ''),
    ok: false,
    times,
    ...how,
  };
}
