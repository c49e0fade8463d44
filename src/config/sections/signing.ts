/** Settings of [signing]: who signs what, where DKIM keys are, and how they follow one another. */
import { z } from 'zod';
import { asciiDomain } from '../../formats/message/author-domains.ts';

const duration = z
  .string()
  .regex(/^(?:\d+(?:\.\d+)?(?:ms|min|[smhdw]))+$/, 'must be a duration such as 1h, 10d or 26w');

const domain = z.string().refine((text) => asciiDomain(text) !== undefined, 'must be a domain');
const fromDomain = z
  .string()
  .refine(
    (text) => asciiDomain(text.replace(/^\*\./, '')) !== undefined,
    'must be a domain, or *.DOMAIN',
  );

export type SigningSection = {
  enabled: boolean;
  identity: string;
  line_length_limit: number;
  domains: Record<string, string>;
  keys_folder: string;
  rotation: { every: string; settle: string; withdraw_after: string; remove_after: string };
};

export const signingSettings: z.ZodType<SigningSection> = z
  .strictObject({
    enabled: z
      .boolean()
      .default(true)
      .describe('Sign outgoing mail with the keys that may sign. Without keys, nothing is.'),
    identity: z
      .union([z.literal(''), domain])
      .default('')
      .describe(
        'Domain whose keys sign what no key of its author’s domain signs. Empty: that goes out unsigned.',
      ),
    line_length_limit: z
      .number()
      .int()
      .min(0)
      .max(1_000_000)
      .default(998)
      .describe(
        'Where the mail server breaks longer lines when it sends them: smtp_line_length_limit of Postfix. What is signed is what it will send. 0: it does not.',
      ),
    domains: z
      .record(fromDomain, z.union([z.literal('off'), domain]))
      .default({})
      .describe(
        'From domain = domain whose keys sign it, or off; `*.example.org` stands for all below it. Without an entry a domain’s own keys sign, else those of the nearest domain above it.',
      ),
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
