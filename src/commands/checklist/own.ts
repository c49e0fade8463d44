/** Commands of items as texts have them; what prints them makes them work where they are read. */
import { existsSync } from 'node:fs';
import type { ChecklistItem } from '../../core/checklist/items/item.ts';
import type { MeasureCommand } from '../../core/checklist/items/measure.ts';
import { shellWords } from '../../lib/shell-words.ts';
import { postconfPath } from '../../partners/postfix/postconf.ts';
import { home, installedHome } from '../guard/run-file.ts';

/** What is known of the machine, and of this run. */
export type CommandPlace = {
  /** The Postfix that was named, if one was. */
  readonly configDir?: string | undefined;
  readonly isInstalled: boolean;
  /** There is a configuration that a command can change. */
  readonly isConfigured: boolean;
  readonly hasPostfix: boolean;
};

/** `config`: the configuration that is used; undefined: none. */
export function commandPlace(
  configDir: string | undefined,
  config: string | undefined,
): CommandPlace {
  return {
    configDir,
    isInstalled: home === installedHome,
    isConfigured: config !== undefined,
    hasPostfix: configDir !== undefined || existsSync(postconfPath),
  };
}

/**
 * With sudo where only root may run it, as the guard keeps it for whoever reads it. Empty if it
 * would only be refused here.
 */
export function commandText(place: CommandPlace, command: MeasureCommand): string {
  const sudo = 'sudo ';
  if ('postconf' in command) {
    const at = place.configDir === undefined ? [] : ['-c', place.configDir];
    const set = shellWords('postconf', ...at, '-e', command.postconf);
    return `${sudo}${set} && ${sudo}${shellWords('postfix', ...at, 'reload')}`;
  }
  if ('starts' in command)
    return place.isInstalled ? `${sudo}systemctl start postern` : 'postern up';
  if (command.installed === true && !place.isInstalled) return '';
  if (command.configured === true && !place.isConfigured) return '';
  if (command.postfix === true && !place.hasPostfix) return `${sudo}apt-get install postfix`;
  return `${command.root ? sudo : ''}${shellWords('postern', ...command.words)}`;
}

/** The item for the user who reads it now: root needs no sudo, and may have none. */
export function itemHere(item: ChecklistItem): ChecklistItem {
  if (process.geteuid?.() !== 0) return item;
  return { ...item, command: item.command.replace(/(^|&& )sudo /g, '$1') };
}
