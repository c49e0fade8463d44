/**
 * Turns a line of Dovecot about a login into a fact for the guard. Pure, never throws.
 *
 * A client may type anything as its login, `>, rip=` included. The text behind the login is written
 * by Dovecot. So the last place that looks like the end of the login is taken.
 */

import { accountOf, type DefaultDomain } from '../../core/account-name.ts';
import type { LogFact } from '../../core/event.ts';
import { clientAddress } from '../../formats/postfix/client-address.ts';

/**
 * imap-login, pop3-login, managesieve-login, submission-login. Since Dovecot 2.4 they say `Logged
 * in` and `Login aborted`.
 */
const service = /^[a-z0-9]{2,20}-login: /;
const good = /^(?:Login|Logged in): /;
const bad =
  /^(?:Disconnected|Aborted login|Login aborted)[^<>]{0,200}\(auth failed, (\d{1,6}) attempts? /;
const user = 'user=<';
/** The text behind the login, up to the address. */
const behind = /^>, (?:[a-z_]+=[^,<>]{0,100}, ){0,3}rip=([0-9A-Fa-f:.]{2,45})(?:,|$)/;
/** How many places that look like the end of a login are tried, from the end of the line. */
const endsMax = 10;
/**
 * `auth: passwd-file(joe,192.0.2.1): Password mismatch`. A line with a session id behind the
 * address is left out, because a login service reports the same failure.
 */
const mismatch = new RegExp(
  String.raw`^auth(?:-worker)?(?:\([^()]{0,40}\))?: (?:[A-Z][a-z]+: )?[\w-]{1,40}` +
    String.raw`\((.{1,256}),([0-9A-Fa-f:.]{2,45})\): [Pp]assword mismatch`,
  's',
);

/** At most this many attempts of one connection are counted. */
const attemptsMax = 100;

/** Returns the fact, or undefined for any other line. */
export function dovecotFact(
  text: string,
  times: number,
  defaultDomain: DefaultDomain,
): LogFact | undefined {
  const head = service.exec(text);
  if (head === null) {
    const found = mismatch.exec(text);
    if (found === null) return undefined;
    const account = accountOf(found[1] ?? '', defaultDomain);
    return { kind: 'mismatch', account, client: clientAddress(found[2] ?? '') };
  }
  const rest = text.slice(head[0].length);
  const failed = bad.exec(rest);
  const ok = failed === null && good.test(rest);
  if (failed === null && !ok) return undefined;
  const found = who(rest);
  if (found === undefined || found.login.trim() === '') return undefined;
  return {
    kind: 'login',
    account: accountOf(found.login, defaultDomain),
    client: clientAddress(found.client),
    ok,
    times: ok ? 1 : Math.min(attemptsMax, times * Math.max(1, Number(failed?.[1]))),
  };
}

function who(text: string): { readonly login: string; readonly client: string } | undefined {
  const start = text.indexOf(user);
  if (start < 0) return undefined;
  let end = text.length;
  for (let tries = 0; tries < endsMax; tries++) {
    end = text.lastIndexOf('>, ', end - 1);
    if (end < start + user.length) return undefined;
    const found = behind.exec(text.slice(end, end + 400));
    if (found === null) continue;
    return { login: text.slice(start + user.length, end), client: found[1] ?? '' };
  }
  return undefined;
}
