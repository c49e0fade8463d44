/**
 * Commands in texts, as they work where the text is read. Texts of Postern say `postern status`. In
 * a checkout the program is `./postern`, a guard may have its own state folder, and root needs no
 * sudo. Pure.
 */
import { shellWords } from '../lib/shell-words.ts';

/** How the program is called where a text is read. */
export type OwnCommand = {
  /** `postern`, `./postern`, or a whole path. */
  readonly program: string;
  /** Options in front of the command, each with its value: `['--state', '/srv/state']`. */
  readonly options: readonly (readonly [string, string])[];
  /** never: root reads it. always: this user may not ask the guard. as-said: as the text has it. */
  readonly sudo: 'never' | 'always' | 'as-said';
};

/** As the texts have it: an installed Postern, whose settings are the usual ones. */
export const usualCommand: OwnCommand = { program: 'postern', options: [], sudo: 'as-said' };

/** The first words after `postern`. A word that is not here is no command, but a sentence. */
export const commandWords: readonly string[] = [
  ...[
    'accounts',
    'audit',
    'bounces',
    'brake',
    'check',
    'checklist',
    'completion',
    'config',
    'connect',
  ],
  ...['dkim', 'dns', 'doctor', 'drill', 'explain', 'find', 'forget', 'held', 'help', 'inbound'],
  ...['incidents', 'install', 'listed', 'man', 'mode', 'passwords', 'probe', 'providers'],
  ...['quarantine', 'replay', 'scan', 'scripts', 'spf', 'stats', 'status', 'support', 'try', 'up'],
];

/** Commands without a state folder of the guard; those that read a configuration, or Postfix's. */
const withoutState = ['completion', 'config', 'help', 'probe', 'replay', 'scan', 'spf'];
const takers: Readonly<Record<string, (command: string) => boolean>> = {
  '--state': (command) => !withoutState.includes(command),
  '--config': (command) => configReaders.has(command),
  '--config-dir': (command) => postfixReaders.includes(command),
};
const postfixReaders = [
  ...['checklist', 'connect', 'doctor', 'drill', 'inbound', 'listed', 'probe', 'support'],
];
const configReaders: ReadonlySet<string> = new Set([
  ...['bounces', 'checklist', 'connect', 'dkim', 'dns', 'doctor', 'drill', 'listed', 'mode'],
  ...['passwords', 'probe', 'providers', 'replay', 'scan', 'spf', 'support', 'up'],
]);

const known = commandWords.join('|');
const inText: RegExp = new RegExp(
  `(?<![\\w./@:-])(sudo )?(Usage: )?postern(\\s+)(?=((?:${known})(?![\\w@.-])[^\\n]*))`,
  'g',
);

/** The text with each command in it as it works where it is read. */
export function ownCommands(text: string, own: OwnCommand): string {
  if (own === usualCommand || !text.includes('postern')) return text;
  return text.replace(inText, (_, sudo = '', usage = '', space: string, rest: string) => {
    const isUsage = usage !== '';
    const [line = ''] = rest.split(/[,;`)]/, 1);
    const [command = ''] = /^[\w-]+/.exec(rest) ?? [];
    const options = own.options.filter(
      ([name]) => !isUsage && takers[name]?.(command) === true && !line.includes(`${name} `),
    );
    const words = [own.program, ...options.flat()];
    const root = own.sudo === 'never' ? '' : own.sudo === 'always' && !isUsage ? 'sudo ' : sudo;
    return `${root}${usage}${shellWords(...words)}${space}`;
  });
}

/** A command line, such as `ownCommandLine(own, 'accounts', 'show', name)`. */
export function ownCommandLine(own: OwnCommand, ...words: readonly string[]): string {
  return ownCommands(shellWords('postern', ...words), own);
}

/** Names of the values in `--json` that are commands, or advice with commands in it. */
const adviceKeys: ReadonlySet<string> = new Set(['command', 'explain', 'fix', 'hint', 'undo']);

/** For JSON.stringify: the same for values that are advice, and for nothing else. */
export function ownAdvice(own: OwnCommand): (key: string, value: unknown) => unknown {
  return (key, value) =>
    typeof value === 'string' && adviceKeys.has(key) ? ownCommands(value, own) : value;
}
