/**
 * Takes over the messages that a user left in the spool, in order: each goes onto our own disk
 * first, then it is removed from the spool.
 */
import type { HandoverRequest } from '../../core/scripts/handover-request.ts';
import type {
  MessageIntake,
  SendmailExit,
  Spool,
  SpooledMessage,
  SpoolFile,
} from '../../ports/handover.ts';
import type { Log } from '../../ports/world.ts';

export type SpoolHandler = {
  /** Opens a message of the spool; `uid` owns the file. */
  openSpooled(uid: number, request: HandoverRequest): MessageIntake;
};

export type SpoolRoundOptions = {
  readonly spool: Pick<Spool, 'files' | 'open'>;
  readonly handler: SpoolHandler;
  readonly log: Log;
  readonly uid: number;
};

/** One round through the files of a user. What cannot be taken now stays in the spool. */
export class SpoolRound {
  readonly #of: SpoolRoundOptions;
  #left: Iterator<SpoolFile> | undefined;
  readonly #bad: string[] = [];

  constructor(of: SpoolRoundOptions) {
    this.#of = of;
  }

  /** Takes the oldest message that is left. False: no message or no room is left. */
  async next(): Promise<boolean> {
    const { handler, log, spool, uid } = this.#of;
    try {
      this.#left ??= spool.files(uid).values();
      for (let one = this.#left.next(); one.done !== true; one = this.#left.next()) {
        using message = spool.open(one.value, (why) => this.#bad.push(why));
        if (message === undefined) continue;
        // If one message of this user finds no room, the next does not either.
        if ((await take(message, handler)) === 'no room') break;
        return true;
      }
    } catch (cause) {
      log('error', 'sendmail.spool-unread', { uid, why: String(cause) });
    }
    const [why] = this.#bad;
    // One line for the user, however many there are.
    if (why !== undefined) log('warn', 'sendmail.spool-bad', { uid, files: this.#bad.length, why });
    return false;
  }
}

async function take(
  message: SpooledMessage,
  handler: SpoolHandler,
): Promise<'taken' | 'unread' | 'no room'> {
  const intake = handler.openSpooled(message.uid, message.request);
  if (intake.kind === 'refused') return 'no room';
  try {
    for (const bytes of message.read()) intake.write(bytes);
  } catch {
    intake.drop();
    return 'unread';
  }
  const answer = await new Promise<SendmailExit | undefined>((resolve) => intake.finish(resolve));
  if (answer?.exit !== 0) return 'no room';
  message.remove();
  return 'taken';
}
