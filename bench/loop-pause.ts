/**
 * Loaded into a process before its program (`--import`). At a SIGUSR2 it begins to watch, at the
 * next it writes into the file named by LOOP_PAUSE_FILE how long the event loop stood still at most
 * meanwhile, and how far memory rose.
 */
import { writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';

export type PauseFigures = {
  readonly watching: boolean;
  readonly pauseMs: number;
  readonly rssMb: number;
  readonly grownMb: number;
};

const file = process.env['LOOP_PAUSE_FILE'];
const resolutionMs = 1;
const rssEveryMs = 5;

if (file !== undefined) {
  const delay = monitorEventLoopDelay({ resolution: resolutionMs });
  let before = 0;
  let most = 0;
  let timer: NodeJS.Timeout | undefined;
  const look = (): void => {
    most = Math.max(most, process.memoryUsage.rss());
  };
  const tell = (watching: boolean): void => {
    // The histogram tells from one timer to the next.
    const pauseMs = Math.max(0, delay.max / 1e6 - resolutionMs);
    const figures: PauseFigures = {
      watching,
      pauseMs,
      rssMb: most / 1e6,
      grownMb: (most - before) / 1e6,
    };
    writeFileSync(file, JSON.stringify(figures));
  };
  process.on('SIGUSR2', () => {
    look();
    if (timer !== undefined) {
      clearInterval(timer);
      timer = undefined;
      delay.disable();
      tell(false);
      return;
    }
    before = process.memoryUsage.rss();
    most = before;
    delay.reset();
    delay.enable();
    timer = setInterval(look, rssEveryMs);
    tell(true);
  });
}
