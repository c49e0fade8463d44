/** `postern config`: checks the configuration file, shows its settings, prints the defaults. */
import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { defaultsText, type LoadedConfig, readConfig } from '../../config/load.ts';
import { settings } from '../../config/schema.ts';
import { helpAfter, jsonLine } from '../terminal/help.ts';
import { print, warn } from '../terminal/print.ts';
import { printWidth, table } from '../terminal/table.ts';
import { oldNamesText } from './load-config.ts';
import { installedConfig } from './usual-config.ts';

const fileHelp = `the file (default: ${installedConfig})`;
const faulty = [78, 'the file cannot be read or has errors; one line for each error'] as const;

type Options = { readonly json?: true };

export function register(program: Command): void {
  const config = program
    .command('config')
    .summary('check, show, defaults')
    .description(
      'The configuration is one TOML file; every setting has a default. The guard reads the ' +
        'file when it starts and on SIGHUP (systemctl reload postern). It refuses a file with ' +
        'an error as a whole, and keeps the settings that were in force.',
    );
  config
    .command('check')
    .summary('find errors in a file')
    .description(
      'Reads a configuration file as the guard does, and prints each error, and a warning for ' +
        'each old name in it.',
    )
    .argument('[file]', 'the file', installedConfig)
    .option('--json', 'one JSON object: file, set, warnings')
    .addHelpText(
      'after',
      helpAfter({
        examples: [['postern config check && systemctl reload postern', '']],
        exits: [[0, 'the guard accepts the file'], faulty],
      }),
    )
    .action((file: string, { json }: Options, command: Command) => {
      const loaded = readConfig(file);
      const { oldNames: warnings, set } = loaded;
      warn(command, oldNamesText(loaded));
      if (json === true) {
        print(command, jsonLine({ file, set: [...set], warnings }));
        return;
      }
      const count = set.size === 1 ? '1 setting' : `${set.size} settings`;
      print(command, `${file} has no errors: ${count}, the rest are defaults\n`);
    });
  config
    .command('show')
    .summary('every setting in force, and where it comes from')
    .description(
      'Shows every setting with the value that the guard would use, and whether the value is ' +
        'from the file or the default.',
    )
    .argument('[file]', fileHelp)
    .option('--json', 'one JSON object: value and origin of each key')
    .addHelpText(
      'after',
      helpAfter({
        examples: [
          ['postern config show', ''],
          ['postern config show --json | jq \'.["doors.milter"].value\'', ''],
        ],
        exits: [[0, 'done'], faulty],
        notes: `Without a file argument and without ${installedConfig} it shows the defaults.`,
      }),
    )
    .action((file: string | undefined, options: Options, command: Command) => {
      const loaded = readConfig(
        file ?? (existsSync(installedConfig) ? installedConfig : undefined),
      );
      warn(command, oldNamesText(loaded));
      print(command, options.json === true ? showJson(loaded) : showText(loaded));
    });
  config
    .command('defaults')
    .summary('a file with every setting, its default and its meaning')
    .description(
      'Prints a complete configuration file: every setting with its default and its meaning.',
    )
    .addHelpText(
      'after',
      helpAfter({
        examples: [['postern config defaults > /etc/postern/postern.toml', 'a file to start from']],
        exits: [[0, 'done']],
      }),
    )
    .action((_: Options, command: Command) => print(command, `${defaultsText()}`));
}

type Shown = { readonly key: string; readonly value: string; readonly from: string };

function shown({ config, file, set }: LoadedConfig): readonly Shown[] {
  return settings(config).map(({ key, value }) => ({
    key,
    value,
    from: set.has(key) ? (file ?? 'file') : 'default',
  }));
}

function showText(loaded: LoadedConfig): string {
  const all = shown(loaded);
  const keys = Math.max(...all.map(({ key }) => key.length));
  const froms = Math.max(...all.map(({ from }) => from.length));
  const room = Math.max(valueWidthMin, printWidth() - keys - froms - 2 * gap);
  return table(
    [{ title: 'SETTING' }, { title: 'FROM' }, { title: 'VALUE' }],
    all.flatMap(({ key, value, from }) =>
      folded(value, room).map((part, at) => (at === 0 ? [key, from, part] : ['', '', part])),
    ),
  );
}

/** Between two columns of a table. */
const gap = 2;
const valueWidthMin = 30;

/** Breaks a long value behind commas and spaces, or anywhere if it has none. */
export function folded(value: string, width: number): readonly string[] {
  const lines: string[] = [];
  let rest = value;
  while (rest.length > width) {
    const at = Math.max(rest.lastIndexOf(', ', width - 1) + 1, rest.lastIndexOf(' ', width - 1));
    const cut = at > 0 ? at : width;
    lines.push(rest.slice(0, cut));
    rest = rest.slice(cut).trimStart();
  }
  return [...lines, rest];
}

function showJson(loaded: LoadedConfig): string {
  const entries = shown(loaded).map(({ key, value, from }) => [
    key,
    { value: JSON.parse(value) as unknown, from },
  ]);
  return jsonLine(Object.fromEntries(entries));
}
