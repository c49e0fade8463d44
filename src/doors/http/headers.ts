/**
 * What every HTTP answer carries, refusals included, and which Host and Origin are ours. The Host
 * check stops DNS rebinding: a web page somewhere that points its own name at 127.0.0.1 would
 * otherwise be same-origin with us in the operator's browser.
 */
import { isIP } from 'node:net';

/**
 * No inline script or style, nothing from elsewhere, nobody frames us, nothing is kept or leaked by
 * a referrer.
 */
export const securityHeaders: readonly (readonly [string, string])[] = [
  [
    'Content-Security-Policy',
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
      "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  ],
  ['X-Content-Type-Options', 'nosniff'],
  ['X-Frame-Options', 'DENY'],
  ['Referrer-Policy', 'no-referrer'],
  ['Cross-Origin-Opener-Policy', 'same-origin'],
  ['Cross-Origin-Resource-Policy', 'same-origin'],
  ['Cache-Control', 'no-store'],
];

const loopbackNames = ['127.0.0.1', 'localhost', '[::1]'];

/** True for an address that only this machine reaches. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

/** An IPv6 literal goes into brackets. */
export function authority(host: string, port: number): string {
  return `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
}

/**
 * Decides whether a Host header names this door. Bound to every interface, any IP literal does:
 * rebinding needs a name.
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
 * True when a request says that it comes from a page of ours. Absent is not ours: browsers send it
 * on every POST.
 */
export function originOurs(origin: string | undefined, host: string | undefined): boolean {
  return origin !== undefined && host !== undefined && origin.toLowerCase() === `http://${host}`;
}
