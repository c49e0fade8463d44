/**
 * The milter door: Postfix (smtpd_milters, non_smtpd_milters) and Sendmail connect here. Each
 * connection has one session (session.ts); lib/listener.ts keeps its bytes and its limits.
 */

import {
  type ListenAddress,
  type Listener,
  type ListenerHooks,
  type ListenerLimits,
  openListener,
} from '../../lib/listener.ts';
import { faultLog, fullTrouble } from '../../lib/listener-log.ts';
import { hourMs, secondMs } from '../../lib/time.ts';
import type { HandoverLookup } from '../../ports/handover.ts';
import type { MessagePath } from '../../ports/message.ts';
import type { Troubles } from '../../ports/troubles.ts';
import type { Clock, Count, Log } from '../../ports/world.ts';
import { type MilterOptions, milterDefaults } from './options.ts';
import { MilterSession } from './session.ts';
import { openSessionRooms, type SessionRooms } from './session-room.ts';

export type MilterDeps = {
  readonly path: MessagePath;
  /** Recognises mail that the sendmail door handed to the mail server, if that door is open. */
  readonly handovers?: HandoverLookup;
  readonly clock: Clock;
  readonly log: Log;
  readonly count: Count;
  /** As of the listener: says who may connect; without it, any may. */
  readonly admit?: ListenerHooks['admit'];
  /** Memory that this door shares with others; of its own by default. */
  readonly rooms?: SessionRooms;
  /**
   * Its SMTP clients are strangers (port 25). Together they get at most half of the rooms, so that
   * they cannot use up what users need.
   */
  readonly isForStrangers?: boolean;
  /** Told when the door is full. */
  readonly troubles?: Pick<Troubles, 'set'>;
  /** How the operator knows the door: `milter` by default. */
  readonly name?: string;
  readonly options?: Partial<MilterOptions>;
  readonly limits?: Partial<ListenerLimits>;
};

const defaultLimits: ListenerLimits = {
  // Postfix opens one for each smtpd(8) process; master.cf allows 100 processes a service by
  // default, and a large server has several services.
  connectionsMax: 2_000,
  // Postfix negotiates as soon as it has connected.
  firstMs: 30 * secondMs,
  // Postfix itself gives up on one command after 30 s (milter_command_timeout).
  partialMs: 30 * secondMs,
  // As in libmilter: a client may be slow between commands, and take hours for a large message.
  idleMs: 2 * hourMs,
  drainMs: 5 * secondMs,
  // An SMTP session may begin its next message: Postfix answers 451 if its milter has gone.
  lingerMs: 3 * secondMs,
};

/** Opens the door; `close` or `await using` closes it. */
export function openMilter(where: ListenAddress, deps: MilterDeps): Promise<Listener> {
  const { admit, path, handovers, clock, log, count, name = 'milter', troubles } = deps;
  const options = { ...milterDefaults, ...deps.options };
  const rooms = deps.rooms ?? openSessionRooms(troubles);
  let told = false;
  const noEdits = (): void => {
    count('postern_milter_faults_total', 1, 'no-edits');
    // The next connection of this mail server will be the same.
    if (!told) log('warn', 'milter.no-edits', {});
    told = true;
  };
  return openListener(
    where,
    { ...defaultLimits, ...deps.limits },
    {
      admit,
      full: fullTrouble(name, (part, why) => troubles?.set(part, why)),
      open(line) {
        count('postern_milter_sessions_total');
        return new MilterSession({
          path,
          handovers,
          options,
          clock,
          log,
          count,
          noEdits,
          rooms,
          trusted: line.trusted && deps.isForStrangers !== true,
          write: line.write,
          end: line.end,
          run: line.run,
        });
      },
      fault: faultLog('milter', log, count),
    },
  );
}
