/** The part of the daemon that takes the place of sendmail(1). Of daemon.ts. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../config/schema.ts';
import { whereOf } from '../config/values.ts';
import { openSendmail } from '../doors/sendmail/server.ts';
import { type Handovers, openHandovers } from '../flow/handover/handover.ts';
import type { Journal, Timers } from '../flow/journal/journal.ts';
import { faultText } from '../lib/error-text.ts';
import type { Listener, SocketAddress } from '../lib/listener.ts';
import { SerialQueue } from '../lib/serial.ts';
import { openIdentities } from '../partners/kernel/identities.ts';
import { peerOf } from '../partners/kernel/peer-credentials.ts';
import { realSendmail, wakePickup } from '../partners/postfix/sendmail.ts';
import { openHandoverFiles } from '../partners/spool/handover-files.ts';
import { openSpool } from '../partners/spool/spool-folder.ts';
import type { HandoverLookup } from '../ports/handover.ts';
import type { Clock, Count, Log } from '../ports/world.ts';
import { startTimer } from './timers.ts';

export type DaemonSendmail = {
  /** For the milter door. */
  readonly handovers: HandoverLookup;
  /** Opens the door; before that, what was left in the spool is taken. */
  start(): Promise<void>;
  /** Opens or closes it, as the changed configuration says; `off` until it is open. */
  configure(config: Config): void;
  close(): Promise<void>;
};

export type SendmailParts = {
  readonly config: Config;
  readonly state: string;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  readonly count: Count;
  /** Messages that wait. */
  readonly waiting: (messages: number) => void;
  /** Where it listens now. */
  readonly moved: (address: string) => void;
};

/** Any user may connect: who that is the kernel says. */
const doorMode = 0o666;
const spoolEveryMs = 2_000;
/** Reloads that may wait while the door is opened anew. */
const reloadsMax = 1_000;
/** A hand-over takes milliseconds; at a stop, systemd ends us some seconds later. */
const closeMs = 5_000;

export function openDaemonSendmail(parts: SendmailParts): DaemonSendmail {
  let { config } = parts;
  let handover: Handovers | undefined;
  let open = new AsyncDisposableStack();
  let wasOpen = false;
  const reloads = new SerialQueue<'door'>(reloadsMax);
  const reopen = async (wanted: Config): Promise<void> => {
    await open.disposeAsync();
    open = new AsyncDisposableStack();
    config = wanted;
    const where = whereOf(wanted.sendmail.door, doorMode);
    handover = where === undefined ? undefined : openMailHandover(parts, wanted, open);
    const door =
      where === undefined || handover === undefined
        ? undefined
        : await openDoor(parts, { config: wanted, where, handover }, open);
    if (door !== undefined || wasOpen) parts.moved(door?.address ?? 'off');
    wasOpen = door !== undefined;
  };
  return {
    handovers: {
      submitterOf: (token) => handover?.submitterOf(token),
      recognise(token, attempt, answer) {
        if (handover === undefined) answer({ kind: 'unknown' });
        else handover.recognise(token, attempt, answer);
      },
      answered: (token) => handover?.answered(token),
    },
    start: () => reopen(config),
    configure(changed) {
      if (JSON.stringify(changed.sendmail) === JSON.stringify(config.sendmail)) return;
      reloads
        .run('door', () => reopen(changed))
        .catch((cause: unknown) => {
          parts.log('error', 'sendmail.not-opened', { why: faultText(cause) });
        });
    },
    close: () => open.disposeAsync(),
  };
}

function openMailHandover(
  { state, journal, clock, timers, log, count }: SendmailParts,
  { postfix, sendmail }: Config,
  scope: AsyncDisposableStack,
): Handovers {
  const identities = openIdentities();
  const files = openHandoverFiles({
    folder: join(state, 'submissions'),
    run: realSendmail({
      program: sendmail.program,
      configDirectory: postfix.config_directory,
    }),
    user: (uid) => identities.user(uid),
    unreadable: (path) => log('error', 'sendmail.unreadable', { path }),
  });
  const handover = openHandovers({
    files,
    identities,
    journal,
    clock,
    timers,
    log,
    count,
    spool: openSpool({
      folder: sendmail.spool,
      messageBytesMax: sendmail.message_bytes_max,
      nowMs: () => clock.now(),
    }),
    wakePickup: () => wakePickup(sendmail.queue_directory),
  });
  // Else what it is just doing would be done again, or be forgotten, by the one that comes after
  // it.
  scope.defer(() => Promise.race([handover.close(), sleep(closeMs, undefined, { ref: false })]));
  return handover;
}

async function openDoor(
  { log, count, waiting }: SendmailParts,
  of: { readonly config: Config; readonly where: SocketAddress; readonly handover: Handovers },
  scope: AsyncDisposableStack,
): Promise<Listener> {
  const { handover } = of;
  await handover.takeSpool();
  handover.start();
  const messageBytesMax = of.config.sendmail.message_bytes_max;
  const door = await openSendmail(of.where, {
    handler: handover,
    peerOf,
    messageBytesMax,
    log,
    count,
  });
  scope.use(door);
  let taking = false;
  const round = async (): Promise<void> => {
    waiting(handover.waiting);
    if (taking) return;
    taking = true;
    await handover.takeSpool();
    taking = false;
  };
  scope.defer(startTimer(spoolEveryMs, () => void round()));
  return door;
}
