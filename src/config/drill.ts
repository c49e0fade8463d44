/** Settings of [drill]: the canary account of `postern drill`, and who is told that it ran. */
import { z } from 'zod';

export type DrillSettings = {
  account: string;
  password_file: string;
  submission: string;
  security: 'starttls' | 'tls' | 'none';
  ping_url: string;
};

export const drillSettings: z.ZodType<DrillSettings> = z
  .strictObject({
    account: z
      .union([z.literal(''), z.string().regex(/^[^\s@]+@[^\s@]+$/, 'must be a mail address')])
      .default('')
      .describe(
        'The canary: an account of its own for `postern drill`, as it logs in. Outside a drill ' +
          'the guard refuses its mail. Empty: no drills.',
      ),
    password_file: z
      .union([z.literal(''), z.string().regex(/^\//, 'must be an absolute path')])
      .default('')
      .describe('File with the password of the canary; only Postern may read it.'),
    submission: z
      .string()
      .regex(/^[^\s:]+:\d{1,5}$/, 'must be HOST:PORT')
      .default('127.0.0.1:587')
      .describe('Where users hand in mail on this server, as HOST:PORT.'),
    security: z
      .enum(['starttls', 'tls', 'none'])
      .default('starttls')
      .describe(
        'How the submission port is encrypted: starttls (587), tls from the first byte (465), ' +
          'or none.',
      ),
    ping_url: z
      .union([z.literal(''), z.url({ protocol: /^https?$/ })])
      .default('')
      .describe(
        "A dead man's switch elsewhere: a URL that is fetched after each drill in which all " +
          'links work. If it is not fetched for a month, that service tells you. Empty: none.',
      ),
  })
  .prefault({});
