/** The configuration of an installed Postern, for commands that were told none. */
import { accessSync, constants } from 'node:fs';

export const installedConfig = '/etc/postern/postern.toml';

/**
 * It belongs to root and Postern: undefined for whoever may not read it, and where there is none.
 */
export function usualConfig(): string | undefined {
  try {
    accessSync(installedConfig, constants.R_OK);
    return installedConfig;
  } catch {
    return undefined;
  }
}
