/**
 * Settings of [scan]: who looks at mail that leaves before it is judged, and what their word counts
 * for.
 */
import { z } from 'zod';
import { maskedRules } from '../../core/scan/masked-rules.ts';

const scanner = z
  .string()
  .regex(
    /^(?:inet:[^\s:]+:\d{1,5}|inet:\[[0-9a-f:]+\]:\d{1,5}|unix:\/\S+|off)$/i,
    'must be inet:HOST:PORT, unix:/PATH or off',
  );
const octets = z.number().int().min(10_000);

export type ScanSection = {
  spamassassin: string;
  spamassassin_user: string;
  rspamd: string;
  clamav: string;
  when_down: 'pass' | 'delay';
  hold_score: number;
  deadline: string;
  connections: number;
  message_bytes_max: number;
  clamav_bytes_max: number;
  reuse_for: string;
  masked_rules: string[];
};

export const scanSettings: z.ZodType<ScanSection> = z
  .strictObject({
    spamassassin: scanner
      .default('off')
      .describe(
        'Where spamd listens, usually inet:127.0.0.1:783: mail that leaves is shown to it before it is judged, and its score is evidence. `postern connect spamassassin` finds it and sets this.',
      ),
    spamassassin_user: z
      .string()
      .regex(/^[\w.@-]{0,64}$/, 'must be a user name')
      .default('')
      .describe(
        'Whose SpamAssassin preferences count. Empty: those of the user that spamd runs as.',
      ),
    rspamd: scanner
      .default('off')
      .describe('Where rspamd’s normal worker listens, usually inet:127.0.0.1:11333.'),
    clamav: scanner
      .default('off')
      .describe(
        'Where clamd listens, usually unix:/run/clamav/clamd.ctl: a message with a virus is held, and only a person lets it go.',
      ),
    when_down: z
      .enum(['pass', 'delay'])
      .default('pass')
      .describe(
        'When a scanner says nothing in time: pass judges the message without it, and counts that; delay answers 451, so that the sender tries again.',
      ),
    hold_score: z
      .number()
      .min(0)
      .max(10_000)
      .default(15)
      .describe(
        'From so many points on a message is held whatever else is known of its account, and only a person lets it go. SpamAssassin calls 5 spam. 0: never; the score is evidence only.',
      ),
    deadline: z
      .string()
      .regex(/^(?:[1-9]|[12]\d|30)s$/, 'must be 1s to 30s')
      .default('10s')
      .describe(
        'So long a message waits for scanners, at most, 1s to 30s. One that fails three times in a row is left alone, and no mail waits for it, until it answers again.',
      ),
    connections: z
      .number()
      .int()
      .min(1)
      .max(200)
      .default(5)
      .describe(
        'Messages that a scanner gets at once; spamd has five children unless told otherwise.',
      ),
    message_bytes_max: octets
      .max(16_000_000)
      .default(512_000)
      .describe(
        'So much of a message SpamAssassin and rspamd see. Spam is short; the rest of a long message is its attachments.',
      ),
    clamav_bytes_max: octets
      .max(64_000_000)
      .default(8_000_000)
      .describe('So much of a message ClamAV sees; below its StreamMaxLength.'),
    reuse_for: z
      .union([
        z.literal('never'),
        z
          .string()
          .regex(
            /^(?:\d+(?:\.\d+)?(?:ms|min|[smhdw]))+$/,
            'must be a duration such as 90s, 1h or 2d',
          ),
      ])
      .default('1h')
      .describe(
        'So long what was said of a message counts for its copies, in which names, links and numbers may be others. never: each is scanned.',
      ),
    masked_rules: z
      .array(
        z.string().regex(/^[\w*-]{1,100}$/, 'must be the name of a rule, * for any part of it'),
      )
      .max(1_000)
      .default([...maskedRules])
      .describe(
        'Rules that say nothing about mail that leaves: their points are not in the score. `postern scan FILE` shows which struck.',
      ),
  })
  .prefault({});
