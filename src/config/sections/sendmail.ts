/** Settings of [sendmail]: the door that stands in the place of /usr/sbin/sendmail. */
import { z } from 'zod';

const path = z.string().regex(/^\/\S+$/, 'must be an absolute path');

export type SendmailSettings = {
  door: string;
  spool: string;
  program: string;
  queue_directory: string;
  message_bytes_max: number;
};

export const sendmailSettings: z.ZodType<SendmailSettings> = z
  .strictObject({
    door: z
      .string()
      .regex(/^(?:unix:\/\S+|off)$/, 'must be unix:/PATH or off')
      .default('off')
      .describe(
        'Where postern-sendmail hands in the mail of scripts, usually unix:/run/postern/sendmail. `postern connect sendmail` sets this.',
      ),
    spool: path
      .default('/var/spool/postern')
      .describe('Where it leaves mail while nobody listens: any user writes there, none reads.'),
    program: path
      .default('/usr/sbin/sendmail')
      .describe(
        'The mail server’s own sendmail, by which that mail goes on; `postern connect sendmail` moves it aside.',
      ),
    queue_directory: path
      .default('/var/spool/postfix')
      .describe('Postfix’s queue_directory, where pickup(8) is told that there is mail.'),
    message_bytes_max: z
      .number()
      .int()
      .min(10_000)
      .max(1_000_000_000)
      .default(10_240_000)
      .describe('So large may a message be: Postfix’s message_size_limit.'),
  })
  .prefault({});
