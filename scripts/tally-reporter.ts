/**
 * A reporter for node:test that only counts, and prints one JSON object at the end. It does not
 * count suites, but it counts skipped and todo tests.
 */
import type { TestEvent } from 'node:test/reporters';

type Tally = { passed: number; failed: number; skipped: number; skips: string[] };

export default async function* tally(
  source: AsyncIterable<TestEvent>,
): AsyncGenerator<string, void> {
  const counted: Tally = { passed: 0, failed: 0, skipped: 0, skips: [] };
  for await (const event of source) {
    if (event.type !== 'test:pass' && event.type !== 'test:fail') continue;
    const { details, name, skip, todo } = event.data;
    if (details.type === 'suite') continue;
    if (skip !== undefined || todo !== undefined) {
      counted.skipped++;
      counted.skips.push(`${name}: ${typeof skip === 'string' ? skip : 'no reason given'}`);
    } else if (event.type === 'test:pass') counted.passed++;
    else counted.failed++;
  }
  yield JSON.stringify(counted);
}
