/**
 * The configuration in force: defaults, then the file, then the command line; and where each value
 * came from. Anything unknown or wrong is refused, with the line's key and what would be right.
 */
import { readFileSync } from 'node:fs';
import { parse, TomlError } from 'smol-toml';
import type { z } from 'zod';
import { OperatorError, sysexits } from '../lib/operator-error.ts';
import { type Config, schema, settings } from './schema.ts';

export type Loaded = {
  readonly config: Config;
  /** The file read; undefined where there is none. */
  readonly file: string | undefined;
  /** Keys (`doors.milter`) that the file sets. */
  readonly set: ReadonlySet<string>;
};

/**
 * Reads the file (undefined: defaults alone). Throws OperatorError `config` with all that is wrong,
 * a line each.
 */
export function loadConfig(file: string | undefined): Loaded {
  if (file === undefined) return { config: schema.parse({}), file, set: new Set() };
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new OperatorError('config', `cannot read ${file}`, { cause, exit: sysexits.config });
  }
  return { ...parseConfig(text, file), file };
}

/** As loadConfig, from text; `name` is how the file is called in messages. */
export function parseConfig(text: string, name: string): Omit<Loaded, 'file'> {
  let raw: unknown;
  try {
    raw = parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const what = error.message.split('\n')[0] ?? 'not TOML';
    throw wrong(`${name}, line ${error.line}: ${what}`, error);
  }
  const read = schema.safeParse(raw);
  if (!read.success) {
    const lines = read.error.issues.map((issue) => `${name}: ${issueText(issue)}`);
    throw wrong(lines.join('\n'), undefined);
  }
  return { config: read.data, set: new Set(keysOf(raw, '')) };
}

function wrong(text: string, cause: unknown): OperatorError {
  return new OperatorError('config', text, {
    ...(cause === undefined ? {} : { cause }),
    exit: sysexits.config,
    hint: '`postern config defaults` shows every setting',
  });
}

function issueText(issue: z.core.$ZodIssue): string {
  const path = issue.path.join('.');
  if (issue.code === 'unrecognized_keys') {
    const where = path === '' ? '' : ` in [${path}]`;
    return `unknown setting ${issue.keys.join(', ')}${where}`;
  }
  return `${path}: ${issue.message}`;
}

function keysOf(value: unknown, prefix: string): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [prefix];
  return Object.entries(value).flatMap(([key, inner]) =>
    keysOf(inner, prefix === '' ? key : `${prefix}.${key}`),
  );
}

/** A whole configuration file with every setting, its default, and what it is for. */
export function defaultsText(): string {
  const lines: string[] = [];
  let section = '';
  for (const { key, value, about } of settings(schema.parse({}))) {
    const dot = key.indexOf('.');
    const [table, name] = dot < 0 ? ['', key] : [key.slice(0, dot), key.slice(dot + 1)];
    if (table !== section) {
      lines.push(`[${table}]`, '');
      section = table;
    }
    lines.push(`# ${about}`, `${name} = ${value}`, '');
  }
  return lines.join('\n');
}
