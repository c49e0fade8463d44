/** Settings of [messages]: how long Postern remembers what became of each message. */
import { z } from 'zod';

const duration = z
  .string()
  .regex(
    /^(?:0|(?:\d+(?:\.\d+)?(?:ms|min|[smhdw]))+)$/,
    'must be 0 or a duration such as 12h, 2d or 1w',
  );

export type MessagesSection = { keep: string; keep_clear: string };

export const messagesSettings: z.ZodType<MessagesSection> = z
  .strictObject({
    keep: duration
      .default('7d')
      .describe(
        'How long Postern remembers what became of each message (`postern find`), from the end ' +
          'of its day (UTC). Mail of an account with an incident stays 30 days. 0: nothing is ' +
          'recorded, and what there is is removed.',
      ),
    keep_clear: duration
      .default('7d')
      .describe(
        'How long recipients and subjects of mail that passed stay readable, from the end of ' +
          'their day; at most as long as `messages.keep`. Later a recipient is still found by ' +
          'its address. 0: never readable. Recipients and subjects of mail that was held, ' +
          'refused or watched stay readable as long as `messages.keep` says.',
      ),
  })
  .prefault({});
