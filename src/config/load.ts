/**
 * Reads the configuration file: the values in force, and which of them the file sets. A file with
 * an unknown setting or a wrong value is refused as a whole; the error names the setting and what
 * it must be.
 */
import { readFileSync } from 'node:fs';
import { parse, TomlError } from 'smol-toml';
import type { ReplyRule } from '../core/replies/rule.ts';
import { OperatorError, sysexits } from '../lib/operator-error.ts';
import { issueText } from './fault-text.ts';
import { withNewNames } from './old-names.ts';
import { readReplyRules } from './reply-rules.ts';
import { type Config, schema, settings } from './schema.ts';

export type LoadedConfig = {
  readonly config: Config;
  /** The file that was read; undefined: no file, only defaults. */
  readonly file: string | undefined;
  /** Keys (`doors.milter`) that the file sets. */
  readonly set: ReadonlySet<string>;
  /** A sentence for each name of version 0.1 in the file. */
  readonly oldNames: readonly string[];
  /** The operator's own rules for replies: the file that `providers.rules` names. */
  readonly replyRules: readonly ReplyRule[];
};

/**
 * Reads the file (undefined: defaults alone). Throws OperatorError `config` with a line for each
 * error in the file.
 */
export function readConfig(file: string | undefined): LoadedConfig {
  if (file === undefined) {
    return { config: schema.parse({}), file, set: new Set(), oldNames: [], replyRules: [] };
  }
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new OperatorError('config', `cannot read ${file}`, { cause, exit: sysexits.config });
  }
  const parsed = parseConfig(text, file);
  return { ...parsed, file, replyRules: readReplyRules(parsed.config.providers.rules) };
}

/** As readConfig, from text; `name` is the file's name in messages. */
export function parseConfig(text: string, name: string): Omit<LoadedConfig, 'file' | 'replyRules'> {
  let toml: unknown;
  try {
    toml = parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const what = error.message.split('\n')[0] ?? 'not TOML';
    throw wrong(`${name}, line ${error.line}: ${what}`);
  }
  const { raw, oldNames } = withNewNames(toml);
  const read = schema.safeParse(raw);
  if (!read.success) {
    const known = settings(schema.parse({})).map(({ key }) => key);
    const about = { file: name, text, settings: known };
    const lines = read.error.issues.map((issue) => issueText(issue, about));
    throw wrong(lines.join('\n'));
  }
  return { config: read.data, set: new Set(keysOf(raw, '')), oldNames };
}

function wrong(text: string): OperatorError {
  return new OperatorError('config', text, {
    exit: sysexits.config,
    hint: '`postern config defaults` prints every setting with its default and its meaning',
  });
}

function keysOf(value: unknown, prefix: string): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [prefix];
  return Object.entries(value).flatMap(([key, inner]) =>
    keysOf(inner, prefix === '' ? key : `${prefix}.${key}`),
  );
}

/** A complete configuration file: every setting with its default and its meaning. */
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
