/**
 * What was left in the spool is taken over, in order: onto our own disk first, and out of the spool
 * then.
 */
import type { HandoverRequest } from '../../core/scripts/handover-request.ts';
import type { MessageIntake, SendmailExit, Spool, SpooledMessage } from '../../ports/handover.ts';
import type { Log } from '../../ports/world.ts';

export type SpoolHandler = {
  /** A message of the spool: `uid` owns the file. */
  openSpooled(uid: number, request: HandoverRequest): MessageIntake;
};

/** Takes what this user left. What cannot be taken now stays where it is. */
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
      // No room for one of this user's: the next has none either.
      if ((await take(message, handler)) === 'no room') break;
    }
  } catch (cause) {
    log('error', 'sendmail.spool-unread', { uid, why: String(cause) });
  }
  // One line, however many he left.
  if (bad.length > 0) log('warn', 'sendmail.spool-bad', { uid, files: bad.length, why: bad[0] });
}

async function take(
  message: SpooledMessage,
  handler: SpoolHandler,
): Promise<'taken' | 'unread' | 'no room'> {
  const turn = handler.openSpooled(message.uid, message.request);
  if (turn.kind === 'refused') return 'no room';
  try {
    for (const bytes of message.read()) turn.write(bytes);
  } catch {
    turn.drop();
    return 'unread';
  }
  const answer = await new Promise<SendmailExit | undefined>((resolve) => turn.finish(resolve));
  if (answer?.exit !== 0) return 'no room';
  message.remove();
  return 'taken';
}
