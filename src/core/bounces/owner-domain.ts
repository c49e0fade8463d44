/** Who owns a domain. Pure. */

/**
 * The domain that somebody has registered, as far as its form tells: `a.shop.example` and
 * `b.shop.example` are of `shop.example`, `a.shop.co.uk` is of `shop.co.uk`. Whoever owns a domain
 * makes any number of names below it.
 */
export function ownerDomain(domain: string): string {
  const labels = domain.split('.');
  const [second = '', top = ''] = labels.slice(-2);
  const isShared = top.length === 2 && second.length <= 3;
  return labels.slice(isShared ? -3 : -2).join('.');
}
