/**
 * Settings of [identity]: facts for the DNS records of the domains that Postern cannot read from
 * the server.
 */
import { z } from 'zod';
import { type MtaStsWish, mtaStsWishes } from '../../core/identity/identity.ts';
import { ipv4Octets, ipv6Text } from '../../formats/dns/address-octets.ts';

const name = z
  .string()
  .regex(
    /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)+$/,
    'must be a domain name in lower case, without a dot at the end',
  );
const mailbox = z.string().regex(/^[^\s@]+@[^\s@]+$/, 'must be a mail address');
const ip = z
  .string()
  .refine(
    (text) => ipv4Octets(text) !== undefined || ipv6Text(text) !== undefined,
    'must be an IP address',
  );

export type IdentitySettings = {
  host: string;
  addresses: string[];
  never_send: string[];
  dmarc_reports: string[];
  tls_reports: string[];
  mta_sts: MtaStsWish;
  certificate: string;
};

export const identitySettings: z.ZodType<IdentitySettings> = z
  .strictObject({
    host: z
      .union([z.literal(''), name])
      .default('')
      .describe(
        'Name of the mail server in the DNS, as in its EHLO. Empty: `host`, else the ' +
          'name of the machine.',
      ),
    addresses: z
      .array(ip)
      .default([])
      .describe(
        'IP addresses that outgoing mail comes from. Empty: the public addresses of ' +
          'this machine’s interfaces.',
      ),
    never_send: z
      .array(name)
      .default([])
      .describe('Domains that never send mail. Their records should say so.'),
    dmarc_reports: z
      .array(mailbox)
      .max(10)
      .default([])
      .describe(
        'Mail addresses for the daily DMARC reports (rua). Empty: those in the ' +
          'existing records.',
      ),
    tls_reports: z
      .array(mailbox)
      .max(10)
      .default([])
      .describe(
        'Mail addresses for reports about mail to the domains that could not be ' +
          'encrypted (TLS-RPT).',
      ),
    mta_sts: z
      .enum(mtaStsWishes)
      .default('off')
      .describe(
        'MTA-STS policy to advise for mail to the domains: off (none), testing or ' + 'enforce.',
      ),
    certificate: z
      .union([z.literal(''), z.string().regex(/^\//, 'must be an absolute path')])
      .default('')
      .describe(
        'PEM file with the mail server’s certificate, for TLSA records. Empty: no ' +
          'TLSA records are advised.',
      ),
  })
  .prefault({});
