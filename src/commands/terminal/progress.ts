/** Shows progress on a terminal: share done, rate and time left, in a line on standard error. */

export type ProgressLine = { add(amount: number): void; end(): void };

const everyMs = 250;
const mega = 1024 * 1024;

/**
 * Counts bytes. Without `total` it shows only the amount. Prints nothing if standard error is not a
 * terminal.
 */
export function openProgress(what: string, total: number | undefined): ProgressLine {
  if (!process.stderr.isTTY) return { add() {}, end() {} };
  const began = Date.now();
  let done = 0;
  let shown = 0;
  return {
    add(amount) {
      done += amount;
      const now = Date.now();
      if (now - shown < everyMs) return;
      shown = now;
      process.stderr.write(`\r\u001b[K${line(what, done, total, (now - began) / 1000)}`);
    },
    end() {
      if (shown > 0) process.stderr.write('\r\u001b[K');
    },
  };
}

function line(what: string, done: number, total: number | undefined, seconds: number): string {
  const rate = done / Math.max(seconds, 0.001);
  const amount = `${(done / mega).toFixed(1)} MB, ${(rate / mega).toFixed(1)} MB/s`;
  if (total === undefined || total === 0) return `${what}: ${amount}`;
  const share = Math.min(1, done / total);
  const left = Math.max(0, Math.round((total - done) / Math.max(rate, 1)));
  return `${what}: ${(share * 100).toFixed(0)} % (${amount}, ${left} s left)`;
}
