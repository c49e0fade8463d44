/** The part of the daemon that takes the place of sendmail(1). Of daemon.ts. */
import { join } from 'node:path';
import { startTimer } from './clock.ts';
import type { Config } from './config/schema.ts';
import { whereOf } from './config/values.ts';
import { openSendmail } from './doors/sendmail/server.ts';
import type { Journal, Timers } from './flow/journal.ts';
import { openSubmissions } from './flow/submissions.ts';
import type { Listener } from './lib/listener.ts';
import { openIdentities } from './partners/identities.ts';
import { peerOf } from './partners/peer-credentials.ts';
import { knockAtPickup, realSendmail } from './partners/real-sendmail.ts';
import { openSpool } from './partners/spool-folder.ts';
import { openSubmissionFiles } from './partners/submission-files.ts';
import type { Clock, Count, Log } from './ports.ts';
import type { Submissions } from './ports-sendmail.ts';

export type DaemonSendmail = {
  /** For the milter door. */
  readonly submissions: Submissions;
  /** Opens the door; before that, what was left in the spool is taken. Answers with its address. */
  open(): Promise<string>;
};

export type SendmailParts = {
  readonly config: Config;
  readonly state: string;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  readonly count: Count;
};

/** Any user may connect: who that is the kernel says. */
const doorMode = 0o666;
const spoolEveryMs = 2_000;

/** Undefined where the door is off. */
export function openDaemonSendmail(
  { config, state, journal, clock, timers, log, count }: SendmailParts,
  scope: AsyncDisposableStack,
): DaemonSendmail | undefined {
  const { door, program, spool: folder, queue_directory, message_bytes_max } = config.sendmail;
  const where = whereOf(door, doorMode);
  if (where === undefined) return undefined;
  const identities = openIdentities();
  const configDirectory = config.postfix.config_directory;
  const files = openSubmissionFiles({
    folder: join(state, 'submissions'),
    run: realSendmail({ program, configDirectory }),
    user: (uid) => identities.user(uid),
  });
  const messageBytesMax = message_bytes_max;
  const desk = openSubmissions({
    ...{ files, identities, journal, clock, timers, log, count },
    spool: openSpool({ folder, messageBytesMax, nowMs: () => clock.now() }),
    knock: () => knockAtPickup(queue_directory),
  });
  scope.defer(() => desk.close());
  const listening: { door: Listener | undefined } = { door: undefined };
  scope.defer(() => listening.door?.close());
  return {
    submissions: desk,
    async open() {
      await desk.takeSpool();
      desk.start();
      listening.door = await openSendmail(where, { desk, peerOf, messageBytesMax, log, count });
      let taking = false;
      const round = async (): Promise<void> => {
        if (taking) return;
        taking = true;
        await desk.takeSpool();
        taking = false;
      };
      scope.defer(startTimer(spoolEveryMs, () => void round()));
      return listening.door.address;
    },
  };
}
