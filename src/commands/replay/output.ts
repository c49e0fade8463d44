/** Writes verdicts to standard output in large pieces, and waits while the reader is slower. */
import { once } from 'node:events';
import { shownReason } from '../../core/explain.ts';
import type { ReplayVerdict } from '../../flow/replay/replay.ts';
import { sysexits } from '../../lib/operator-error.ts';

/** Characters that are gathered before they are written. */
const outputChunk = 64 * 1024;

/** What JSON writes as it is. */
const plainId = /^[\w.@-]{1,64}$/;

export type ReplayOutput = {
  add(verdict: ReplayVerdict): void;
  /** Whether it is time to flush. */
  isFull(): boolean;
  flush(): Promise<void>;
};

export function openOutput(): ReplayOutput {
  let pending = '';
  process.stdout.on('error', (cause) => {
    // The reader has ended (`| head`).
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

function printed({ id, verdict, account, because: reasons, ...more }: ReplayVerdict): string {
  if (reasons.length > 0 || more.told !== undefined || more.left !== undefined) {
    const because = reasons.map(shownReason);
    return `${JSON.stringify({ id, verdict, account, because, ...more })}\n`;
  }
  // Most lines: a template is cheaper than JSON.stringify.
  const name = plainId.test(id) ? `"${id}"` : JSON.stringify(id);
  return `{"id":${name},"verdict":"${verdict}","account":"${account}","because":[]}\n`;
}
