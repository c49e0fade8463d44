/**
 * Which domains are this server's: names in lower case, `.example.org` for all below example.org.
 * Pure.
 */

/** Is this domain one of them, or below one that stands for all below it? */
export function isOwnDomain(domains: ReadonlySet<string>, domain: string): boolean {
  if (domain === '' || domains.size === 0) return false;
  if (domains.has(domain)) return true;
  for (let dot = domain.indexOf('.'); dot >= 0; dot = domain.indexOf('.', dot + 1)) {
    if (domains.has(domain.slice(dot))) return true;
  }
  return false;
}
