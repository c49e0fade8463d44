/**
 * Names below which different owners register domains (the ICANN part of publicsuffix.org). The
 * list comes from the library `tldts`.
 */
import { getDomain, parse } from 'tldts';

/**
 * True for `co.uk`, false for `example.co.uk`. Also false for a company's `github.io`, which has
 * one owner in the DNS.
 */
export function isPublicSuffix(domain: string): boolean {
  const { publicSuffix, isIcann } = parse(domain, { allowPrivateDomains: false });
  return isIcann === true && publicSuffix === domain;
}

/**
 * The domain that an organisation registered. Undefined for a public suffix, or for text that is
 * not a name.
 */
export function organisationOf(domain: string): string | undefined {
  return getDomain(domain, { allowPrivateDomains: false, validateHostname: false }) ?? undefined;
}

/**
 * The domain that somebody registered, at a registry or at a company that gives names away
 * (`shop.github.io`); the host itself without such a domain, as for an address.
 */
export function siteOf(host: string): string {
  return getDomain(host, { allowPrivateDomains: true, validateHostname: false }) ?? host;
}
