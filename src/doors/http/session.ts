/**
 * Who may ask: the token printed at start, as a bearer or exchanged once for a session cookie.
 * Sessions are signed with the token and not stored: they outlive a restart as long as the token
 * does, and a new token ends them all. A right token is never locked out. It is too long to guess,
 * so a lock would only let any local process (an exploited web form, say) keep the operator from
 * releasing or suspending; wrong ones are slowed and logged once.
 */
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import type { Millis } from '../../lib/time.ts';
import { dayMs, minuteMs } from '../../lib/time.ts';

/** 128 bits in base64url. */
const tokenLengthMin = 22;
/** A page on the wall stays signed in over a week's work. */
export const sessionMs: number = 7 * dayMs;
const wrongPerMinuteMax = 10;
/** Addresses whose wrong tokens are remembered. */
const addressesMax = 1_000;

export type Session = { readonly nonce: string; readonly csrf: string };

export type Keeper = {
  /** Compares in constant time. */
  tokenRight(text: string): boolean;
  /** Value of a fresh session cookie. */
  open(now: Millis): string;
  /** The session that this cookie value stands for. */
  read(cookie: string | undefined, now: Millis): Session | undefined;
  csrfRight(session: Session, text: string | undefined): boolean;
};

/** Keeps the token. */
export function openSessions(token: string): Keeper {
  if (token.length < tokenLengthMin) {
    throw new OperatorError('token-short', `the HTTP token has ${token.length} characters`, {
      hint: `use at least ${tokenLengthMin}, for example from: openssl rand -base64 24`,
      exit: sysexits.config,
    });
  }
  const sign = (text: string) => createHmac('sha256', token).update(text).digest('base64url');
  return {
    tokenRight: (text) => same(text, token),
    open(now) {
      const body = `${(now + sessionMs).toString(36)}.${randomBytes(16).toString('base64url')}`;
      return `${body}.${sign(`session ${body}`)}`;
    },
    read(cookie, now) {
      const [expires = '', nonce = '', mac = '', ...more] = (cookie ?? '').split('.');
      if (more.length > 0 || !same(mac, sign(`session ${expires}.${nonce}`))) return undefined;
      const until = Number.parseInt(expires, 36);
      // Not longer than a session lasts either: the clock may have been set back.
      if (!(now < until && until <= now + sessionMs)) return undefined;
      return { nonce, csrf: sign(`csrf ${nonce}`) };
    },
    csrfRight: (session, text) => text !== undefined && same(text, session.csrf),
  };
}

/** Digests first: timingSafeEqual wants one length, and the token's own length stays unknown. */
function same(left: string, right: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(left), digest(right));
}

export type WrongTokens = {
  /**
   * Notes one wrong token; the answer is how it should be treated. `log` at most once a minute and
   * address.
   */
  note(
    address: string,
    now: Millis,
  ): { readonly kind: 'wrong' | 'too-many'; readonly log: boolean };
};

/** Slows wrong tokens, by client address and minute. */
export function openWrongTokens(): WrongTokens {
  const seen = new Map<string, { since: Millis; count: number }>();
  return {
    note(address, now) {
      const entry = seen.get(address);
      if (entry === undefined || now - entry.since >= minuteMs || now < entry.since) {
        seen.delete(address); // so that the oldest stays first
        const oldest = seen.keys().next();
        if (seen.size >= addressesMax && !oldest.done) seen.delete(oldest.value);
        seen.set(address, { since: now, count: 1 });
        return { kind: 'wrong', log: true };
      }
      entry.count++;
      return { kind: entry.count > wrongPerMinuteMax ? 'too-many' : 'wrong', log: false };
    },
  };
}
