/**
 * Counts what our own code does, so that tests can say how work grows with its input, on any
 * machine under any load.
 */
import { Session } from 'node:inspector/promises';

/**
 * Begins to count, for the rest of the process. Open it before the code to be counted has run. What
 * it returns does some work, and tells how often blocks of code below `src/` ran.
 */
export async function openOperations(): Promise<(work: () => unknown) => Promise<number>> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  return async (work) => {
    await session.post('Profiler.takePreciseCoverage');
    await work();
    const { result } = await session.post('Profiler.takePreciseCoverage');
    const own = result.filter(({ url }) => url.includes('/src/') && !url.includes('node_modules'));
    return own
      .flatMap(({ functions }) => functions.flatMap(({ ranges }) => ranges))
      .reduce((sum, { count }) => sum + count, 0);
  };
}
