/**
 * The milter door: Postfix (smtpd_milters, non_smtpd_milters) and Sendmail connect here. One
 * session a connection; its bytes, limits and end are lib/listener.ts's business, what is said is
 * session.ts's.
 */

import {
  type Listener,
  type ListenerLimits,
  openListener,
  type SocketAddress,
} from '../../lib/listener.ts';
import { faultLog } from '../../lib/listener-log.ts';
import { hourMs, secondMs } from '../../lib/time.ts';
import type { HandoverLookup } from '../../ports/handover.ts';
import type { Gate, MessageReading } from '../../ports/message.ts';
import type { MessageScanning } from '../../ports/scan.ts';
import type { Clock, Count, Log } from '../../ports/world.ts';
import { type MilterOptions, milterDefaults } from './options.ts';
import { MilterSession } from './session.ts';

export type MilterDeps = {
  readonly gate: Gate;
  /** Who reads whole messages, where somebody does. */
  readonly reading?: MessageReading;
  /** Who scans mail that leaves, where somebody does. */
  readonly scanning?: MessageScanning;
  /**
   * Who knows mail again that the sendmail door handed to the mail server, where there is that
   * door.
   */
  readonly handovers?: HandoverLookup;
  readonly clock: Clock;
  readonly log: Log;
  readonly count: Count;
  readonly options?: Partial<MilterOptions>;
  readonly limits?: Partial<ListenerLimits>;
};

const defaultLimits: ListenerLimits = {
  // One per smtpd(8) process; master.cf allows 100 a service by default, and a large server has
  // some services.
  connectionsMax: 2_000,
  // Postfix negotiates as soon as it has connected.
  firstMs: 30 * secondMs,
  // Postfix itself gives up on one command after 30 s (milter_command_timeout).
  partialMs: 30 * secondMs,
  // As libmilter: a client may take its time between commands, and hours to send a large message.
  idleMs: 2 * hourMs,
  drainMs: 5 * secondMs,
};

/** Opens the door; `close` or `await using` shuts it. */
export function openMilter(where: SocketAddress, deps: MilterDeps): Promise<Listener> {
  const { gate, reading, scanning, handovers, clock, log, count } = deps;
  const options = { ...milterDefaults, ...deps.options };
  let told = false;
  const noEdits = (): void => {
    count('postern_milter_faults_total', 1, 'no-edits');
    // It will be so at its next connection, too.
    if (!told) log('warn', 'milter.no-edits', {});
    told = true;
  };
  return openListener(
    where,
    { ...defaultLimits, ...deps.limits },
    {
      open(line) {
        count('postern_milter_sessions_total');
        return new MilterSession({
          gate,
          reading,
          scanning,
          handovers,
          options,
          clock,
          log,
          count,
          noEdits,
          write: line.write,
          end: line.end,
          run: line.run,
        });
      },
      fault: faultLog('milter', log, count),
    },
  );
}
