/**
 * Security headers of every HTTP answer, and the checks of Host and Origin. The Host check stops
 * DNS rebinding: without it, a foreign web page that points its own name at 127.0.0.1 would have
 * the same origin as the status page in the operator's browser.
 */
import { isIP } from 'node:net';

/**
 * Forbids inline scripts and styles, content from other servers, framing, caching and referrers.
 */
export const securityHeaders: readonly (readonly [string, string])[] = [
  [
    'Content-Security-Policy',
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
      "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  ],
  ['X-Content-Type-Options', 'nosniff'],
  ['X-Frame-Options', 'DENY'],
  ['Referrer-Policy', 'no-referrer'],
  ['Cross-Origin-Opener-Policy', 'same-origin'],
  ['Cross-Origin-Resource-Policy', 'same-origin'],
  ['Cache-Control', 'no-store'],
];

const loopbackNames = ['127.0.0.1', 'localhost', '[::1]'];

/** `HOST:PORT`, with an IPv6 literal in brackets (RFC 3986 section 3.2.2). */
export function authority(host: string, port: number): string {
  return `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
}

/**
 * Returns a check whether a Host header names this door. If the door listens on all interfaces, any
 * IP literal passes, because rebinding needs a name.
 */
export function hostCheck(bound: string, port: number): (host: string | undefined) => boolean {
  const ours = new Set([...loopbackNames.map((name) => `${name}:${port}`), authority(bound, port)]);
  if (port === 80) for (const name of [...ours]) ours.add(name.slice(0, -':80'.length));
  const everywhere = bound === '0.0.0.0' || bound === '::';
  return (host) => {
    if (host === undefined) return false;
    const asked = host.toLowerCase();
    if (ours.has(asked)) return true;
    return everywhere && isAddressWithPort(asked, port);
  };
}

function isAddressWithPort(host: string, port: number): boolean {
  const suffix = `:${port}`;
  if (!host.endsWith(suffix)) return false;
  return isIP(host.slice(0, -suffix.length).replace(/^\[(.*)\]$/, '$1')) !== 0;
}

/**
 * True if the Origin header names this door. Without the header it is false, because browsers send
 * it with every POST (RFC 6454 section 7.3).
 */
export function originOurs(origin: string | undefined, host: string | undefined): boolean {
  return origin !== undefined && host !== undefined && origin.toLowerCase() === `http://${host}`;
}
