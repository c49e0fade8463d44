/** Settings of [scan]: scanners of outgoing mail, and how much their results count. */
import { z } from 'zod';
import { clamavEvidence } from '../../core/scan/clamav-evidence.ts';
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
  clamav_evidence: string[];
};

export const scanSettings: z.ZodType<ScanSection> = z
  .strictObject({
    spamassassin: scanner
      .default('off')
      .describe(
        'Address of spamd, usually inet:127.0.0.1:783. It scans outgoing mail before ' +
          'Postern judges it, and its score is evidence. `postern connect spamassassin`' +
          ' finds it and sets this.',
      ),
    spamassassin_user: z
      .string()
      .regex(/^[\w.@-]{0,64}$/, 'must be a user name')
      .default('')
      .describe(
        'User whose SpamAssassin preferences count. Empty: those of the user that ' +
          'spamd runs as.',
      ),
    rspamd: scanner
      .default('off')
      .describe('Address of rspamd’s normal worker, usually inet:127.0.0.1:11333.'),
    clamav: scanner
      .default('off')
      .describe(
        'Address of clamd, usually unix:/run/clamav/clamd.ctl. A message with a virus' +
          ' is held until an operator releases or drops it.',
      ),
    when_down: z
      .enum(['pass', 'delay'])
      .default('pass')
      .describe(
        'When a scanner gives no result in time. pass: the message is judged without ' +
          'it, and counted as unscanned. delay: the answer is 451, so that the sender ' +
          'tries again.',
      ),
    hold_score: z
      .number()
      .min(0)
      .max(10_000)
      .default(15)
      .describe(
        'A message with this many points or more is held, whatever its account, until' +
          ' an operator releases or drops it. SpamAssassin itself calls 5 points spam. ' +
          'Points of rspamd count only if its action means spam. ' +
          '0: the score is evidence only.',
      ),
    deadline: z
      .string()
      .regex(/^(?:[1-9]|[12]\d|30)s$/, 'must be 1s to 30s')
      .default('10s')
      .describe(
        'Longest time that a message waits for scanners, 1s to 30s. After three ' +
          'failures in a row, mail no longer waits for a scanner until it answers ' +
          'again.',
      ),
    connections: z
      .number()
      .int()
      .min(1)
      .max(200)
      .default(5)
      .describe(
        'Messages that one scanner gets at the same time; spamd has five child ' +
          'processes unless configured otherwise.',
      ),
    message_bytes_max: octets
      .max(16_000_000)
      .default(512_000)
      .describe(
        'Bytes of a message that SpamAssassin and rspamd see. Spam is short; the rest' +
          ' of a long message is attachments.',
      ),
    clamav_bytes_max: octets
      .max(64_000_000)
      .default(8_000_000)
      .describe(
        'Bytes of a message that ClamAV sees. If ClamAV’s StreamMaxLength is less, longer ' +
          'messages are too big for it and are judged without it.',
      ),
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
        'How long a scan result counts for copies of the message, which may differ in' +
          ' names, links and numbers. never: every message is scanned.',
      ),
    masked_rules: z
      .array(
        z
          .string()
          .regex(/^[\w*-]{1,100}$/, 'must be the name of a rule; * replaces any part of the name'),
      )
      .max(1_000)
      .default([...maskedRules])
      .describe(
        'Rules that say nothing about outgoing mail: their points are left out of the' +
          ' score. `postern scan FILE` shows which rules matched.',
      ),
    clamav_evidence: z
      .array(
        z
          .string()
          .regex(
            /^[!-~]{1,100}$/,
            'must be the name of a signature; * replaces any part of the name',
          ),
      )
      .max(1_000)
      .default([...clamavEvidence])
      .describe(
        'What ClamAV finds under these names is evidence and no virus: heuristics, unwanted ' +
          'programs, phishing, signatures of third parties. Such a message counts as spam-like ' +
          'and is not held for that alone. *.UNOFFICIAL: all signatures that are not ClamAV’s ' +
          'own. Empty: everything that ClamAV finds is a virus.',
      ),
  })
  .prefault({});
