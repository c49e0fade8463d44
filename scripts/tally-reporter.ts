/**
 * A reporter for node:test that only counts, and prints one JSON object at the end. It does not
 * count suites, but it counts skipped and todo tests. It adds up the time of each file.
 */
import { basename } from 'node:path';
import type { TestEvent } from 'node:test/reporters';

export type Tally = {
  passed: number;
  failed: number;
  skipped: number;
  skips: string[];
  /** Name and place of each failed test, and the first lines of what it said. */
  failures: string[];
  /** Seconds of each file. */
  seconds: Record<string, number>;
};

export function tallyOf(some: Partial<Tally>): Tally {
  return { passed: 0, failed: 0, skipped: 0, skips: [], failures: [], seconds: {}, ...some };
}

export default async function* tally(
  source: AsyncIterable<TestEvent>,
): AsyncGenerator<string, void> {
  const counted = tallyOf({});
  for await (const event of source) {
    if (event.type !== 'test:pass' && event.type !== 'test:fail') continue;
    const { details, file, name, nesting, skip, todo } = event.data;
    if (file !== undefined && nesting === 0) {
      const of = basename(file);
      counted.seconds[of] = (counted.seconds[of] ?? 0) + details.duration_ms / 1_000;
    }
    if (details.type === 'suite') continue;
    if (skip !== undefined || todo !== undefined) {
      counted.skipped++;
      counted.skips.push(`${name}: ${typeof skip === 'string' ? skip : 'no reason given'}`);
    } else if (event.type === 'test:pass') counted.passed++;
    else {
      counted.failed++;
      const why = firstLines(event.data.details.error);
      counted.failures.push(`${basename(file ?? '')}: ${name}: ${why}`);
    }
  }
  yield JSON.stringify(counted);
}

/** node:test wraps what a test threw; what was thrown says more than the wrapping. */
function firstLines(error: Error): string {
  const { message } = error.cause instanceof Error ? error.cause : error;
  return message.slice(0, 2_000).trimEnd().split('\n').slice(0, 15).join('\n    ');
}
