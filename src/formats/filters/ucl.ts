/**
 * Parses the part of rspamd's configuration language (UCL) that module files use: `name = value;`,
 * `name "value"`, blocks, lists, comments. Pure; it skips what it does not know.
 */

export type Ucl = string | UclBlock | readonly Ucl[];
export type UclBlock = ReadonlyMap<string, Ucl>;

/** The deepest nesting; a mistake in a file must not overflow the stack. */
const depthMax = 20;
const token = new RegExp(
  [
    /\/\*[\s\S]*?(?:\*\/|$)|#[^\n]*/,
    /"(?:[^"\\\n]|\\.)*"?|'[^'\n]*'?/,
    /[{}[\]=:;,\n]/,
    /[^\s{}[\]=:;,"'#]+(?::[^\s{}[\];,"'#]+)*/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'g',
);
const separators = ['\n', ';', ','];

export function parseUcl(text: string): UclBlock {
  const tokens = (text.match(token) ?? []).filter((one) => !/^(?:#|\/\*)/.test(one));
  let at = 0;
  const skip = (words: readonly string[]): void => {
    while (words.includes(tokens[at] ?? '')) at++;
  };
  const list = (depth: number): readonly Ucl[] => {
    const items: Ucl[] = [];
    for (;;) {
      skip(separators);
      const word = tokens[at];
      if (word === undefined) return items;
      at++;
      if (word === ']') return items;
      if (word === '{') items.push(block(depth + 1));
      else if (word === '[' && depth < depthMax) items.push(list(depth + 1));
      else if (!isSign(word)) items.push(plain(word));
    }
  };
  const value = (depth: number): Ucl => {
    const word = tokens[at];
    if (word === undefined || word === '}' || separators.includes(word)) return '';
    at++;
    if (word === '{') return block(depth + 1);
    if (word === '[') return list(depth + 1);
    return isSign(word) ? '' : plain(word);
  };
  const block = (depth: number): UclBlock => {
    const found = new Map<string, Ucl>();
    for (;;) {
      skip(separators);
      const word = tokens[at];
      if (word === undefined) return found;
      at++;
      if (word === '}') return found;
      if (isSign(word) || depth > depthMax) continue;
      const names = [plain(word)];
      // `domain example.org {`: a block in a block.
      while (!isSign(tokens[at] ?? '\n') && tokens[at + 1] === '{') {
        names.push(plain(tokens[at] ?? ''));
        at++;
      }
      const start = at;
      skip(['=', ':', '\n']);
      if (
        at > start &&
        tokens[at] !== '{' &&
        tokens.slice(start, at).every((one) => one === '\n')
      ) {
        at = start;
      }
      put(found, names, value(depth));
    }
  };
  return block(0);
}

function put(into: Map<string, Ucl>, [name = '', ...more]: readonly string[], value: Ucl): void {
  const before = into.get(name);
  const inner = before instanceof Map ? before : new Map<string, Ucl>();
  if (more.length > 0) put(inner, more, value);
  else if (before instanceof Map && value instanceof Map) {
    for (const [key, one] of value) inner.set(key, one);
  }
  into.set(
    name,
    more.length > 0 || value instanceof Map
      ? before instanceof Map || more.length > 0
        ? inner
        : value
      : value,
  );
}

function isSign(word: string): boolean {
  return /^[{}[\]=:;,\n]$/.test(word);
}

function plain(word: string): string {
  if (word.startsWith('"'))
    return word
      .slice(1, word.endsWith('"') && word.length > 1 ? -1 : undefined)
      .replace(/\\(.)/g, '$1');
  return word.startsWith("'")
    ? word.slice(1, word.endsWith("'") && word.length > 1 ? -1 : undefined)
    : word;
}
