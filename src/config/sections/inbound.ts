/**
 * Settings of [verify]: mail that comes in is checked, and what was found is written on top of it.
 */
import { z } from 'zod';
import { parseNetwork } from '../../formats/postfix/network-list.ts';

const networks = z
  .string()
  .refine((text) => parseNetwork(text) !== undefined, 'must be an IP address or a network in CIDR');
const host = z.union([
  z.literal(''),
  z.string().regex(/^[A-Za-z0-9_.-]{1,253}$/, 'must be a host name'),
]);

export type VerifySettings = {
  enabled: boolean;
  authserv_id: string;
  deadline: string;
  trusted_networks: string[];
  arc: boolean;
  arc_domain: string;
};

export const verifySettings: z.ZodType<VerifySettings> = z
  .strictObject({
    enabled: z
      .boolean()
      .default(false)
      .describe(
        'Check mail that comes in (SPF, DKIM, DMARC, ARC, name of the client) and tell what was found in an Authentication-Results field; fields that came with the mail in our name are taken out. No mail is refused for what is found; only for more than 1,000 such fields.',
      ),
    authserv_id: host
      .default('')
      .describe('In whose name results are told, the same on all your mail servers. Empty: host.'),
    deadline: z
      .string()
      .regex(/^(?:[1-9]|[12]\d)s$/, 'must be 1s to 29s')
      .default('8s')
      .describe(
        'So long a message waits for the DNS, 1s to 29s; what is not known by then is told as temperror.',
      ),
    trusted_networks: z
      .array(networks)
      .max(1_000)
      .default(['127.0.0.0/8', '::1'])
      .describe(
        'Mail from these clients was verified before (a backup MX, a filter on this machine) and is left as it is.',
      ),
    arc: z
      .boolean()
      .default(false)
      .describe(
        'Seal all mail that is checked (RFC 8617), so that who gets it forwarded sees what was found here. Postfix decides only afterwards which mail it forwards, so all of it is sealed.',
      ),
    arc_domain: host
      .default('')
      .describe(
        'Domain whose RSA key seals (`postern dkim new`). Empty: that of host, or the nearest above it that has one.',
      ),
  })
  .prefault({});
