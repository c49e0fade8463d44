/**
 * Finds the text of HTML, without tags, comments, styles, scripts and titles. If a reader could see
 * more than this finds, the result is undefined, because two different texts must never look the
 * same. One pass, never throws.
 */

/** Elements in which a browser shows tags as text, or the other way round. */
const elsewhereMarkup =
  /<(?:xmp|plaintext|textarea|noembed|noframes|noscript|iframe|svg|math|template|select)[\s/>]/i;
const hiddenElement = /^<(style|script|title)[\s/>]/i;

/** The text; undefined if there are elements with other rules. */
export function htmlText(html: string): string | undefined {
  if (elsewhereMarkup.test(html)) return undefined;
  const shown: string[] = [];
  for (let at = 0; at < html.length; ) {
    const tag = html.indexOf('<', at);
    if (tag < 0) {
      shown.push(html.slice(at));
      break;
    }
    // Before other characters, a `<` is only a character.
    const isTag = /[a-z/!?]/i.test(html[tag + 1] ?? '');
    shown.push(html.slice(at, tag), ' ');
    const end = isTag ? behindTag(html, tag) : tag + 1;
    if (end === undefined) break;
    at = end;
  }
  return withoutEntities(shown.join(''));
}

/**
 * The position where text continues after the tag, comment or hidden element that begins here;
 * undefined if it does not end.
 */
function behindTag(html: string, tag: number): number | undefined {
  if (html.startsWith('<!--', tag)) return behindComment(html, tag + 4);
  const hidden = hiddenElement.exec(html.slice(tag, tag + 8))?.[1]?.toLowerCase();
  if (hidden === undefined) return behind(html.indexOf('>', tag), 1);
  // Searches the text itself, ignoring case, because a lower-cased text may have another length.
  const closing = closings[hidden] ?? /<\//g;
  closing.lastIndex = tag;
  return closing.exec(html)?.index;
}

const closings: Readonly<Record<string, RegExp>> = {
  style: /<\/style/gi,
  script: /<\/script/gi,
  title: /<\/title/gi,
};

/**
 * Finds the end of a comment by the rules of HTML: `<!-->` and `<!--->` end at once, and `--!>`
 * ends one too.
 */
function behindComment(html: string, from: number): number | undefined {
  if (html[from] === '>') return from + 1;
  if (html.startsWith('->', from)) return from + 2;
  commentEnd.lastIndex = from;
  const end = commentEnd.exec(html);
  return end === null ? undefined : behind(end.index, end[0].length);
}

const commentEnd = /--!?>/g;

function behind(index: number, length: number): number | undefined {
  return index < 0 ? undefined : index + length;
}

/** Decodes characters that are written as a number or a name. */
export function withoutEntities(html: string): string {
  return html.replace(entity, character);
}

const entity = /&(?:#(\d{1,8});?|#x([0-9a-f]{1,7});?|([a-z][a-z\d]{1,30});)/gi;
const signs = new Map([
  ['sol', '/'],
  ['bsol', '\\'],
  ['colon', ':'],
  ['period', '.'],
]);
const spaces = new Set(['nbsp', 'ensp', 'emsp', 'thinsp', 'lt', 'gt', 'amp', 'quot', 'apos']);

/**
 * Replaces a named character by its name. That is enough to distinguish `f&uuml;r` from `f&auml;r`.
 */
function character(_: string, decimal?: string, hex?: string, name?: string): string {
  if (name !== undefined) {
    return signs.get(name) ?? (spaces.has(name.toLowerCase()) ? ' ' : name);
  }
  const code = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal);
  return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : ' ';
}
