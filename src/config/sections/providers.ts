/** Settings of [providers]: how Postern reads what receiving servers reply. */
import { z } from 'zod';

export type ProviderSettings = { rules: string };

export const providerSettings: z.ZodType<ProviderSettings> = z
  .strictObject({
    rules: z
      .union([z.literal(''), z.string().regex(/^\//, 'must be an absolute path')])
      .default('')
      .describe(
        'File of your own rules for replies of receiving servers, such as ' +
          '/etc/postern/reply-rules.toml. They are asked before the rules of Postern. Empty: ' +
          'only those of Postern.',
      ),
  })
  .prefault({});
