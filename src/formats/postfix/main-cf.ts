/**
 * Reads and changes parameters in Postfix's main.cf (postconf(5)). The last definition of a name
 * counts. Pure.
 */
import { insertAfter, type PostfixLines, postfixLines } from './lines.ts';

export type Parameter = {
  readonly name: string;
  readonly value: string;
  readonly first: number;
  readonly last: number;
};
export type MainCf = {
  readonly source: PostfixLines;
  readonly parameters: readonly Parameter[];
};

/**
 * The deepest nesting of references. Postfix treats a loop as a fatal error; here the rest stays
 * unexpanded.
 */
const expansionDepthMax = 20;

export function parseMainCf(text: string): MainCf {
  const source = postfixLines(text);
  const parameters: Parameter[] = [];
  for (const { text: line, first, last } of source.logical) {
    const [, name, value] = /^\s*([^\s=]+)\s*=(.*)$/s.exec(line) ?? [];
    if (name !== undefined && value !== undefined) {
      parameters.push({ name, value: value.trim(), first, last });
    }
  }
  return { source, parameters };
}

function parameter(main: MainCf, name: string): Parameter | undefined {
  return main.parameters.findLast((one) => one.name === name);
}

export function mainValue(main: MainCf, name: string): string | undefined {
  return parameter(main, name)?.value;
}

/**
 * Replaces `$name`, `${name}` and `$(name)` by the value that `look` returns. Unknown names become
 * empty, as in Postfix.
 */
export function expand(
  value: string,
  look: (name: string) => string | undefined,
  depth: number = 0,
): string {
  if (depth > expansionDepthMax) return value;
  return value.replace(
    /\$(?:\$|([A-Za-z0-9_]+)|\{([A-Za-z0-9_]+)\}|\(([A-Za-z0-9_]+)\))/g,
    (whole, bare?: string, braced?: string, round?: string) => {
      const name = bare ?? braced ?? round;
      return name === undefined ? whole : expand(look(name) ?? '', look, depth + 1);
    },
  );
}

/** Adds a continuation line to a parameter, or defines the parameter if it is missing. */
export function appendToParameter(text: string, name: string, piece: string): string {
  const main = parseMainCf(text);
  const found = parameter(main, name);
  if (found === undefined) return appendLines(text, [`${name} = ${piece}`]);
  const lines = [...main.source.lines];
  insertAfter(lines, found.last, `    ${piece}`);
  return lines.join('');
}

/**
 * Inserts a piece directly after the equals sign of a parameter. Undefined if the file does not
 * define it.
 */
export function prependToParameter(text: string, name: string, piece: string): string | undefined {
  const main = parseMainCf(text);
  const found = parameter(main, name);
  if (found === undefined) return undefined;
  const lines = [...main.source.lines];
  const at = lines.findIndex(
    (line, index) => index >= found.first && line.includes('=') && !line.trim().startsWith('#'),
  );
  lines[at] = (lines[at] ?? '').replace('=', () => `=${piece}`);
  return lines.join('');
}

export function appendLines(text: string, more: readonly string[]): string {
  const lines = [...postfixLines(text).lines];
  for (const line of more) {
    if (lines.length === 0) lines.push(`${line}\n`);
    else insertAfter(lines, lines.length - 1, line);
  }
  return lines.join('');
}

/**
 * Gives a parameter one value: its last definition is replaced, and comments between its lines
 * stay. Undefined takes that definition out. A parameter that is missing is added at the end.
 */
export function setParameter(text: string, name: string, value: string | undefined): string {
  const main = parseMainCf(text);
  const found = parameter(main, name);
  const line = value === undefined ? [] : [`${name} = ${value}`];
  if (found === undefined) return appendLines(text, line);
  const lines = main.source.lines.flatMap((old, index) => {
    if (index < found.first || index > found.last) return [old];
    if (index > found.first && /^\s*(?:#|$)/.test(old)) return [old];
    if (index > found.first) return [];
    const end = /\r?\n$/.exec(old)?.[0] ?? '\n';
    return line.map((one) => one + end);
  });
  return lines.join('');
}
