/**
 * What was left in the spool is taken over, in order: onto our own disk first, and out of the spool
 * then.
 */
import type { HandIn } from '../../core/scripts/hand-in.ts';
import type { HandInAnswer, SendmailTurn, Spool, Spooled } from '../../ports/handover.ts';
import type { Log } from '../../ports/world.ts';

export type SpoolHandler = {
  /** A message of the spool: `uid` owns the file. */
  openSpooled(uid: number, handIn: HandIn): SendmailTurn;
};

/** Takes what this user left. What cannot be taken now stays where it is. */
export async function takeSpool(of: {
  readonly spool: Spool;
  readonly admin: SpoolHandler;
  readonly log: Log;
  readonly uid: number;
}): Promise<void> {
  const { spool, admin, log, uid } = of;
  const bad: string[] = [];
  try {
    for (const message of spool.messages(uid, (why) => bad.push(why))) {
      // No room for one of this user's: the next has none either.
      if ((await take(message, admin)) === 'no room') break;
    }
  } catch (cause) {
    log('error', 'sendmail.spool-unread', { uid, why: String(cause) });
  }
  // One line, however many he left.
  if (bad.length > 0) log('warn', 'sendmail.spool-bad', { uid, files: bad.length, why: bad[0] });
}

async function take(
  message: Spooled,
  admin: SpoolHandler,
): Promise<'taken' | 'unread' | 'no room'> {
  const turn = admin.openSpooled(message.uid, message.handIn);
  if (turn.kind === 'refused') return 'no room';
  try {
    for (const bytes of message.read()) turn.write(bytes);
  } catch {
    turn.drop();
    return 'unread';
  }
  const answer = await new Promise<HandInAnswer | undefined>((resolve) => turn.finish(resolve));
  if (answer?.exit !== 0) return 'no room';
  message.remove();
  return 'taken';
}
