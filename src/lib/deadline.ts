/**
 * A deadline below another signal that leaves nothing behind when it is done. AbortSignal.any()
 * keeps a trace of each of its signals in a long-lived parent, and AbortSignal.timeout() a timer
 * until the time is over.
 */
export type Deadline = Disposable & { readonly signal: AbortSignal };

/** Aborts after `ms`, or with `parent`. Dispose it when the work is done. */
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
