/**
 * Checks callers. They send the token as a bearer, or exchange it once for a session cookie.
 * Sessions are signed with the token and not stored. So they survive a restart as long as the token
 * stays the same, and a new token ends them all. Wrong tokens are slowed and logged once a minute,
 * but the right token is never locked out. It is too long to guess, and a lock would let any local
 * process, such as an exploited web form, keep the operator from releasing or suspending accounts.
 */
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { OperatorError, sysexits } from '../../../lib/operator-error.ts';
import type { Millis } from '../../../lib/time.ts';
import { dayMs, minuteMs } from '../../../lib/time.ts';

/** 128 bits in base64url. */
const tokenLengthMin = 22;
/** A page on a wall screen stays signed in for a week. */
export const sessionMs: number = 7 * dayMs;
const wrongPerMinuteMax = 10;
/** Client addresses whose wrong tokens are counted. */
const addressesMax = 1_000;

export type Session = { readonly nonce: string; readonly csrf: string };

export type Sessions = {
  /** Compares in constant time. */
  tokenRight(text: string): boolean;
  /** Value of a fresh session cookie. */
  open(now: Millis): string;
  /** The session of this cookie value; undefined if it is invalid or has expired. */
  read(cookie: string | undefined, now: Millis): Session | undefined;
  csrfRight(session: Session, text: string | undefined): boolean;
};

/** Makes and checks sessions for this token. Throws OperatorError if the token is too short. */
export function openSessions(token: string): Sessions {
  if (token.length < tokenLengthMin) {
    throw new OperatorError(
      'token-short',
      `the HTTP token has ${token.length} characters, fewer than ${tokenLengthMin}`,
      {
        hint: 'make a new one, for example with: openssl rand -base64 24',
        exit: sysexits.config,
      },
    );
  }
  const sign = (text: string) => createHmac('sha256', token).update(text).digest('base64url');
  return {
    tokenRight: (text) => isSame(text, token),
    open(now) {
      const body = `${(now + sessionMs).toString(36)}.${randomBytes(16).toString('base64url')}`;
      return `${body}.${sign(`session ${body}`)}`;
    },
    read(cookie, now) {
      const [expires = '', nonce = '', mac = '', ...more] = (cookie ?? '').split('.');
      if (more.length > 0 || !isSame(mac, sign(`session ${expires}.${nonce}`))) return undefined;
      const until = Number.parseInt(expires, 36);
      // An expiry further away than a session lasts is invalid too, because the clock may have been
      // set back.
      if (!(now < until && until <= now + sessionMs)) return undefined;
      return { nonce, csrf: sign(`csrf ${nonce}`) };
    },
    csrfRight: (session, text) => text !== undefined && isSame(text, session.csrf),
  };
}

/**
 * Compares in constant time. Compares digests, because timingSafeEqual needs equal lengths, and to
 * hide the token's length.
 */
export function isSame(left: string, right: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(left), digest(right));
}

export type WrongTokens = {
  /**
   * Counts one wrong token and says how to answer it. `log` is true at most once a minute for each
   * address.
   */
  note(
    address: string,
    now: Millis,
  ): { readonly kind: 'wrong' | 'too-many'; readonly log: boolean };
};

/** Counts wrong tokens by client address and minute. */
export function openWrongTokens(): WrongTokens {
  const seen = new Map<string, { since: Millis; count: number }>();
  return {
    note(address, now) {
      const entry = seen.get(address);
      if (entry === undefined || now - entry.since >= minuteMs || now < entry.since) {
        seen.delete(address); // so that the oldest entry stays first
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
