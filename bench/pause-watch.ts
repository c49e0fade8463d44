/** Begins or ends the watch on the event loop of a guard that was started with loop-pause.ts. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PauseFigures } from './loop-pause.ts';

export type Watched = { readonly pid: number; readonly pauseFile: string };

export async function watching(
  { pid, pauseFile }: Watched,
  wanted: boolean,
): Promise<PauseFigures> {
  process.kill(pid, 'SIGUSR2');
  for (let tries = 0; tries < 500; tries++) {
    await sleep(10);
    try {
      const figures = JSON.parse(readFileSync(pauseFile, 'utf8')) as PauseFigures;
      if (figures.watching === wanted) return figures;
    } catch {
      // Not there yet, or half written.
    }
  }
  throw new Error('Postern does not tell how its event loop does');
}
