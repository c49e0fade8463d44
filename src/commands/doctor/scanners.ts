/** Doctor sends each configured scanner a test message. The message goes no further. */
import type { Config } from '../../config/schema.ts';
import { checkScanner, type ScannerFacts } from '../../core/checklist/scanners.ts';
import type { Finding } from '../../core/finding.ts';
import { callsSpam } from '../../core/scan/likeness.ts';
import { openScanners } from '../../daemon/readers/scanners.ts';
import { faultText } from '../../lib/error-text.ts';
import type { Scanner } from '../../ports/scan.ts';
import { badTestMessage } from '../scan/test-messages.ts';
import { durationOption } from '../terminal/options.ts';

/**
 * `status`: of the running guard; undefined if none answers. Empty if no scanner is configured.
 */
export async function checkScanners(
  config: Config,
  status: Readonly<Record<string, unknown>> | undefined,
): Promise<readonly Finding[]> {
  const doors = { ...(status?.['doors'] as Readonly<Record<string, unknown>> | undefined) };
  const deadlineMs = durationOption(config.scan.deadline);
  return Promise.all(
    openScanners(config).map(async (scanner) => {
      const { name } = scanner;
      const named = doors[name];
      const has = typeof named === 'string' ? named : undefined;
      const guard = status === undefined ? 'no guard' : has;
      const tried = await tryScanner(scanner, deadlineMs);
      const facts = { name, address: config.scan[name], tried, guard };
      return checkScanner(facts, config.scan.when_down);
    }),
  );
}

async function tryScanner(scanner: Scanner, deadlineMs: number): Promise<ScannerFacts['tried']> {
  const began = performance.now();
  try {
    const report = await scanner.scan(badTestMessage(scanner.name, new Date()), deadlineMs);
    if (!callsSpam(report)) return { kind: 'unknown' };
    return { kind: 'known', tookMs: Math.round(performance.now() - began) };
  } catch (cause) {
    return { kind: 'failed', why: faultText(cause) };
  } finally {
    scanner.close();
  }
}
