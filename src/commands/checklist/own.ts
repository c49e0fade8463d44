/** Commands of items as texts have them; what prints them makes them work where they are read. */
import type { MeasureCommand } from '../../core/checklist/items/measure.ts';
import { shellWords } from '../../lib/shell-words.ts';
import { home, installedHome } from '../guard/run-file.ts';

/** Where the commands are read: what is known of the machine, and of this run. */
export type CommandPlace = {
  /** The Postfix that was named, if one was. */
  readonly configDir?: string | undefined;
  readonly isInstalled: boolean;
  /** There is a configuration that a command can change. */
  readonly isConfigured: boolean;
  readonly isRoot: boolean;
};

/** `config`: the configuration that is used; undefined: none. */
export function commandPlace(
  configDir: string | undefined,
  config: string | undefined,
): CommandPlace {
  const isRoot = process.getuid?.() === 0;
  return {
    configDir,
    isInstalled: home === installedHome,
    isConfigured: config !== undefined,
    isRoot,
  };
}

/** Empty if it would only be refused here. */
export function commandText(place: CommandPlace, command: MeasureCommand): string {
  const sudo = place.isRoot ? '' : 'sudo ';
  if ('postconf' in command) {
    const at = place.configDir === undefined ? [] : ['-c', place.configDir];
    const set = shellWords('postconf', ...at, '-e', command.postconf);
    return `${sudo}${set} && ${sudo}${shellWords('postfix', ...at, 'reload')}`;
  }
  if ('starts' in command)
    return place.isInstalled ? `${sudo}systemctl start postern` : 'postern up';
  if (command.installed === true && !place.isInstalled) return '';
  if (command.configured === true && !place.isConfigured) return '';
  return `${command.root ? sudo : ''}${shellWords('postern', ...command.words)}`;
}
