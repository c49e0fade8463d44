/**
 * Takes over the messages that were left in the spool, in order: each goes onto our own disk first,
 * then it is removed from the spool.
 */
import type { HandoverRequest } from '../../core/scripts/handover-request.ts';
import type { MessageIntake, SendmailExit, Spool, SpooledMessage } from '../../ports/handover.ts';
import type { Log } from '../../ports/world.ts';

export type SpoolHandler = {
  /** Opens a message of the spool; `uid` owns the file. */
  openSpooled(uid: number, request: HandoverRequest): MessageIntake;
};

/** Takes what this user left. What cannot be taken now stays in the spool. */
export async function takeSpool(of: {
  readonly spool: Spool;
  readonly handler: SpoolHandler;
  readonly log: Log;
  readonly uid: number;
}): Promise<void> {
  const { spool, handler, log, uid } = of;
  const bad: string[] = [];
  try {
    for (const message of spool.messages(uid, (why) => bad.push(why))) {
      // If one message of this user finds no room, the next does not either.
      if ((await take(message, handler)) === 'no room') break;
    }
  } catch (cause) {
    log('error', 'sendmail.spool-unread', { uid, why: String(cause) });
  }
  // One line for the user, however many there are.
  if (bad.length > 0) log('warn', 'sendmail.spool-bad', { uid, files: bad.length, why: bad[0] });
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
