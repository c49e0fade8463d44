/** Opens what takes the place of sendmail(1): its door, its spool, its handover to Postfix. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../config/schema.ts';
import { whereOf } from '../config/values.ts';
import { openSendmail } from '../doors/sendmail/server.ts';
import { type Handovers, openHandovers } from '../flow/handover/handover.ts';
import type { Journal } from '../flow/journal/journal.ts';
import { faultText } from '../lib/error-text.ts';
import type { Listener, SocketAddress } from '../lib/listener.ts';
import { SerialQueue } from '../lib/serial.ts';
import { openIdentities } from '../partners/kernel/identities.ts';
import { peerOf } from '../partners/kernel/peer-credentials.ts';
import { realSendmail, wakePickup } from '../partners/postfix/sendmail.ts';
import { openHandoverFiles } from '../partners/spool/handover-files.ts';
import { openSpool } from '../partners/spool/spool-folder.ts';
import type { HandoverLookup } from '../ports/handover.ts';
import type { Troubles } from '../ports/troubles.ts';
import type { DaemonParts } from './base/options.ts';
import { startTimer } from './base/timers.ts';

export type DaemonSendmail = {
  /** For the milter door. */
  readonly handovers: HandoverLookup;
  /** Opens the door, and begins to take what was left in the spool. */
  start(): Promise<void>;
  /** Opens or closes the door, as the changed configuration says. */
  configure(config: Config): void;
  close(): Promise<void>;
};

type SendmailDeps = {
  readonly journal: Journal;
  readonly troubles: Troubles;
  /** Takes the address of the door whenever it changes. */
  readonly moved: (address: string) => void;
};

/** Any user may connect: the kernel says which user it is. */
const doorMode = 0o666;
/** Reloads that may wait while the door is opened anew. */
const reloadsMax = 1_000;
const spoolEveryMs = 2_000;
/** A handover takes milliseconds; at a stop, systemd ends the process some seconds later. */
const closeMs = 5_000;

export function openDaemonSendmail(parts: DaemonParts, deps: SendmailDeps): DaemonSendmail {
  /** What the last reload asked for; the door may still be opening. */
  let wanted = parts.config;
  let handovers: Handovers | undefined;
  let open = new AsyncDisposableStack();
  let wasOpen = false;
  const reloads = new SerialQueue<'door'>(reloadsMax);
  const reopen = async (config: Config): Promise<void> => {
    await open.disposeAsync();
    open = new AsyncDisposableStack();
    const where = whereOf(config.sendmail.door, doorMode);
    handovers =
      where === undefined ? undefined : openMailHandover(parts, deps, { config, scope: open });
    const door =
      where === undefined || handovers === undefined
        ? undefined
        : await openDoor(parts, { config, where, handovers, troubles: deps.troubles }, open);
    if (door !== undefined || wasOpen) deps.moved(door?.address ?? 'off');
    wasOpen = door !== undefined;
  };
  return {
    handovers: {
      submitterOf: (token) => handovers?.submitterOf(token),
      recognise(token, attempt, answer) {
        if (handovers === undefined) answer({ kind: 'unknown' });
        else handovers.recognise(token, attempt, answer);
      },
      answered: (token) => handovers?.answered(token),
      unmarked: () => handovers?.unmarked(),
    },
    start: () => reopen(wanted),
    configure(changed) {
      if (JSON.stringify(changed.sendmail) === JSON.stringify(wanted.sendmail)) return;
      wanted = changed;
      reloads
        .run('door', () => reopen(changed))
        .catch((cause: unknown) => {
          parts.world.log('error', 'sendmail.not-opened', { why: faultText(cause) });
        });
    },
    close: () => open.disposeAsync(),
  };
}

function openMailHandover(
  { state, world }: DaemonParts,
  { journal, troubles }: SendmailDeps,
  of: { readonly config: Config; readonly scope: AsyncDisposableStack },
): Handovers {
  const { postfix, sendmail } = of.config;
  const identities = openIdentities();
  const files = openHandoverFiles({
    folder: join(state, 'submissions'),
    run: realSendmail({
      program: sendmail.program,
      configDirectory: postfix.config_directory,
    }),
    user: (uid) => identities.user(uid),
    unreadable: (path) => world.log('error', 'sendmail.unreadable', { path }),
  });
  const handovers = openHandovers({
    world,
    files,
    identities,
    journal,
    troubles,
    spool: openSpool({
      folder: sendmail.spool,
      messageBytesMax: sendmail.message_bytes_max,
      nowMs: () => world.clock.now(),
    }),
    wakePickup: () => wakePickup(sendmail.queue_directory),
  });
  // Waits for a handover that is under way: else the next process would repeat or forget it.
  of.scope.defer(() =>
    Promise.race([handovers.close(), sleep(closeMs, undefined, { ref: false })]),
  );
  return handovers;
}

async function openDoor(
  { counters, world }: DaemonParts,
  of: {
    readonly config: Config;
    readonly where: SocketAddress;
    readonly handovers: Handovers;
    readonly troubles: Troubles;
  },
  scope: AsyncDisposableStack,
): Promise<Listener> {
  const { handovers, troubles } = of;
  const { count, log } = world;
  handovers.start();
  const messageBytesMax = of.config.sendmail.message_bytes_max;
  const door = await openSendmail(of.where, {
    handler: handovers,
    peerOf,
    messageBytesMax,
    troubles,
    log,
    count,
  });
  scope.use(door);
  let taking = false;
  const takeSpool = async (): Promise<void> => {
    counters.set('postern_sendmail_waiting', handovers.waiting);
    if (taking) return;
    taking = true;
    await handovers.takeSpool();
    taking = false;
  };
  scope.defer(startTimer(spoolEveryMs, () => void takeSpool()));
  // In the background: neither the start nor the door waits for a full spool.
  void takeSpool();
  return door;
}
