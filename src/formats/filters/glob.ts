/**
 * Compares texts with patterns of configuration files, where `*` is any text. Its time grows with
 * the product of both lengths, whatever the pattern is; a regular expression can take hours. Pure.
 */

/** `single`: in the pattern, `?` is any character. */
export function matchesGlob(
  pattern: string,
  text: string,
  { single = false }: { readonly single?: boolean } = {},
): boolean {
  let [inPattern, inText, star, from] = [0, 0, -1, 0];
  while (inText < text.length) {
    const sign = pattern[inPattern];
    if (sign === '*') {
      star = inPattern++;
      from = inText;
    } else if (sign === text[inText] || (single && sign === '?')) {
      inPattern++;
      inText++;
    } else if (star >= 0) {
      inPattern = star + 1;
      inText = ++from;
    } else return false;
  }
  while (pattern[inPattern] === '*') inPattern++;
  return inPattern === pattern.length;
}

/**
 * Where the first match of a pattern ends that is looked for anywhere in a text, as a search ends
 * that reports the first end of all; undefined without a match. `?` is any character.
 */
export function globEnd(pattern: string, text: string): number | undefined {
  let end = 0;
  for (const part of pattern.split('*')) {
    const at = placeOf(part, text, end);
    if (at === undefined) return undefined;
    end = at + part.length;
  }
  return end;
}

/** The first place of a part without `*`, not before `from`. */
function placeOf(part: string, text: string, from: number): number | undefined {
  if (!part.includes('?')) {
    const at = text.indexOf(part, from);
    return at < 0 ? undefined : at;
  }
  const fits = (at: number): boolean => {
    for (let nth = 0; nth < part.length; nth++) {
      if (part[nth] !== '?' && part[nth] !== text[at + nth]) return false;
    }
    return true;
  };
  for (let at = from; at + part.length <= text.length; at++) if (fits(at)) return at;
  return undefined;
}
