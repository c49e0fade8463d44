/** The part of the daemon that has mail scanned before it is judged, and that counts it. Of daemon.ts. */
import type { Config } from './config/schema.ts';
import { whereOf } from './config/values.ts';
import { maskOf } from './core/scan/masked-rules.ts';
import { duration } from './daemon-settings.ts';
import type { Journal, Timers } from './flow/journal.ts';
import { openScanning, type ScanSettings } from './flow/message-scanned.ts';
import { ScanLine } from './flow/scan-line.ts';
import { openStatistics, type Statistics } from './flow/statistics.ts';
import type { Counters } from './lib/counters.ts';
import { openClamav } from './partners/clamav.ts';
import { openRspamd } from './partners/rspamd.ts';
import { openSpamAssassin } from './partners/spamassassin.ts';
import type { Clock, Log } from './ports.ts';
import type { MessageScanning, Scanner } from './ports-scan.ts';

export type DaemonScan = {
  /** Undefined where nobody scans. */
  readonly scanning: MessageScanning | undefined;
  readonly statistics: Pick<Statistics, 'seen'>;
  configure(config: Config): void;
};

type ScanDeps = {
  readonly config: Config;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  readonly counters: Counters;
};

export function openDaemonScan(deps: ScanDeps, scope: AsyncDisposableStack): DaemonScan {
  const { config, counters } = deps;
  const settings: { -readonly [Key in keyof ScanSettings]: ScanSettings[Key] } = liveOf(config);
  const lines = openScanners(config).map(
    (scanner) =>
      new ScanLine({
        ...{ scanner, clock: deps.clock, timers: deps.timers, log: deps.log },
        connections: config.scan.connections,
        deadlineMs: duration(config.scan.deadline),
        onState: (name, state) => counters.set('postern_scan_up', state === 'up' ? 1 : 0, name),
      }),
  );
  for (const line of lines) scope.defer(() => line.close());
  const statistics = openStatistics(deps);
  scope.defer(() => statistics.close());
  const { count, observe } = counters;
  return {
    scanning:
      lines.length === 0
        ? undefined
        : openScanning({ lines, settings, clock: deps.clock, count, observe }),
    statistics,
    configure: (changed) => void Object.assign(settings, liveOf(changed)),
  };
}

/** Those that the configuration names, in the order in which reasons name them. */
export function openScanners({ scan }: Pick<Config, 'scan'>): readonly Scanner[] {
  const octetsMax = scan.message_bytes_max;
  const spamd = whereOf(scan.spamassassin, 0);
  const rspamd = whereOf(scan.rspamd, 0);
  const clamd = whereOf(scan.clamav, 0);
  const user = scan.spamassassin_user;
  return [
    ...(spamd === undefined ? [] : [openSpamAssassin({ where: spamd, user, octetsMax })]),
    ...(rspamd === undefined
      ? []
      : [openRspamd({ where: rspamd, octetsMax, connections: scan.connections })]),
    ...(clamd === undefined
      ? []
      : [openClamav({ where: clamd, octetsMax: scan.clamav_bytes_max })]),
  ];
}

function liveOf({ scan }: Config): ScanSettings {
  return { reuseMs: duration(scan.reuse_for), isMasked: maskOf(scan.masked_rules) };
}
