/**
 * How the client of a login spoke, as lines of mail logs say it: the SASL mechanism, the version
 * and cipher of TLS. Pure, never throws.
 */
import type { LoginSeen } from '../event.ts';

/** Absent where no line says it. */
export type LoggedManners = Pick<LoginSeen, 'protocol' | 'auth' | 'tls'>;

const mechanism = /^[\w-]{1,40}$/;
/** `TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)`: Postfix, and Dovecot with `%k`. */
const negotiated = /(?:TLSv1(?:\.\d)?|SSLv\d) with cipher [\w-]{1,60}(?= |,|$)/;
/** The mechanism in capitals, as Postfix tells it to milters; undefined for no mechanism. */
export function mechanismOf(text: string | undefined): string | undefined {
  return text !== undefined && mechanism.test(text) ? text.toUpperCase() : undefined;
}

/** Version and cipher, as the milter door has them; undefined where the text has none. */
export function tlsIn(text: string): string | undefined {
  if (!text.includes(' with cipher ')) return undefined;
  const found = negotiated.exec(text)?.[0].replace(' with cipher ', ' ');
  // A copy: V8 would keep the whole line for the part.
  return found === undefined ? undefined : Buffer.from(found, 'latin1').toString('latin1');
}

/** The fields that are known. */
export function manners(of: {
  readonly protocol?: LoginSeen['protocol'];
  readonly auth?: string | undefined;
  readonly tls?: string | undefined;
}): LoggedManners {
  const { auth, protocol, tls } = of;
  return {
    ...(protocol === undefined ? undefined : { protocol }),
    ...(auth === undefined ? undefined : { auth }),
    ...(tls === undefined ? undefined : { tls }),
  };
}
