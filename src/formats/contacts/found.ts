/**
 * Collects addresses from address books and sent mail, and counts what holds none. Whatever a file
 * says, an address is taken only if mail could be sent to it. Bounded.
 */
import { addressKey, domainOf } from '../message/address.ts';

/**
 * Why something of a file was left out. `gone`: moved or deleted while a folder was read; `noFile`:
 * a link, folder or pipe in it.
 */
export const leftOutWhys = [
  'without',
  'noAddress',
  'received',
  'tooLong',
  'damaged',
  'unreadable',
  'noFile',
  'gone',
  'full',
] as const;
export type LeftOutWhy = (typeof leftOutWhys)[number];

/** Takes a file in pieces. */
export type ContactReader = { take(chunk: Buffer): void; end(): void };

/** Distinct addresses that are kept; more than may be imported. */
const addressesMax = 100_000;
/** The longest address that counts, as text. */
const addressLengthMax = 320;
const unfit = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\ufffd]/u;
const domainName = /^(?:[\p{L}\p{M}\p{N}_-]+\.)+[\p{L}\p{M}\p{N}-]{2,}$/u;
const literal = /^\[(?:IPv6:)?[\da-f.:]+\]$/i;

export class FoundContacts {
  readonly addresses: Set<string> = new Set();
  /** Cards, rows, messages or lines that were read. */
  entries = 0;
  readonly leftOut: Record<LeftOutWhy, number> = {
    without: 0,
    noAddress: 0,
    received: 0,
    tooLong: 0,
    damaged: 0,
    unreadable: 0,
    noFile: 0,
    gone: 0,
    full: 0,
  };

  /** Takes all addresses of an entry. An entry without any is counted. */
  entry(addresses: Iterable<string>): void {
    this.entries++;
    let any = false;
    for (const address of addresses) {
      any = true;
      this.#take(address);
    }
    if (!any) this.leftOut.without++;
  }

  #take(text: string): void {
    const key = contactOf(text);
    if (key === undefined) this.leftOut.noAddress++;
    else if (this.addresses.size < addressesMax || this.addresses.has(key)) this.addresses.add(key);
    else this.leftOut.full++;
  }
}

/** The key of an address to which mail can be sent; undefined for anything else. */
export function contactOf(text: string): string | undefined {
  const typed = text.trim();
  if (typed.length > addressLengthMax || unfit.test(typed)) return undefined;
  const key = addressKey(typed);
  const domain = domainOf(key);
  const local = key.slice(0, key.length - domain.length - 1);
  if (local === '' || local === '""') return undefined;
  // The key has the quotes that were missing.
  if (local.startsWith('"') && !typed.includes('"')) return undefined;
  return domainName.test(domain) || literal.test(domain) ? key : undefined;
}
