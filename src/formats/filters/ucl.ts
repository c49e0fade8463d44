/**
 * Parses the part of rspamd's configuration language (UCL) that module files use: `name = value;`,
 * `name "value"`, blocks, lists, comments, here-documents and `.include`. Pure: the caller reads
 * the files. What it does not know is named.
 */

import { matchesGlob } from './glob.ts';

export type Ucl = string | UclBlock | readonly Ucl[];
export type UclBlock = ReadonlyMap<string, Ucl>;

export type UclFiles = {
  /** The file's text; undefined if it cannot be read. */
  text(path: string): string | undefined;
  /** Names in a folder, sorted; undefined if it cannot be read. */
  names(folder: string): readonly string[] | undefined;
  /** Replaces variables such as `$CONFDIR`. */
  expand(path: string): string;
};

export type UclRead = {
  readonly block: UclBlock;
  /** What was not read or not understood: a sentence each. */
  readonly gaps: readonly string[];
};

/** The deepest nesting; a mistake in a file must not overflow the stack. */
const depthMax = 20;
/** Files that include each other; rspamd's own set-up has three levels. */
const includesMax = 100;
const includeDepthMax = 10;
const token = new RegExp(
  [
    /\/\*[\s\S]*?(?:\*\/|$)|#[^\n]*/,
    /<<([A-Z]+)\n[\s\S]*?\n\1(?=[;\s]|$)/,
    /\.[a-z]\w*[ \t]*(?:\([^)\n]*\))?(?=[ \t]*["'$/\w])/,
    /"(?:[^"\\\n]|\\.)*"?|'[^'\n]*'?/,
    /[{}[\]=:;,\n]/,
    /(?:\$\{\w+\}|[^\s{}[\]=:;,"'#])+(?::(?:\$\{\w+\}|[^\s{}[\];,"'#])+)*/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'g',
);
const separators = ['\n', ';', ','];

/**
 * `priority`: of the file itself; rspamd reads its own files with 0 and those in local.d with 1.
 */
export function parseUcl(text: string, files: UclFiles, priority = 0): UclRead {
  const reader = new UclReader(files);
  const block: MutableBlock = new Map();
  reader.readInto(block, text, { priority, merge: true }, 0);
  return { block, gaps: reader.gaps };
}

type MutableBlock = Map<string, Ucl>;
/** How the values of a file join those that are there: the higher priority counts. */
type Joining = { readonly priority: number; readonly merge: boolean };

class UclReader {
  readonly gaps: string[] = [];
  readonly #files: UclFiles;
  /** The priority with which each value was set. */
  readonly #priorities = new WeakMap<UclBlock, Map<string, number>>();
  #included = 0;

  constructor(files: UclFiles) {
    this.#files = files;
  }

  readInto(into: MutableBlock, text: string, how: Joining, includeDepth: number): void {
    if (/\{%|\{\{/.test(text)) this.gaps.push('templates ({{ … }}, {% … %}) are not read');
    const tokens = (text.match(token) ?? []).filter((one) => !/^(?:#|\/\*)/.test(one));
    new TokenReader(tokens, {
      put: (block, names, value) => this.#put(block, names, value, how),
      macro: (block, name, path) => this.#macro(block, name, path, how, includeDepth),
    }).block(into, 0);
  }

  #put(into: MutableBlock, names: readonly string[], value: Ucl, how: Joining): void {
    const [name = '', ...more] = names;
    const priorities = this.#priorities.get(into) ?? new Map<string, number>();
    this.#priorities.set(into, priorities);
    const before = into.get(name);
    const known = priorities.get(name) ?? how.priority;
    if (more.length > 0) {
      const inner: MutableBlock = before instanceof Map ? before : new Map();
      into.set(name, inner);
      this.#put(inner, more, value, how);
      return;
    }
    if (before instanceof Map && value instanceof Map && (how.merge || how.priority === known)) {
      for (const [key, one] of value as UclBlock) {
        this.#put(before as MutableBlock, [key], one, how);
      }
    } else {
      if (typeof before === 'string' && typeof value === 'string' && how.priority === known) {
        this.gaps.push(`${name}: is set twice, which gives rspamd a list; the last value is read`);
      }
      if (before === undefined || how.priority >= known) into.set(name, value);
    }
    if (how.priority >= known) priorities.set(name, how.priority);
  }

  #macro(
    block: MutableBlock,
    macro: string,
    place: string,
    around: Joining,
    includeDepth: number,
  ): void {
    const [, name = '', options = ''] = /^\.(\w+)\s*(?:\((.*)\))?/.exec(macro) ?? [];
    if (name !== 'include' && name !== 'includes') {
      this.gaps.push(`.${name} ${place}: is not read`);
      return;
    }
    const isSet = (option: string): boolean =>
      new RegExp(`\\b${option}\\s*=\\s*(?:true|yes|on|1)\\b`, 'i').test(options);
    const priority = Number(/\bpriority\s*=\s*(\d+)/.exec(options)?.[1] ?? around.priority);
    const how = { priority, merge: /\bduplicate\s*=\s*"?merge/.test(options) };
    const path = this.#files.expand(place);
    const paths = isSet('glob') || /[*?]/.test(path) ? this.#globbed(path) : [path];
    for (const one of paths) {
      this.#included++;
      const text =
        this.#included <= includesMax && includeDepth < includeDepthMax
          ? this.#files.text(one)
          : undefined;
      if (text !== undefined) this.readInto(block, text, how, includeDepth + 1);
      else if (!isSet('try') || this.#included > includesMax) {
        this.gaps.push(`.include ${place}: ${one} cannot be read`);
      }
    }
  }

  #globbed(path: string): readonly string[] {
    const slash = path.lastIndexOf('/');
    const [folder, last] = [path.slice(0, slash), path.slice(slash + 1)];
    return (this.#files.names(folder) ?? [])
      .filter((one) => matchesGlob(last, one, { single: true }) && !one.startsWith('.'))
      .map((one) => `${folder}/${one}`);
  }
}

/** What the reader of tokens calls for each setting and macro. */
type Found = {
  put(block: MutableBlock, names: readonly string[], value: Ucl): void;
  macro(block: MutableBlock, macro: string, place: string): void;
};

class TokenReader {
  readonly #tokens: readonly string[];
  readonly #found: Found;
  #at = 0;

  constructor(tokens: readonly string[], found: Found) {
    this.#tokens = tokens;
    this.#found = found;
  }

  block(into: MutableBlock, depth: number): MutableBlock {
    for (;;) {
      this.#skip(separators);
      const word = this.#tokens[this.#at];
      if (word === undefined) return into;
      this.#at++;
      if (word === '}') return into;
      if (isSign(word) || depth > depthMax) continue;
      if (/^\.[a-z]/.test(word)) {
        this.#found.macro(into, word, plain(this.#tokens[this.#at] ?? ''));
        this.#at++;
        continue;
      }
      const names = [plain(word)];
      // `domain example.org {`: a block in a block.
      while (!isSign(this.#peek() ?? '\n') && this.#tokens[this.#at + 1] === '{') {
        names.push(plain(this.#peek() ?? ''));
        this.#at++;
      }
      const start = this.#at;
      this.#skip(['=', ':', '\n']);
      const skipped = this.#tokens.slice(start, this.#at);
      if (this.#peek() !== '{' && skipped.length > 0 && skipped.every((one) => one === '\n')) {
        this.#at = start;
      }
      this.#found.put(into, names, this.#value(depth));
    }
  }

  #value(depth: number): Ucl {
    const word = this.#peek();
    if (word === undefined || word === '}' || separators.includes(word)) return '';
    this.#at++;
    if (word === '{') return this.block(new Map(), depth + 1);
    if (word === '[') return this.#list(depth);
    return isSign(word) ? '' : plain(word);
  }

  #list(depth: number): readonly Ucl[] {
    const items: Ucl[] = [];
    for (;;) {
      this.#skip(separators);
      const word = this.#peek();
      if (word === undefined) return items;
      this.#at++;
      if (word === ']') return items;
      if (word === '{') items.push(this.block(new Map(), depth + 1));
      else if (word === '[' && depth < depthMax) items.push(this.#list(depth + 1));
      else if (!isSign(word)) items.push(plain(word));
    }
  }

  #peek(): string | undefined {
    return this.#tokens[this.#at];
  }

  #skip(words: readonly string[]): void {
    while (words.includes(this.#peek() ?? '')) this.#at++;
  }
}

function isSign(word: string): boolean {
  return /^[{}[\]=:;,\n]$/.test(word);
}

function plain(word: string): string {
  if (word.startsWith('<<')) return word.slice(word.indexOf('\n') + 1, word.lastIndexOf('\n'));
  if (word.startsWith('"'))
    return word
      .slice(1, word.endsWith('"') && word.length > 1 ? -1 : undefined)
      .replace(/\\(.)/g, '$1');
  return word.startsWith("'")
    ? word.slice(1, word.endsWith("'") && word.length > 1 ? -1 : undefined)
    : word;
}
