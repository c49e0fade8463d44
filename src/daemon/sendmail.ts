/** The part of the daemon that takes the place of sendmail(1). Of daemon.ts. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../config/schema.ts';
import { whereOf } from '../config/values.ts';
import { openSendmail } from '../doors/sendmail/server.ts';
import { type Handovers, openSubmissions } from '../flow/handover/handover.ts';
import type { Journal, Timers } from '../flow/journal/journal.ts';
import { faultText } from '../lib/error-text.ts';
import type { Listener, Where } from '../lib/listener.ts';
import { SerialQueue } from '../lib/serial.ts';
import { openIdentities } from '../partners/kernel/identities.ts';
import { peerOf } from '../partners/kernel/peer-credentials.ts';
import { knockAtPickup, realSendmail } from '../partners/postfix/sendmail.ts';
import { openSubmissionFiles } from '../partners/spool/handover-files.ts';
import { openSpool } from '../partners/spool/spool-folder.ts';
import type { Submissions } from '../ports/handover.ts';
import type { Clock, Count, Log } from '../ports/world.ts';
import { startTimer } from './timers.ts';

export type DaemonSendmail = {
  /** For the milter door. */
  readonly submissions: Submissions;
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
  /** Where it is now. */
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
  let admin: Handovers | undefined;
  let open = new AsyncDisposableStack();
  let wasOpen = false;
  const reloads = new SerialQueue<'door'>(reloadsMax);
  const reopen = async (wanted: Config): Promise<void> => {
    await open.disposeAsync();
    open = new AsyncDisposableStack();
    config = wanted;
    const where = whereOf(wanted.sendmail.door, doorMode);
    admin = where === undefined ? undefined : openAdmin(parts, wanted, open);
    const door =
      where === undefined || admin === undefined
        ? undefined
        : await openDoor(parts, { config: wanted, where, admin }, open);
    if (door !== undefined || wasOpen) parts.moved(door?.address ?? 'off');
    wasOpen = door !== undefined;
  };
  return {
    submissions: {
      submitterOf: (token) => admin?.submitterOf(token),
      claim(token, attempt, answer) {
        if (admin === undefined) answer({ kind: 'unknown' });
        else admin.claim(token, attempt, answer);
      },
      answered: (token) => admin?.answered(token),
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

function openAdmin(
  { state, journal, clock, timers, log, count }: SendmailParts,
  { postfix, sendmail }: Config,
  scope: AsyncDisposableStack,
): Handovers {
  const identities = openIdentities();
  const files = openSubmissionFiles({
    folder: join(state, 'submissions'),
    run: realSendmail({
      program: sendmail.program,
      configDirectory: postfix.config_directory,
    }),
    user: (uid) => identities.user(uid),
    unreadable: (path) => log('error', 'sendmail.unreadable', { path }),
  });
  const admin = openSubmissions({
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
    knock: () => knockAtPickup(sendmail.queue_directory),
  });
  // Else what it is just doing would be done again, or be forgotten, by the one that comes after
  // it.
  scope.defer(() => Promise.race([admin.close(), sleep(closeMs, undefined, { ref: false })]));
  return admin;
}

async function openDoor(
  { log, count, waiting }: SendmailParts,
  of: { readonly config: Config; readonly where: Where; readonly admin: Handovers },
  scope: AsyncDisposableStack,
): Promise<Listener> {
  const { admin } = of;
  await admin.takeSpool();
  admin.start();
  const messageBytesMax = of.config.sendmail.message_bytes_max;
  const door = await openSendmail(of.where, { admin, peerOf, messageBytesMax, log, count });
  scope.use(door);
  let taking = false;
  const round = async (): Promise<void> => {
    waiting(admin.waiting);
    if (taking) return;
    taking = true;
    await admin.takeSpool();
    taking = false;
  };
  scope.defer(startTimer(spoolEveryMs, () => void round()));
  return door;
}
