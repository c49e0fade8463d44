/**
 * Corrects what is written behind the colon of an SPF term: addresses, networks and names. Pure,
 * linear in the length of the text.
 */
import { parseIpv4, parseIpv6 } from './network.ts';

/** `ip4:192.0.2.0/24`, written correctly; undefined if the text is not plainly an address. */
export function networkTerm(text: string): string | undefined {
  const bare = text.replace(/^[^\w:~?-]+/, '').replace(/[^\w:*]+$/, '');
  return ip4Term(bare) ?? ip6Term(bare);
}

function ip4Term(text: string): string | undefined {
  const found = /^(\d{1,3}(?:\.\d{1,3}){0,3})((?:\.\*)+|\.?)(?::\d{1,5})?(?:[/\\]+(.*))?$/.exec(
    text,
  );
  const [whole, numbers = '', star, length] = found ?? [];
  if (whole === undefined) return undefined;
  const octets = numbers.split('.').map(Number);
  const lacking = 4 - octets.length;
  if (lacking < 0 || octets.some((one) => one > 255)) return undefined;
  const bits = star === '' || star === '.' ? lengthOf(length) : octets.length * 8;
  // A network may be written without its last numbers: 192.0.2/24.
  if (bits === undefined || (lacking > 0 && bits !== octets.length * 8)) return undefined;
  const address = [...octets, 0, 0, 0].slice(0, 4).join('.');
  return `ip4:${address}${bits === 32 ? '' : `/${bits}`}`;
}

/** The bits of `24`, `024` or `255.255.255.0`. */
function lengthOf(text: string | undefined): number | undefined {
  if (text === undefined) return 32;
  if (/^\d{1,4}$/.test(text)) return Number(text) <= 32 ? Number(text) : undefined;
  const octets = parseIpv4(text)?.octets;
  if (octets === undefined) return undefined;
  const written = octets.map((one) => one.toString(2).padStart(8, '0')).join('');
  return /^1+0*$/.test(written) ? written.lastIndexOf('1') + 1 : undefined;
}

function ip6Term(text: string): string | undefined {
  const [whole, numbers = '', length = '128'] =
    /^([\da-f:.]+)\]?(?:[/\\]+(\d{1,4}))?$/i.exec(text) ?? [];
  if (whole === undefined) return undefined;
  const address = parseIpv6(numbers);
  const bits = Number(length);
  if (address === undefined || bits > 128) return undefined;
  return `ip6:${address.text}${bits === 128 ? '' : `/${bits}`}`;
}

/** A name with what does not belong there removed; macros are kept. */
export function meantName(text: string): string {
  const scheme = /^[^\w%]*[a-z][a-z\d+.-]{0,20}:\/+/i.exec(text)?.[0];
  const name = scheme === undefined ? text : text.slice(scheme.length).replace(/[/?#].*$/, '');
  return inALabels(
    name
      .replace(/^[^\w%{$*\u0080-\uffff]+/, '')
      .replace(/[^\w%}*_\u0080-\uffff-]+$/, '')
      .replace(/:\d{1,5}$/, '')
      .replace(/\.{2,}/g, '.')
      .replace(/[%$][({[]([a-z]\d{0,3}r?[-.+,/_=]{0,3})[)}\]]/gi, '%{$1}')
      .replace(/(?<![%$])\{([slodipvh]\d{0,3}r?[-.+,/_=]{0,3})\}/gi, '%{$1}'),
  );
}

/** Names in other scripts are published as A-labels (RFC 5890 section 2.3). */
function inALabels(name: string): string {
  if (/^[ -~]*$/.test(name) || !/^[\w.\u0080-\uffff-]+$/.test(name)) return name;
  return URL.canParse(`http://${name}/`) ? new URL(`http://${name}/`).hostname : name;
}

/** `/24` and `//64` behind the name of a host; a length above 32 can only be of IPv6. */
export function hostLengths(text: string): string {
  const [whole, first = '', second = ''] = /^\/+(\d{1,3})(?:\/+(\d{1,3}))?$/.exec(text) ?? [];
  if (whole === undefined) return text;
  if (second !== '') return `/${Number(first)}//${Number(second)}`;
  return Number(first) > 32 || whole.startsWith('//') ? `//${Number(first)}` : `/${Number(first)}`;
}
