/** Settings of [signing]: which DKIM keys sign what, where they are, and how they are rotated. */
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
  foreign: 'unsigned' | 'hold';
  line_length_limit: number;
  domains: Record<string, string>;
  keys_folder: string;
  rotation: { every: string; settle: string; withdraw_after: string; remove_after: string };
  probation: {
    enabled: boolean;
    new_for: string;
    expires: string;
    ttl: string;
    spare: number;
    keys_max: number;
  };
};

export const signingSettings: z.ZodType<SigningSection> = z
  .strictObject({
    enabled: z
      .boolean()
      .default(true)
      .describe(
        'Sign outgoing mail with the DKIM keys that Postern has. Without keys, no ' +
          'mail is signed.',
      ),
    identity: z
      .union([z.literal(''), domain])
      .default('')
      .describe(
        'Domain whose keys sign mail when no key of the From domain does. Empty: such' +
          ' mail goes out unsigned.',
      ),
    foreign: z
      .enum(['unsigned', 'hold'])
      .default('unsigned')
      .describe(
        'What becomes of mail whose From has an author of a domain with a key here, if nothing' +
          ' allows its account to write as this author. unsigned: it leaves without a' +
          ' signature, and a notice says so once. hold: it is also held until you decide.',
      ),
    line_length_limit: z
      .number()
      .int()
      .min(0)
      .max(1_000_000)
      .default(998)
      .describe(
        'Length at which the mail server breaks longer lines when it sends them ' +
          '(smtp_line_length_limit of Postfix). Postern signs the lines as they will be' +
          ' sent. 0: it does not break lines.',
      ),
    domains: z
      .record(fromDomain, z.union([z.literal('off'), domain]))
      .default({})
      .describe(
        'From domain = domain whose keys sign its mail, or off; `*.example.org` means' +
          ' every name below it. A domain without an entry is signed with its own keys,' +
          ' else with those of the nearest domain above it.',
      ),
    keys_folder: z
      .union([z.literal(''), z.string().regex(/^\//, 'must be an absolute path')])
      .default('')
      .describe(
        'Folder of private DKIM keys, one file each, which only Postern’s user may ' +
          'read. Empty: keys in the state folder.',
      ),
    rotation: z
      .strictObject({
        every: z
          .union([z.literal('never'), duration])
          .default('never')
          .describe(
            'How long a DKIM key signs before Postern makes its successor, such as 26w; ' +
              'or never. For a zone without [[dns.updates]], a notice says which record to ' +
              'publish, and the old key signs until the DNS shows the new one.',
          ),
        settle: duration
          .default('1h')
          .describe(
            'How long every name server must have shown a new record before its key ' +
              'signs. Postern waits longer when resolvers may remember that the record was ' +
              'not there.',
          ),
        withdraw_after: duration
          .default('10d')
          .describe(
            'How long the record of a key stays in the DNS after its last signature. It ' +
              'must be longer than mail waits in a queue, here (maximal_queue_lifetime of ' +
              'Postfix, 5d) and where it is forwarded.',
          ),
        remove_after: duration
          .default('30d')
          .describe(
            'How long a record then says that its key is revoked, before Postern removes ' + 'it.',
          ),
      })
      .prefault({}),
    probation: z
      .strictObject({
        enabled: z
          .boolean()
          .default(false)
          .describe(
            'Sign mail of accounts that are new, watched or have a weak password with a key of ' +
              'their own. A suspension revokes it at once, so copies of their mail no longer ' +
              'verify, and mail of all others keeps its key. Only for zones in [[dns.updates]].',
          ),
        new_for: duration
          .default('30d')
          .describe('How long an account is new after its first message. 0s: no account is new.'),
        expires: z
          .string()
          .regex(/^[1-9]\d*[dw]$/, 'must be whole days or weeks, such as 10d')
          .default('10d')
          .describe(
            'How long a signature of such a key counts (x=). It must be longer than mail waits ' +
              'in a queue, here (maximal_queue_lifetime of Postfix, 5d) and where it is ' +
              'forwarded. Whole days or weeks.',
          ),
        ttl: duration
          .default('5m')
          .describe(
            'Time to live of the records of these keys: how long resolvers may still believe a ' +
              'key after it was revoked.',
          ),
        spare: z
          .number()
          .int()
          .min(1)
          .max(1_000)
          .default(10)
          .describe(
            'Keys of each domain that are published before an account needs one. An account for ' +
              'which none is ready signs with the key of the domain.',
          ),
        keys_max: z
          .number()
          .int()
          .min(1)
          .max(10_000)
          .default(1_000)
          .describe(
            'Most keys of this kind, of all domains together, spare ones included. Each is a ' +
              'record in DNS.',
          ),
      })
      .prefault({}),
  })
  .prefault({});
