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
