/** Commands as the operator types them here: with the program's path, sudo, and options. */
import type { MeasureCommand } from '../../core/checklist/items/measure.ts';
import { shellWords } from '../../lib/shell-words.ts';
import { home, installedHome } from '../guard/run-file.ts';

/** Options of the checklist that other commands take too. */
export type OwnOptions = {
  readonly state?: string;
  readonly config?: string;
  readonly configDir?: string;
};

export type OwnPlace = {
  readonly options: OwnOptions;
  readonly isInstalled: boolean;
  readonly isRoot: boolean;
};

export function ownPlace(options: OwnOptions): OwnPlace {
  return { options, isInstalled: home === installedHome, isRoot: process.getuid?.() === 0 };
}

/** The words, with sudo where this user is not root and the command must be. */
export function ownCommand(place: OwnPlace, words: readonly string[], root = false): string {
  const program = place.isInstalled ? 'postern' : './postern';
  return asRoot(place, root, shellWords(program, ...words));
}

export function printedCommand(place: OwnPlace, command: MeasureCommand): string {
  const { config, configDir, state } = place.options;
  if ('postconf' in command) {
    const at = configDir === undefined ? [] : ['-c', configDir];
    const set = asRoot(place, true, shellWords('postconf', ...at, '-e', command.postconf));
    return `${set} && ${asRoot(place, true, shellWords('postfix', ...at, 'reload'))}`;
  }
  const given: Readonly<Record<string, string | undefined>> = {
    state,
    config,
    'config-dir': configDir,
  };
  const options = (names: readonly string[]): readonly string[] =>
    names.flatMap((name) => {
      const value = given[name];
      return value === undefined ? [] : [`--${name}`, value];
    });
  if ('starts' in command) {
    if (!place.isInstalled) return ownCommand(place, ['up', ...options(['state', 'config'])]);
    return asRoot(place, true, 'systemctl start postern');
  }
  return ownCommand(place, [...command.words, ...options(command.takes)], command.root);
}

function asRoot({ isRoot }: OwnPlace, root: boolean, text: string): string {
  return root && !isRoot ? `sudo ${text}` : text;
}
