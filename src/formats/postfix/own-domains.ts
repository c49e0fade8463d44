/**
 * The domains of this server: names in lower case, or `.example.org` for all names below
 * example.org. Pure.
 */

/** Whether the domain is one of them, or below one that includes all names below. */
export function isOwnDomain(domains: ReadonlySet<string>, domain: string): boolean {
  if (domain === '' || domains.size === 0) return false;
  if (domains.has(domain)) return true;
  for (let dot = domain.indexOf('.'); dot >= 0; dot = domain.indexOf('.', dot + 1)) {
    if (domains.has(domain.slice(dot))) return true;
  }
  return false;
}
