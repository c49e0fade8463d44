/**
 * The part of the daemon that has mail scanned before it is judged, and that counts it. Of
 * daemon.ts.
 */
import type { Config } from '../config/schema.ts';
import { whereOf } from '../config/values.ts';
import { maskOf } from '../core/scan/masked-rules.ts';
import type { Journal, Timers } from '../flow/journal/journal.ts';
import { openScanning, type ScanSettings } from '../flow/scan/message-scanned.ts';
import { ScanLine } from '../flow/scan/scanner-queue.ts';
import { openStatistics, type Statistics } from '../flow/stats/statistics.ts';
import type { Counters } from '../lib/counters.ts';
import type { Mutable } from '../lib/mutable.ts';
import { openClamav } from '../partners/scanners/clamav.ts';
import { openRspamd } from '../partners/scanners/rspamd.ts';
import { openSpamAssassin } from '../partners/scanners/spamassassin.ts';
import type { MessageScanning, Scanner } from '../ports/scan.ts';
import type { Clock, Log } from '../ports/world.ts';
import { duration } from './settings.ts';

export type DaemonScan = {
  readonly scanning: MessageScanning;
  readonly statistics: Pick<Statistics, 'seen'>;
  /** Scanners and where they are, as `postern status` tells them. */
  doors(): Readonly<Record<string, string>>;
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
  const settings: Mutable<ScanSettings> = liveOf(deps.config);
  let asked = askedOf(deps.config);
  let ways = openWays(deps, settings);
  scope.defer(() => ways.close());
  const statistics = openStatistics(deps);
  scope.defer(() => statistics.close());
  return {
    // Asked for each message: one that is under way ends with the scanners that it began with.
    scanning: { open: (start) => ways.scanning?.open(start) },
    statistics,
    doors: () => ways.doors(),
    configure(changed) {
      Object.assign(settings, liveOf(changed));
      if (askedOf(changed) === asked) return;
      asked = askedOf(changed);
      ways.close();
      ways = openWays({ ...deps, config: changed }, settings);
    },
  };
}

type Ways = {
  readonly scanning: MessageScanning | undefined;
  doors(): Readonly<Record<string, string>>;
  close(): void;
};

function openWays(deps: ScanDeps, settings: ScanSettings): Ways {
  const { config, counters, clock, timers, log } = deps;
  const lines = openScanners(config).map(
    (scanner) =>
      new ScanLine({
        scanner,
        clock,
        timers,
        log,
        connections: config.scan.connections,
        deadlineMs: duration(config.scan.deadline),
        onState: (name, state) => counters.set('postern_scan_up', state === 'up' ? 1 : 0, name),
      }),
  );
  const { count, observe } = counters;
  return {
    scanning:
      lines.length === 0 ? undefined : openScanning({ lines, settings, clock, count, observe }),
    doors: () =>
      Object.fromEntries(
        lines.map(({ name, isDown }) => [
          name,
          isDown ? `${config.scan[name]} (does not answer)` : config.scan[name],
        ]),
      ),
    close() {
      for (const line of lines) {
        line.close();
        counters.drop('postern_scan_up', line.name);
      }
    },
  };
}

/** What is not taken over while a scanner is being asked. */
function askedOf({ scan }: Config): string {
  const { when_down: _, hold_score: __, reuse_for: ___, masked_rules: ____, ...asked } = scan;
  return JSON.stringify(asked);
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
