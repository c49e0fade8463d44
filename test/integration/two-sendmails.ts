/**
 * Postfix's own sendmail, whose maildrop nobody empties, and postern-sendmail beside it, whose door
 * is not there, so that what it takes lies in its spool.
 */
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assembleSendmail, sendmailStarter } from '../../src/wrapper/assemble.ts';
import { type PostfixInstance, startPostfix } from './postfix-instance.ts';

/** Small, so that a message of a test may be too large. */
export const messageBytesMax = 20_000;

export type TwoSendmails = AsyncDisposable & {
  readonly postfix: PostfixInstance;
  /** For files of the test; removed at the end. */
  readonly dir: string;
  /** What Node runs as postern-sendmail, in that folder. */
  readonly wrapper: string;
  /** What starts Node, or takes the message under narrow limits; in that folder. */
  readonly starter: string;
  /** The spool of postern-sendmail, in that folder. */
  readonly spool: string;
};

export async function startTwoSendmails(): Promise<TwoSendmails> {
  const postfix = await startPostfix({
    sink: 1,
    settings: { message_size_limit: String(messageBytesMax) },
    masterCf: ({ smtp }) => `127.0.0.1:${smtp} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
rewrite unix - - n - - trivial-rewrite
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
`,
  });
  const dir = await mkdtemp(join(tmpdir(), 'pts-'));
  const spool = join(dir, 'spool');
  await mkdir(spool);
  await chmod(spool, 0o3733);
  const paths = { door: join(dir, 'no-door'), spool, real: '/usr/sbin/sendmail' };
  const place = { ...paths, messageBytesMax, host: 'mail.test' };
  const wrapper = join(dir, 'sendmail.cjs');
  await writeFile(wrapper, assembleSendmail(place));
  const starter = join(dir, 'starter');
  const node = { node: process.execPath, script: wrapper, real: place.real };
  await writeFile(starter, sendmailStarter(place, node));
  return {
    postfix,
    dir,
    wrapper,
    starter,
    spool,
    async [Symbol.asyncDispose]() {
      await postfix[Symbol.asyncDispose]();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
