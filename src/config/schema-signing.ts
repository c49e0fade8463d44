/** Settings of [signing]: where DKIM keys are, and how they follow one another. */
import { z } from 'zod';

const duration = z
  .string()
  .regex(/^(?:\d+(?:\.\d+)?(?:ms|min|[smhdw]))+$/, 'must be a duration such as 1h, 10d or 26w');

export type SigningSettings = {
  keys_folder: string;
  rotation: { every: string; settle: string; withdraw_after: string; remove_after: string };
};

export const signingSettings: z.ZodType<SigningSettings> = z
  .strictObject({
    keys_folder: z
      .union([z.literal(''), z.string().regex(/^\//, 'must be an absolute path')])
      .default('')
      .describe(
        'Where private DKIM keys lie, a file each, for Postern’s user alone. Empty: keys in the state folder.',
      ),
    rotation: z
      .strictObject({
        every: z
          .union([z.literal('never'), duration])
          .default('never')
          .describe(
            'How long a DKIM key signs before a new one is made to follow it, such as 26w; or never. Where [dns] has no updates for the zone, you are told which record to publish, and the old key signs until DNS shows the new one.',
          ),
        settle: duration
          .default('1h')
          .describe(
            'How long every name server must have shown a new record before its key signs; longer by itself where resolvers may remember the time before.',
          ),
        withdraw_after: duration
          .default('10d')
          .describe(
            'How long the record of a key stays after it last signed: longer than any mail waits in a queue (maximal_queue_lifetime of Postfix, 5d), here and where it is forwarded.',
          ),
        remove_after: duration
          .default('30d')
          .describe('How long a record then says that its key is revoked, before it is removed.'),
      })
      .prefault({}),
  })
  .prefault({});
