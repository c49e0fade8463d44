/** Commands of items as texts have them; what prints them makes them work where they are read. */

import { existsSync } from 'node:fs';
import type { MeasureCommand } from '../../core/checklist/items/measure.ts';
import { shellWords } from '../../lib/shell-words.ts';
import { postconfPath } from '../../partners/postfix/postconf.ts';
import { usualConfig } from '../config/usual-config.ts';
import { home, installedHome } from '../guard/run-file.ts';

/** Where the commands are read: what is known of the machine, and of this run. */
export type CommandPlace = {
  /** The Postfix that was named, if one was. */
  readonly configDir?: string | undefined;
  readonly isInstalled: boolean;
  readonly isConfigured: boolean;
  readonly hasPostfix: boolean;
  readonly isRoot: boolean;
};

export function commandPlace({
  config = usualConfig(),
  configDir,
}: {
  readonly config?: string;
  readonly configDir?: string;
}): CommandPlace {
  return {
    configDir,
    isInstalled: home === installedHome,
    isConfigured: config !== undefined,
    hasPostfix: configDir !== undefined || existsSync(postconfPath),
    isRoot: process.getuid?.() === 0,
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
  if (command.postfix === true && !place.hasPostfix) return `${sudo}apt-get install postfix`;
  return `${command.root ? sudo : ''}${shellWords('postern', ...command.words)}`;
}
