/** The world's timers, for those who take them as an argument. */

/** Calls back every `ms` until the returned function is called. Does not keep the process alive. */
export function startTimer(ms: number, tick: () => void): () => void {
  const timer = setInterval(tick, ms);
  timer.unref();
  return () => clearInterval(timer);
}
