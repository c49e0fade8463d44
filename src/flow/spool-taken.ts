/** What was left in the spool is taken over, in order: onto our own disk first, and out of the spool then. */
import type { HandIn } from '../core/scripts/hand-in.ts';
import type { Log } from '../ports.ts';
import type { HandInAnswer, SendmailTurn, Spool, Spooled } from '../ports-sendmail.ts';

export type SpoolDesk = {
  /** A message of the spool: `uid` owns the file. */
  openSpooled(uid: number, handIn: HandIn): SendmailTurn;
};

/** Answers with how many were taken. What cannot be taken now stays where it is. */
export async function takeSpool(of: {
  readonly spool: Spool;
  readonly desk: SpoolDesk;
  readonly log: Log;
  readonly uid: number | undefined;
}): Promise<number> {
  const { spool, desk, log, uid: only } = of;
  let taken = 0;
  try {
    const bad: Parameters<Spool['messages']>[0] = ({ uid, why }) =>
      log('warn', 'sendmail.spool-bad', { uid, why });
    for (const message of spool.messages(bad, only)) {
      if (await take(message, desk)) taken++;
    }
  } catch (cause) {
    log('error', 'sendmail.spool-unread', { why: String(cause) });
  }
  return taken;
}

async function take(message: Spooled, desk: SpoolDesk): Promise<boolean> {
  const turn = desk.openSpooled(message.uid, message.handIn);
  if (turn.kind === 'refused') return false;
  try {
    for (const bytes of message.read()) turn.write(bytes);
  } catch {
    turn.drop();
    return false;
  }
  const answer = await new Promise<HandInAnswer | undefined>((resolve) => turn.finish(resolve));
  if (answer?.exit === 0) message.remove();
  return answer?.exit === 0;
}
