/** Opens what has mail scanned before it is judged, and what counts mail. */
import type { Config } from '../../config/schema.ts';
import { maskOf } from '../../core/scan/masked-rules.ts';
import type { Journal } from '../../flow/journal/journal.ts';
import { openScans, type ScanSettings } from '../../flow/scan/message-scanned.ts';
import { ScannerQueue } from '../../flow/scan/scanner-queue.ts';
import { openStatistics, type Statistics } from '../../flow/stats/statistics.ts';
import type { Mutable } from '../../lib/type-tools.ts';
import type { ScanSource } from '../../ports/message.ts';
import type { DaemonParts } from '../base/options.ts';
import { duration } from '../base/settings.ts';
import { openScanners } from './scanners.ts';

export type DaemonScan = {
  readonly source: ScanSource;
  readonly statistics: Pick<Statistics, 'seen'>;
  /** The scanners at this time, for mail that comes in. */
  queues(): readonly ScannerQueue[];
  /** Addresses of the scanners, as `postern status` shows them. */
  doors(): Readonly<Record<string, string>>;
  configure(config: Config): void;
};

export function openDaemonScan(parts: DaemonParts, journal: Journal): DaemonScan {
  const { scope, world } = parts;
  const settings: Mutable<ScanSettings> = settingsOf(parts.config);
  let wanted = reopenedFor(parts.config);
  let scanners = openQueues(parts, settings);
  scope.defer(() => scanners.close());
  const statistics = openStatistics({ world, journal });
  scope.defer(() => statistics.close());
  return {
    // Asked for each message: one that is under way ends with the scanners that it began with.
    source: { phase: 'before-judgement', open: (start) => scanners.source?.open(start) },
    statistics,
    queues: () => scanners.queues,
    doors: () => scanners.doors(),
    configure(changed) {
      Object.assign(settings, settingsOf(changed));
      if (reopenedFor(changed) === wanted) return;
      wanted = reopenedFor(changed);
      scanners.close();
      scanners = openQueues({ ...parts, config: changed }, settings);
    },
  };
}

type ScannerQueues = {
  /** Undefined if no scanner is configured. */
  readonly source: ScanSource | undefined;
  readonly queues: readonly ScannerQueue[];
  doors(): Readonly<Record<string, string>>;
  close(): void;
};

function openQueues(
  { config, counters, world }: Pick<DaemonParts, 'config' | 'counters' | 'world'>,
  settings: ScanSettings,
): ScannerQueues {
  const queues = openScanners(config).map(
    (scanner) =>
      new ScannerQueue({
        scanner,
        world,
        connections: config.scan.connections,
        deadlineMs: duration(config.scan.deadline),
        onState: (name, state) => counters.set('postern_scan_up', state === 'up' ? 1 : 0, name),
      }),
  );
  const { observe } = counters;
  return {
    queues,
    source: queues.length === 0 ? undefined : openScans({ queues, settings, world, observe }),
    doors: () =>
      Object.fromEntries(
        queues.map(({ name, isDown }) => [
          name,
          isDown ? `${config.scan[name]} (does not answer)` : config.scan[name],
        ]),
      ),
    close() {
      for (const queue of queues) {
        queue.close();
        counters.drop('postern_scan_up', queue.name);
      }
    },
  };
}

/** The settings whose change opens the scanners anew, as text. */
function reopenedFor({ scan }: Config): string {
  const { when_down: _, hold_score: __, reuse_for: ___, ...opening } = scan;
  const { masked_rules: ____, clamav_evidence: _____, ...rest } = opening;
  return JSON.stringify(rest);
}

function settingsOf({ scan }: Config): ScanSettings {
  return {
    reuseMs: duration(scan.reuse_for),
    isMasked: maskOf(scan.masked_rules),
    isEvidence: maskOf(scan.clamav_evidence),
  };
}
