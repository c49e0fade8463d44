/**
 * A time limit under a parent signal that leaves nothing behind when the work is done.
 * AbortSignal.any() leaves a trace of each signal in a long-lived parent, and AbortSignal.timeout()
 * keeps its timer until the time is over.
 */
export type Deadline = Disposable & { readonly signal: AbortSignal };

/**
 * Opens a deadline that aborts after `ms`, or with `parent`. Dispose the deadline when the work is
 * done.
 */
export function openDeadline(ms: number, parent: AbortSignal): Deadline {
  const controller = new AbortController();
  const end = (): void => controller.abort();
  const timer = setTimeout(end, ms);
  parent.addEventListener('abort', end, { once: true });
  if (parent.aborted) end();
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => {
      clearTimeout(timer);
      parent.removeEventListener('abort', end);
    },
  };
}
