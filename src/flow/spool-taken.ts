/** What was left in the spool is taken over, in order: onto our own disk first, and out of the spool then. */
import type { Log } from '../ports.ts';
import type { Spool, Spooled } from '../ports-sendmail.ts';
import type { SubmissionDesk } from './submissions.ts';

/** Answers with how many were taken. What cannot be taken now stays where it is. */
export async function takeSpool(of: {
  readonly spool: Spool;
  readonly desk: Pick<SubmissionDesk, 'openSpooled'>;
  readonly log: Log;
}): Promise<number> {
  const { spool, desk, log } = of;
  let taken = 0;
  try {
    for (const message of spool.messages(({ uid, why }) =>
      log('warn', 'sendmail.spool-bad', { uid, why }),
    )) {
      if (await take(message, desk)) taken++;
    }
  } catch (cause) {
    log('error', 'sendmail.spool-unread', { why: String(cause) });
  }
  return taken;
}

async function take(message: Spooled, desk: Pick<SubmissionDesk, 'openSpooled'>): Promise<boolean> {
  const turn = desk.openSpooled(message.uid, message.handIn);
  if (turn.kind === 'refused') return false;
  try {
    for (const bytes of message.read()) turn.write(bytes);
  } catch {
    turn.drop();
    return false;
  }
  const { exit } = await new Promise<{ readonly exit: number }>((resolve) => turn.finish(resolve));
  if (exit === 0) message.remove();
  return exit === 0;
}
