/**
 * Patterns of paths: `*` and `?` stay within one folder, `**` goes through all below. Case counts,
 * as in file names. Pure; work is bounded by pattern times path, whatever is in them.
 */

/** Longer than any path on Linux (PATH_MAX). */
const pathLengthMax = 4_096;
/** Stars of one pattern. */
const starsMax = 16;

/** Why a pattern cannot be used; undefined: it can. */
export function patternFault(pattern: string): string | undefined {
  if (pattern.startsWith('user:')) {
    return pattern.length > 'user:'.length ? undefined : 'user: needs a name behind it';
  }
  if (!pattern.startsWith('/')) return 'a path begins with /; mail without a script is user:NAME';
  if (pattern.length > pathLengthMax) return 'it is longer than any path';
  if (!isPlain(pattern)) return 'it must have no . or .. and no empty part';
  const stars = pattern.match(/\*+/g) ?? [];
  if (stars.some((run) => run.length > 2)) return 'more than two * in a row';
  return stars.length > starsMax ? `more than ${starsMax} times *` : undefined;
}

/**
 * A path that is not written plainly (`..`, `//`) matches nothing: it may lead elsewhere than it
 * looks.
 */
export function matchesPath(pattern: string, path: string): boolean {
  if (pattern === path) return true;
  const wild = pattern.search(/[*?]/);
  // Nearly all rules are somebody else's: that shows in the part before the first star.
  if (wild < 0 || !path.startsWith(pattern.slice(0, wild))) return false;
  if (path.length > pathLengthMax || (path.startsWith('/') && !isPlain(path))) return false;
  return matches(pattern.slice(wild), path.slice(wild));
}

/** How much a pattern says: of two that match, the one that says more counts. */
export function weightOf(pattern: string): number {
  const wild = pattern.search(/[*?]/);
  return wild < 0 ? Number.MAX_SAFE_INTEGER : wild * starsMax + pattern.length;
}

function isPlain(path: string): boolean {
  return !/(?:^|\/)(?:\.{1,2})(?:\/|$)|\/\//.test(path);
}

/** Set of places in the pattern that the path up to here may have led to, one step a character. */
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

/** A star may stand for nothing. */
function followed(places: Set<number>, tokens: readonly string[]): Set<number> {
  for (const place of places) {
    if (tokens[place] === '*' || tokens[place] === '**') places.add(place + 1);
  }
  return places;
}
