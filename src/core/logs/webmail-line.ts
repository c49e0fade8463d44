/**
 * Turns a line of a webmail's log about a login into its time and a fact. Pure, never throws.
 *
 *   [29-Nov-2026 18:42:43 +0000]: <0a1b2c3d> Successful login for joe@here.example (ID: 5) from
 *     203.0.113.7 in session 0a1b2c3d4e5f                       Roundcube, userlogins
 *   [...]: <0a1b2c3d> Failed login for joe from 203.0.113.7 in session 0a1b (error: 0)
 *   Nov 29 18:42:43 sogod [123]: SOGoRootPage successful login from '203.0.113.7' for user 'joe' -
 *   [2026-11-29 18:42:43] Auth failed: ip=203.0.113.7 user=joe host=…      SnappyMail, RainLoop
 *
 * Whoever visits the webmail may type any login and send any X-Forwarded-For. So the address is
 * read only where no such text can stand before it, or where the line allows one reading alone.
 */
import { readStamp, type Stamp } from '../../formats/logs/stamp.ts';
import { addressIn } from '../../formats/webmail/client-field.ts';
import { accountNamed, type DefaultDomain } from '../account-name.ts';
import type { LogFact } from '../event.ts';

export type WebmailLine = { readonly stamp: Stamp; readonly text: string };
type LoginFact = Extract<LogFact, { readonly kind: 'login' }>;

/** An honest line has less than 500 characters. */
const lineLengthMax = 2_000;
const stampLengthMax = 64;
const roundcubeDate = /^(\d{2})-([A-Z][a-z]{2})-(\d{4}) (.{1,40})$/;
const months = 'JanFebMarAprMayJunJulAugSepOctNovDec';
const controls = /\p{Cc}/u;
/** A session of Roundcube, in front of its lines. */
const session = /^<[\w,-]{1,64}> /;
/** What syslog, or SOGo itself, puts between time and text. */
const program = /^ (?:[\w.-]{1,255} )?(?:roundcube|sogod)(?: ?\[\d{1,10}\])?: /;

const good =
  /^Successful login for (.{1,256}?) \(ID: \d{1,12}\) from ([0-9A-Fa-f:.]{2,45})(?= |\()/;
const bad =
  /^Failed login for (.{1,260}) from ([0-9A-Fa-f:.]{2,45}) in session [\w,-]{1,256}(?: |$)/;
const sogoGood =
  /^SOGoRootPage successful login from '([0-9A-Fa-f:.]{2,45})' for user '(.{1,256})' - /;
const sogoBad =
  /^SOGoRootPage Login from '([0-9A-Fa-f:.]{2,45})' for user '(.{1,256})' might not have worked/;
const snappy = /^Auth failed: ip=([0-9A-Fa-f:.]{2,45}) user=(.{1,256}?)(?: host=|$)/;

/** Splits a line; undefined for one that no webmail writes. */
export function webmailLine(line: string): WebmailLine | undefined {
  if (line.length > lineLengthMax || controls.test(line)) return undefined;
  if (line.startsWith('[')) return bracketed(line);
  const stamp = readStamp(line, 0);
  if (stamp === undefined) return undefined;
  const head = program.exec(line.slice(stamp.end));
  if (head === null) return undefined;
  return { stamp, text: withoutSession(line.slice(stamp.end + head[0].length)) };
}

function bracketed(line: string): WebmailLine | undefined {
  const close = line.indexOf(']');
  if (close < 0 || close > stampLengthMax) return undefined;
  const stamp = readStamp(plainDate(line.slice(1, close)), 0);
  const behind = line.slice(close + 1).replace(/^:? /, '');
  return stamp === undefined ? undefined : { stamp, text: withoutSession(behind) };
}

const withoutSession = (text: string): string => text.replace(session, '');

/** `29-Nov-2026 18:42:43 +0000` → `2026-11-29 18:42:43 +0000`. */
function plainDate(text: string): string {
  const [, day = '', name = '', year = '', rest = ''] = roundcubeDate.exec(text) ?? [];
  const month = months.indexOf(name) / 3 + 1;
  if (day === '' || month < 1 || !Number.isInteger(month)) return text;
  return `${year}-${String(month).padStart(2, '0')}-${day} ${rest}`;
}

/** The login that the line tells of; undefined for any other line. */
export function webmailFact(text: string, defaultDomain: DefaultDomain): LogFact | undefined {
  const [, name = '', from = ''] = good.exec(text) ?? [];
  if (name !== '') return fact({ name, from, ok: true }, defaultDomain);
  // Of two ` from `, one may be a part of the login that was typed.
  const failed = text.split(' from ').length === 2 ? bad.exec(text) : null;
  if (failed !== null) {
    return fact({ name: failed[1] ?? '', from: failed[2] ?? '', ok: false }, defaultDomain);
  }
  const sogo = sogoGood.exec(text);
  const other = sogo ?? sogoBad.exec(text) ?? snappy.exec(text);
  if (other === null) return undefined;
  const [, where = '', who = ''] = other;
  return fact({ name: who, from: where, ok: sogo !== null }, defaultDomain);
}

function fact(
  { from, name, ok }: { readonly from: string; readonly name: string; readonly ok: boolean },
  defaultDomain: DefaultDomain,
): LoginFact | undefined {
  const client = addressIn(from);
  const account = accountNamed(name, defaultDomain);
  if (client === '' || account === undefined) return undefined;
  return { kind: 'login', account, client, ok, times: 1, protocol: 'webmail' };
}
