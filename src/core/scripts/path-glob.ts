/**
 * Patterns of paths: `*` and `?` match within one folder, `**` matches across folders. Case counts,
 * as in file names. Pure; the work is at most pattern length times path length.
 */

/** Longer than any path on Linux (PATH_MAX). */
const pathLengthMax = 4_096;
/** Stars in one pattern. */
const starsMax = 16;

/** Why a pattern cannot be used; undefined if it can. */
export function patternFault(pattern: string): string | undefined {
  if (pattern.startsWith('user:')) {
    return pattern.length > 'user:'.length ? undefined : 'user: needs a name after it';
  }
  if (!pattern.startsWith('/')) return 'a path begins with /; mail without a script is user:NAME';
  if (pattern.length > pathLengthMax) return 'it is longer than any path';
  if (!isPlain(pattern)) return 'it must have no . or .. and no empty part';
  const stars = pattern.match(/\*+/g) ?? [];
  if (stars.some((run) => run.length > 2)) return 'more than two * in a row';
  return stars.length > starsMax ? `more than ${starsMax} times *` : undefined;
}

/** Does the pattern match? A path with `..` or `//` matches only itself: it may lead elsewhere. */
export function matchesPath(pattern: string, path: string): boolean {
  if (pattern === path) return true;
  const wild = pattern.search(/[*?]/);
  // Nearly all rules are for other scripts: the part before the first star already differs.
  if (wild < 0 || !path.startsWith(pattern.slice(0, wild))) return false;
  if (path.length > pathLengthMax || (path.startsWith('/') && !isPlain(path))) return false;
  return matches(pattern.slice(wild), path.slice(wild));
}

/** How specific a pattern is: of two that match, the more specific one counts. */
export function weightOf(pattern: string): number {
  const wild = pattern.search(/[*?]/);
  return wild < 0 ? Number.MAX_SAFE_INTEGER : wild * starsMax + pattern.length;
}

function isPlain(path: string): boolean {
  return !/(?:^|\/)(?:\.{1,2})(?:\/|$)|\/\//.test(path);
}

/** Follows the path character by character through all places in the pattern it may be at. */
function matches(pattern: string, path: string): boolean {
  const tokens = pattern.match(/\*\*|[\s\S]/gu) ?? [];
  let at = followed(new Set([0]), tokens);
  for (const char of path) {
    const next = new Set<number>();
    for (const place of at) {
      const token = tokens[place];
      if (token === '**' || (token === '*' && char !== '/')) next.add(place);
      else if (token === char || (token === '?' && char !== '/')) next.add(place + 1);
    }
    if (next.size === 0) return false;
    at = followed(next, tokens);
  }
  return at.has(tokens.length);
}

/** Adds the places after stars, as a star may match nothing. */
function followed(places: Set<number>, tokens: readonly string[]): Set<number> {
  for (const place of places) {
    if (tokens[place] === '*' || tokens[place] === '**') places.add(place + 1);
  }
  return places;
}
