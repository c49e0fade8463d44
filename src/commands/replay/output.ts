/** Verdicts on their way to standard output: gathered, and never faster than they are taken. */
import { once } from 'node:events';
import type { ReplayVerdict } from '../../flow/replay/replay.ts';
import { sysexits } from '../../lib/operator-error.ts';

/** Output is gathered up to this before it is written. */
const outputChunk = 64 * 1024;

export type ReplayOutput = {
  add(verdict: ReplayVerdict): void;
  /** Whether it is time to flush. */
  isFull(): boolean;
  flush(): Promise<void>;
};

export function openOutput(): ReplayOutput {
  let pending = '';
  process.stdout.on('error', (cause) => {
    // Whoever read us has had enough (`| head`).
    if ((cause as NodeJS.ErrnoException).code === 'EPIPE') process.exit(sysexits.ok);
    throw cause;
  });
  return {
    add(verdict) {
      pending += printed(verdict);
    },
    isFull: () => pending.length > outputChunk,
    async flush() {
      const text = pending;
      pending = '';
      if (text !== '' && !process.stdout.write(text)) await once(process.stdout, 'drain');
    },
  };
}

function printed({ id, verdict, account, because }: ReplayVerdict): string {
  if (because.length > 0) return `${JSON.stringify({ id, verdict, account, because })}\n`;
  return `{"id":${JSON.stringify(id)},"verdict":"${verdict}","account":"${account}","because":[]}\n`;
}
