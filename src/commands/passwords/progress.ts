/** How an audit gets on: a bar on a terminal, JSON lines elsewhere, on standard error. */
import type { AuditProgress } from '../../passwords/audit/audit-state.ts';
import { plain, span } from '../terminal/format.ts';

export type AuditMeter = { show(progress: AuditProgress): void; end(): void };

/** Milliseconds between two lines: often on a terminal, where the bar is redrawn. */
const everyMs = { terminal: 250, elsewhere: 2_000 } as const;
const barWidth = 24;

/** `write`: prints a line where standard error is no terminal. */
export function openAuditMeter(write: (text: string) => void): AuditMeter {
  const terminal = process.stderr.isTTY === true;
  const began = Date.now();
  let shownAt = 0;
  let farthest = 0;
  return {
    show(progress) {
      const now = Date.now();
      if (now - shownAt < (terminal ? everyMs.terminal : everyMs.elsewhere)) return;
      shownAt = now;
      const seconds = (now - began) / 1_000;
      if (!terminal) return write(`${json(progress, seconds)}\n`);
      // The estimate grows when slow hashes come; then the bar stands still and never runs back.
      farthest = Math.max(farthest, shareOf(progress, seconds));
      process.stderr.write(`\r\u001b[K${bar(progress, farthest)}`);
    },
    end() {
      if (terminal && shownAt > 0) process.stderr.write('\r\u001b[K');
      shownAt = 0;
    },
  };
}

function bar(progress: AuditProgress, share: number): string {
  const full = Math.round(share * barWidth);
  const drawn = `${'#'.repeat(full)}${'.'.repeat(barWidth - full)}`;
  const rate = Math.round(progress.perSecond).toLocaleString('en-US');
  const left = span(progress.secondsLeft * 1_000);
  const percent = `${Math.floor(share * 100)} %`.padStart(5);
  const { leg, weak } = progress;
  return `[${drawn}] ${percent}  ${plain(leg)}  ${rate} tries/s  ${weak} weak  ${left} left`;
}

function json(progress: AuditProgress, seconds: number): string {
  const { leg, tried, perSecond, secondsLeft, weak } = progress;
  return JSON.stringify({
    progress: Number(shareOf(progress, seconds).toFixed(3)),
    leg,
    tried,
    weak,
    perSecond: Math.round(perSecond),
    secondsLeft: Math.round(secondsLeft),
  });
}

function shareOf({ secondsLeft }: AuditProgress, seconds: number): number {
  const whole = seconds + secondsLeft;
  return whole <= 0 ? 0 : Math.min(1, seconds / whole);
}
