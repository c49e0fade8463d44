/** The report of the last drill, in a file of the state folder that the folder's owner writes. */
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DrillReport } from '../../core/drill/report.ts';
import { drillFile, drillFileText, parseReport } from '../../core/drill/report-file.ts';
import { readOwnedFile } from '../guard/owned-file.ts';

const octetsMax = 256 * 1024;

/** Undefined if no drill was run, or its report cannot be read. */
export function lastDrill(state: string): DrillReport | undefined {
  try {
    return parseReport(readOwnedFile(join(state, drillFile), octetsMax));
  } catch {
    return undefined;
  }
}

/** Only as the owner of the folder: another user could put a link there. */
export function keepDrill(state: string, report: DrillReport): void {
  const path = join(state, drillFile);
  rmSync(`${path}.new`, { force: true });
  writeFileSync(`${path}.new`, drillFileText(report), { mode: 0o600, flag: 'wx', flush: true });
  renameSync(`${path}.new`, path);
}
