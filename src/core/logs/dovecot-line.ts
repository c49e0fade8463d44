/**
 * Turns a line of Dovecot (2.2 to 2.4) about a login into a fact for the guard. Pure, never throws.
 *
 * A client may type anything as its login, `>, rip=` included. The text behind the login is written
 * by Dovecot. So the last place that looks like the end of the login is taken.
 */

import { clientAddress } from '../../formats/postfix/client-address.ts';
import { accountNamed, accountOf, type DefaultDomain } from '../account-name.ts';
import type { LogFact, LoginSeen } from '../event.ts';
import { type LoggedManners, manners, mechanismOf, tlsIn } from './client-manners.ts';

/** imap-login, pop3-login, managesieve-login, submission-login; `Info: ` if syslog got that too. */
const service = /^[a-z0-9]{2,20}-login: (?:Info: )?/;
/** A proxy says this when the server behind it took the login. */
const good = /^(?:Login|Logged in|proxy\(.{0,300}\): [Ss]tarted proxying to [^:]{1,100}.{0,60}): /s;
const attempts = /\(auth failed, (\d{1,6}) attempts?[ )]/;
const behindProxy = '(proxy dest auth failed)';
const unnamed = /^[^<>]{0,300}\): (?:method=[^,<>]{0,60}, )?rip=([0-9A-Fa-f:.]{2,45})(?:,|$)/;
const user = 'user=<';
/** The text behind the login, up to the address. */
const behind = /^>, (?:[a-z_]+=[^,<>]{0,100}, ){0,3}rip=([0-9A-Fa-f:.]{2,45})(?:,|$)/;
const method = /, method=([^,<>]{1,40}), /;
/** POP3 reads mail as IMAP does. ManageSieve is neither. */
const protocols: Readonly<Record<string, LoginSeen['protocol']>> = {
  imap: 'imap',
  pop3: 'imap',
  submission: 'smtp',
};
/** How many places that look like the end of a login are tried, from the end of the line. */
const endsMax = 10;
/** What Dovecot says in front of `user=<`, at most. */
const outcomeLengthMax = 400;
/**
 * `auth: passwd-file(joe,192.0.2.1): Password mismatch`. A line with a session id behind the
 * address is left out, because a login service reports the same failure.
 */
const worker = /^auth(?:-worker)?(?:\([^()]{0,40}\))?: (?:[A-Z][a-z]+: )?/;
const connection = /^conn unix:[^:]{1,100}(?: \([^()]{0,100}\))?: (?:auth-worker<\d{1,10}>: )?/;
const database = new RegExp(
  String.raw`^[\w-]{1,40}\((.{1,256}),([0-9A-Fa-f:.]{2,45}),?\): ` +
    String.raw`(?:[Pp]assword mismatch|[Ii]nvalid credentials|.{0,120}\([Pp]assword mismatch\?\))`,
  's',
);
/** In the words of 2.4: `auth(joe,192.0.2.1,sasl:login): sql: Password mismatch`. */
const request = new RegExp(
  String.raw`^auth(?:-worker)?\((.{1,256}),([0-9A-Fa-f:.]{2,45})` +
    String.raw`(?:,sasl:[\w-]{1,40})?\)(?:<[^<>]{1,60}>)?: ` +
    String.raw`(?:[A-Z][a-z]+: )?[\w-]{1,40}: (?:[Pp]assword mismatch|[Ii]nvalid credentials` +
    String.raw`|.{0,120}\([Pp]assword mismatch\?\))`,
  's',
);
const pamFailure = /^pam_unix\(dovecot:auth\): authentication failure; /;
const pamFields = / ruser=(.{1,256}) rhost=([0-9A-Fa-f:.]{2,45})(?: |$)/s;
const mismatchWords = /mismatch|nvalid cred/;

/** At most this many attempts of one connection are counted. */
const attemptsMax = 100;

/** Returns the fact, or undefined for any other line. */
export function dovecotFact(
  text: string,
  times: number,
  defaultDomain: DefaultDomain,
): LogFact | undefined {
  const head = service.exec(text);
  if (head === null) return mismatchFact(text, defaultDomain);
  const rest = text.slice(head[0].length);
  const start = rest.indexOf(user);
  if (start < 0) return unnamedFailure(rest, times);
  const outcome = rest.slice(0, Math.min(start, outcomeLengthMax));
  const failures = failuresOf(outcome);
  const ok = failures === 0 && good.test(outcome);
  if (failures === 0 && !ok) return undefined;
  const found = who(rest, start + user.length);
  if (found === undefined) return undefined;
  const account = accountNamed(found.login, defaultDomain);
  if (ok && account === undefined) return undefined;
  return {
    kind: 'login',
    account,
    client: clientAddress(found.client),
    ok,
    times: ok ? 1 : Math.min(attemptsMax, times * failures),
    ...mannersOf(head[0], rest.slice(found.end)),
  };
}

/** `service`: `imap-login: `. `behindLogin`: what Dovecot wrote behind the login. */
function mannersOf(service: string, behindLogin: string): LoggedManners {
  const protocol = protocols[service.slice(0, service.indexOf('-'))];
  const auth = mechanismOf(method.exec(behindLogin)?.[1]);
  return manners({ protocol, auth, tls: tlsIn(behindLogin) });
}

/** Dovecot leaves `user=` out if the client gave no login. */
function unnamedFailure(rest: string, times: number): LogFact | undefined {
  const found = unnamed.exec(rest);
  const failures = found === null ? 0 : failuresOf(found[0]);
  if (found === null || failures === 0) return undefined;
  const client = clientAddress(found[1] ?? '');
  const count = Math.min(attemptsMax, times * failures);
  return { kind: 'login', account: undefined, client, ok: false, times: count };
}

/** The wrong password that PAM found for Dovecot; the tag is `auth`. */
export function pamFact(text: string, defaultDomain: DefaultDomain): LogFact | undefined {
  const head = pamFailure.exec(text);
  const found = head === null ? null : pamFields.exec(text);
  return found === null ? undefined : mismatchOf(found, defaultDomain);
}

function mismatchFact(text: string, defaultDomain: DefaultDomain): LogFact | undefined {
  if (!text.startsWith('auth') || !mismatchWords.test(text)) return undefined;
  const asked = request.exec(text);
  if (asked !== null) return mismatchOf(asked, defaultDomain);
  const head = worker.exec(text)?.[0];
  if (head === undefined) return undefined;
  const rest = text.slice(head.length);
  const found = database.exec(rest.slice(connection.exec(rest)?.[0].length ?? 0));
  return found === null ? undefined : mismatchOf(found, defaultDomain);
}

function mismatchOf([, login, client]: RegExpExecArray, defaultDomain: DefaultDomain): LogFact {
  const account = accountOf(login ?? '', defaultDomain);
  return { kind: 'mismatch', account, client: clientAddress(client ?? '') };
}

/** How many failed logins Dovecot reports. It writes what stands in front of the login. */
function failuresOf(outcome: string): number {
  const count = attempts.exec(outcome)?.[1];
  if (count !== undefined) return Math.max(1, Number(count));
  return outcome.includes(behindProxy) ? 1 : 0;
}

function who(
  text: string,
  start: number,
): { readonly login: string; readonly client: string; readonly end: number } | undefined {
  let end = text.length;
  for (let tries = 0; tries < endsMax; tries++) {
    end = text.lastIndexOf('>, ', end - 1);
    if (end < start) return undefined;
    const found = behind.exec(text.slice(end, end + 400));
    if (found === null) continue;
    return { login: text.slice(start, end), client: found[1] ?? '', end };
  }
  return undefined;
}
