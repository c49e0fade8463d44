/**
 * Reads the field in which a webmail writes the address of the person who uses it. Pure.
 *
 *   X-Originating-IP: 203.0.113.7           SnappyMail, Horde; [203.0.113.7] counts too
 *   Received: from pc.example ([203.0.113.7]) by web.example with HTTP (HTTP/1.1 POST); date
 *                                           Roundcube, Horde
 *
 * Whoever reads it must know that a webmail wrote it: a field proves nothing about itself.
 */
import { clientAddress } from '../postfix/client-address.ts';
import { parseClientIp } from '../spf/network.ts';

/** Octets read of the field; honest ones have less than 300. */
const valueBytesMax = 1_024;
const resent = 'resent-';
/** Bits that tell `R` from `r`. */
const lowerCase = 0x20;
const letterR = 0x72;

/** The address in its shortest form; empty if the text is anything but one address. */
export function addressIn(text: string): string {
  const bare = text.trim();
  if (bare === '' || bare.length > 64 || !/^\[?[0-9A-Fa-f:.ipvIPV]+\]?$/.test(bare)) return '';
  const address = clientAddress(bare);
  return parseClientIp(address) === undefined ? '' : address;
}

/**
 * The address of the HTTP client in a Received field; empty if no webmail wrote the field. Of
 * several addresses the last counts: the one that connected. Those before it are what a proxy or
 * the person says (`from a via b`).
 */
function httpClient(value: string): string {
  const text = value.replace(/\s+/g, ' ').trim();
  const by = text.lastIndexOf(' by ');
  if (!/^from /i.test(text) || by < 0 || !/ with HTTPS?\b/.test(text.slice(by))) return '';
  const close = text.lastIndexOf(']', by);
  const open = text.lastIndexOf('[', close);
  return open < 0 ? '' : addressIn(text.slice(open + 1, close));
}

/** What the value of the field says; empty if it is not in the right form. `name`: lower case. */
function personAddress(name: string, value: string): string {
  return name === 'received' ? httpClient(value) : addressIn(value);
}

/**
 * Looks for the field in the header of one message. The topmost field of the name counts. A
 * message that was sent again as it was (`Resent-…`) has fields that somebody else wrote: none
 * counts.
 */
export class ClientField {
  /** In lower case. */
  readonly #name: string;
  #value: string | undefined;
  #isResent = false;

  constructor(name: string) {
    this.#name = name.toLowerCase();
  }

  /** Takes one field; `bytes` has its name from `start` to `nameEnd`, its value up to `end`. */
  take(
    bytes: Buffer,
    start: number,
    nameEnd: number,
    { valueStart, end }: { readonly valueStart: number; readonly end: number },
  ): void {
    const length = nameEnd - start;
    if (length === this.#name.length && this.#value === undefined) {
      if (bytes.toString('latin1', start, nameEnd).toLowerCase() === this.#name) {
        const long = end - valueStart > valueBytesMax;
        this.#value = long ? '' : bytes.toString('latin1', valueStart, end);
        return;
      }
    }
    if (length <= resent.length || ((bytes[start] ?? 0) | lowerCase) !== letterR) return;
    const head = bytes.toString('latin1', start, start + resent.length);
    if (head.toLowerCase() === resent) this.#isResent = true;
  }

  /** The person's address; empty without one. */
  get address(): string {
    if (this.#value === undefined || this.#isResent) return '';
    return personAddress(this.#name, this.#value);
  }
}
