/**
 * The mailboxes of an address list (RFC 5322 section 3.4): with names, comments, quotes and groups,
 * encoded words in names, and `;` between addresses as some programs write it. Pure, never throws,
 * reads each character once.
 */

/** Addresses as they are written; a name without an address is one too, and no valid one. */
export function mailboxes(text: string): readonly string[] {
  const found: string[] = [];
  let bare = '';
  let inAngles: string | undefined;
  let comments = 0;
  let quoted = false;
  let literal = false;
  const finish = (): void => {
    const address = inAngles ?? bare;
    if (address.trim() !== '') found.push(address.trim());
    bare = '';
    inAngles = undefined;
  };
  for (let at = 0; at < text.length; at++) {
    const char = text[at] ?? '';
    if (char === '\\') {
      if (comments === 0) bare += text.slice(at, at + 2);
      at++;
    } else if (quoted) {
      bare += char;
      if (char === '"') quoted = false;
    } else if (char === '(') comments++;
    else if (comments > 0) comments -= char === ')' ? 1 : 0;
    else if (char === '<') {
      const end = angleEnd(text, at);
      inAngles = text.slice(at + 1, end);
      at = end;
    } else if (!literal && (char === ',' || char === ';')) finish();
    // `Friends: a@b, c@d;` is a group, whose name ends here.
    else if (!literal && char === ':') bare = '';
    else {
      if (char === '"') quoted = true;
      if (char === '[' || char === ']') literal = char === '[';
      bare += char;
    }
  }
  finish();
  return found;
}

/** Where the `>` of a `<` is, respecting quotes; or the end of the text. */
function angleEnd(text: string, start: number): number {
  let quoted = false;
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '"') quoted = !quoted;
    else if (text[at] === '>' && !quoted) return at;
  }
  return text.length;
}
