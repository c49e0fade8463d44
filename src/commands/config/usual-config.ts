/** The configuration of an installed Postern, for commands without --config. */
import { accessSync, constants } from 'node:fs';

export const installedConfig = '/etc/postern/postern.toml';

/** Undefined if there is no such file, or this user may not read it. */
export function usualConfig(): string | undefined {
  try {
    accessSync(installedConfig, constants.R_OK);
    return installedConfig;
  } catch {
    return undefined;
  }
}
