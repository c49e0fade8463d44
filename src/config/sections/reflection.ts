/** Settings of [reflection]: mail that this server or another one returns to a sender. */
import { z } from 'zod';

export type ReflectionSettings = {
  bounces: 'off' | 'mark' | 'refuse';
  answers: 'judge' | 'pass';
  own_bounces_per_hour: number;
};

export const reflectionSettings: z.ZodType<ReflectionSettings> = z
  .strictObject({
    bounces: z
      .enum(['off', 'mark', 'refuse'])
      .default('mark')
      .describe(
        'What happens to returned mail that comes in without proof that this server sent the ' +
          'original. `mark`: the field X-Postern-Return says so. `refuse`: 550; before that, ' +
          '`postern status` tells how many messages of the last 14 days it would have refused. ' +
          '`off`: nothing is looked at.',
      ),
    answers: z
      .enum(['judge', 'pass'])
      .default('judge')
      .describe(
        'Automatic answers of this server (vacation) to other servers. `judge`: none to mail ' +
          'that failed DMARC, or failed SPF and did not pass DMARC, or looked like spam, and one ' +
          'a week from an account to an address; needs verify.enabled. `pass`: all leave.',
      ),
    own_bounces_per_hour: z
      .number()
      .int()
      .min(1)
      .max(1_000_000)
      .default(50)
      .describe(
        'Notices about undelivered mail that Postfix may send to other servers in an hour before ' +
          'the operator is told.',
      ),
  })
  .prefault({});
