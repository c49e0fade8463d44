/** What the checklist knows of drills: the sink in Postfix, the canary, and the last report. */
import { join } from 'node:path';
import type { Config } from '../../config/schema.ts';
import { drillItem, sinkItem } from '../../core/checklist/items/drill.ts';
import type { ChecklistItem } from '../../core/checklist/items/item.ts';
import type { DrillReport } from '../../core/drill/report.ts';
import { drillFile, parseReport } from '../../core/drill/report-file.ts';
import { faultText } from '../../lib/error-text.ts';
import type { Millis } from '../../lib/time.ts';
import { postconf } from '../../partners/postfix/postconf.ts';
import { sinkFault } from '../drill/sink.ts';
import { readOwnedFile } from '../guard/owned-file.ts';
import { stateDirectory } from '../guard/run-file.ts';
import { type CommandPlace, commandText } from './own.ts';

export type DrillContext = {
  readonly config: Config;
  readonly state: string | undefined;
  readonly configDir: string | undefined;
  readonly place: CommandPlace;
  readonly now: Millis;
};

export async function drillItems(about: DrillContext): Promise<readonly ChecklistItem[]> {
  const { config, configDir, now, place, state } = about;
  const command = (...words: readonly string[]): string =>
    commandText(place, { words: ['drill', ...words], root: true });
  const commands = { setup: command('setup'), run: command('run') };
  const last = lastReport(stateDirectory(state));
  const facts = { ...last, hasCanary: config.drill.account !== '', now };
  return [sinkItem(await lookAtSink(configDir), commands), drillItem(facts, commands)];
}

async function lookAtSink(
  configDir: string | undefined,
): Promise<{ readonly fault: string | undefined } | { readonly unread: string }> {
  try {
    const folder = configDir ?? (await postconf('config_directory', undefined));
    return { fault: await sinkFault(folder) };
  } catch (error) {
    return { unread: `Postfix cannot be read: ${faultText(error)}` };
  }
}

/** Root reads a file of another user without following a link. */
function lastReport(folder: string): {
  readonly last: DrillReport | undefined;
  readonly unread?: string;
} {
  try {
    const last = parseReport(readOwnedFile(join(folder, drillFile)));
    return last === undefined
      ? { last, unread: 'the report of the last drill is damaged' }
      : { last };
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    return isMissing ? { last: undefined } : { last: undefined, unread: faultText(error) };
  }
}
