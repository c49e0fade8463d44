/**
 * Postfix's main.cf: parameters, as postconf(5) describes them. The last definition of a name
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
 * References inside references end here: Postfix calls a loop a fatal error, we leave the rest
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
 * `$name`, `${name}` and `$(name)` replaced by what `look` says; what it does not know becomes
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

/**
 * A line more for this parameter, continued from what it has; its own first line where it has none.
 */
export function appendToParameter(text: string, name: string, piece: string): string {
  const main = parseMainCf(text);
  const found = parameter(main, name);
  if (found === undefined) return appendLines(text, [`${name} = ${piece}`]);
  const lines = [...main.source.lines];
  insertAfter(lines, found.last, `    ${piece}`);
  return lines.join('');
}

/**
 * Puts a piece directly behind the parameter's equals sign. Undefined where the file does not
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
