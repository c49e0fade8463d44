/** Settings of [sendmail]: the door for the program that replaces /usr/sbin/sendmail. */
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
        'Socket where postern-sendmail hands over the mail of scripts, usually ' +
          'unix:/run/postern/sendmail. `postern connect sendmail` sets this.',
      ),
    spool: path
      .default('/var/spool/postern')
      .describe(
        'Folder where postern-sendmail leaves mail while the guard is down. Every ' +
          'user can write into it, no user can read it.',
      ),
    program: path
      .default('/usr/sbin/sendmail')
      .describe(
        'Path of the mail server’s own sendmail, which sends that mail on. `postern ' +
          'connect sendmail` moves it aside.',
      ),
    queue_directory: path
      .default('/var/spool/postfix')
      .describe('Postfix’s queue_directory, where Postern tells pickup(8) about new mail.'),
    message_bytes_max: z
      .number()
      .int()
      .min(10_000)
      .max(1_000_000_000)
      .default(10_240_000)
      .describe('Largest message in bytes: Postfix’s message_size_limit.'),
  })
  .prefault({});
