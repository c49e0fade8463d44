/**
 * Names below which strangers register (publicsuffix.org, its ICANN part), as the library `tldts`
 * brings them along.
 */
import { getDomain, parse } from 'tldts';

/**
 * `co.uk`, not `example.co.uk`; nor a company's `github.io`, which is one owner's name in the DNS.
 */
export function isPublicSuffix(domain: string): boolean {
  const { publicSuffix, isIcann } = parse(domain, { allowPrivateDomains: false });
  return isIcann === true && publicSuffix === domain;
}

/**
 * The domain that an organisation registered; undefined where everybody registers, or for what is
 * no name.
 */
export function organisationOf(domain: string): string | undefined {
  return getDomain(domain, { allowPrivateDomains: false, validateHostname: false }) ?? undefined;
}
