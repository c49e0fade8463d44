/**
 * Measures the processor time of this thread. A test that something is not slow uses it, and passes
 * on a busy machine too; wall time also counts what other programs do.
 */

/** What `run` answers, and the milliseconds of processor time that it took. */
export function timed<Value>(run: () => Value): { readonly value: Value; readonly ms: number } {
  const before = process.threadCpuUsage();
  const value = run();
  const { user, system } = process.threadCpuUsage(before);
  return { value, ms: (user + system) / 1_000 };
}
