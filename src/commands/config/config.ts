/**
 * `postern config`: check the configuration file, show what is in force and where it comes from,
 * print all settings.
 */
import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { defaultsText, type LoadedConfig, oldNamesText, readConfig } from '../../config/load.ts';
import { settings } from '../../config/schema.ts';
import { helpAfter, jsonLine } from '../terminal/help.ts';
import { print, warn } from '../terminal/print.ts';
import { table } from '../terminal/table.ts';
import { installedConfig } from './usual-config.ts';

const fileHelp = `the file (default: ${installedConfig})`;
const faulty = [
  78,
  'the file cannot be read or says something wrong; a line for each fault',
] as const;

type Options = { readonly json?: true };

export function register(program: Command): void {
  const config = program
    .command('config')
    .summary('check, show, defaults')
    .description(
      'The configuration is one TOML file in which everything has a default. The guard reads it at its start and on ' +
        'SIGHUP (systemctl reload postern); a file with a fault is refused whole, and the guard goes on as before.',
    );
  config
    .command('check')
    .summary('say what is wrong with a file')
    .description('Reads a configuration file as the guard would, and says what is wrong with it.')
    .argument('[file]', fileHelp, installedConfig)
    .addHelpText(
      'after',
      helpAfter({
        examples: [['postern config check && systemctl reload postern', '']],
        exits: [[0, 'the guard would take it'], faulty],
      }),
    )
    .action((file: string, _: Options, command: Command) => {
      const loaded = readConfig(file);
      const { set } = loaded;
      warn(command, oldNamesText(loaded));
      const count = set.size === 1 ? '1 setting' : `${set.size} settings`;
      print(command, `${file} is right: ${count}, the rest are defaults\n`);
    });
  config
    .command('show')
    .summary('every value in force, and where it comes from')
    .description(
      'Shows every setting with the value that the guard would use, and whether it comes from the file or is the default.',
    )
    .argument('[file]', fileHelp)
    .option('--json', 'one JSON object: key to value and origin')
    .addHelpText(
      'after',
      helpAfter({
        examples: [
          ['postern config show', ''],
          ['postern config show --json | jq \'.["doors.milter"].value\'', ''],
        ],
        exits: [[0, 'shown'], faulty],
        notes: `Without a file, and where there is no ${installedConfig}: the defaults.`,
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
      'Prints a whole configuration file: every setting with its default and what it is for.',
    )
    .addHelpText(
      'after',
      helpAfter({
        examples: [['postern config defaults > /etc/postern/postern.toml', 'a file to start from']],
        exits: [[0, 'printed']],
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
  return table(
    [{ title: 'SETTING' }, { title: 'VALUE' }, { title: 'FROM' }],
    shown(loaded).map(({ key, value, from }) => [key, value, from]),
  );
}

function showJson(loaded: LoadedConfig): string {
  const entries = shown(loaded).map(({ key, value, from }) => [
    key,
    { value: JSON.parse(value) as unknown, from },
  ]);
  return jsonLine(Object.fromEntries(entries));
}
