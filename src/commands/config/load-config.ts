/** Reads the configuration for a command, and warns about names of version 0.1 in it. */
import { type LoadedConfig, readConfig } from '../../config/load.ts';

/** As readConfig; each old name in the file is a warning on standard error. */
export function loadConfig(file: string | undefined): LoadedConfig {
  const loaded = readConfig(file);
  warnOldNames(loaded);
  return loaded;
}

/** Prints the warnings on standard error, beside the command's output. */
export function warnOldNames(loaded: Pick<LoadedConfig, 'file' | 'oldNames'>): void {
  process.stderr.write(oldNamesText(loaded));
}

/** A warning line for each old name in the file; empty without old names. */
export function oldNamesText({ file, oldNames }: Pick<LoadedConfig, 'file' | 'oldNames'>): string {
  return oldNames.map((text) => `postern: ${file ?? ''}: ${text}\n`).join('');
}
