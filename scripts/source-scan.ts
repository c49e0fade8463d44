/**
 * Finds calls in the source and splits their arguments, for the reference pages of errors and log
 * events. It knows strings, templates, comments and brackets of TypeScript, which is enough for
 * calls that are written out.
 */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export type SourceCall = { readonly file: string; readonly args: readonly string[] };

/** Finds every call in src/, without tests, that matches `opening` (which ends in its bracket). */
export function callsOf(home: string, opening: RegExp): readonly SourceCall[] {
  const files = globSync('src/**/*.ts', { cwd: home })
    .filter((file) => !file.endsWith('.test.ts'))
    .sort();
  return files.flatMap((file) => {
    const text = readFileSync(join(home, file), 'utf8');
    return [...text.matchAll(opening)].map((match) => ({
      file,
      args: argumentsFrom(text, match.index + match[0].length),
    }));
  });
}

/** Returns the string literals of an expression; parts filled in at run time become `…`. */
export function literalsOf(expression: string): readonly string[] {
  const found = expression.matchAll(/'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|`((?:[^`\\]|\\.)*)`/g);
  return [...found].map((match) => {
    const text = match[1] ?? match[2] ?? withoutHoles(match[3] ?? '');
    return text.replace(/\\n/g, ' ').replace(/\\(.)/g, '$1');
  });
}

/** Replaces each `${…}` of a template, nested ones too, by `…`. */
function withoutHoles(template: string): string {
  let text = '';
  let depth = 0;
  for (let at = 0; at < template.length; at++) {
    if (depth === 0 && template.startsWith('${', at)) {
      depth = 1;
      at++;
      text += '…';
    } else if (depth > 0) {
      if (template[at] === '{') depth++;
      if (template[at] === '}') depth--;
    } else text += template[at];
  }
  return text;
}

/** Splits at the commas between `start` and the closing bracket. */
function argumentsFrom(text: string, start: number): readonly string[] {
  const args: string[] = [];
  let from = start;
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const char = text[at] ?? '';
    if ('\'"`'.includes(char)) at = endOfString(text, at);
    else if (text.startsWith('//', at)) at = text.indexOf('\n', at);
    else if ('([{'.includes(char)) depth++;
    else if (')]}'.includes(char)) {
      if (depth-- === 0) {
        const last = text.slice(from, at).trim();
        return last === '' ? args : [...args, last];
      }
    } else if (char === ',' && depth === 0) {
      args.push(text.slice(from, at).trim());
      from = at + 1;
    }
  }
  throw new Error(`a call without end at ${start}`);
}

function endOfString(text: string, start: number): number {
  const quote = text[start];
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === quote) return at;
    else if (quote === '`' && text.startsWith('${', at)) at = endOfHole(text, at + 2);
  }
  throw new Error(`a string without end at ${start}`);
}

function endOfHole(text: string, start: number): number {
  for (let at = start, depth = 0; at < text.length; at++) {
    const char = text[at] ?? '';
    if ('\'"`'.includes(char)) at = endOfString(text, at);
    else if (char === '{') depth++;
    else if (char === '}' && depth-- === 0) return at;
  }
  throw new Error(`a template without end at ${start}`);
}
