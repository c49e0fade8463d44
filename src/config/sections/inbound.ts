/** Settings of [verify]: checks of incoming mail, with the results in a header field. */
import { z } from 'zod';
import { parseNetwork } from '../../formats/postfix/network-list.ts';

const networks = z
  .string()
  .refine(
    (text) => parseNetwork(text) !== undefined,
    'must be an IP address or a network such as 192.0.2.0/24',
  );
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
        'Check incoming mail (SPF, DKIM, DMARC, ARC, name of the client) and write ' +
          'the results into an Authentication-Results field. Fields that the mail ' +
          'already carries in the name of this server are removed. No result leads to a' +
          ' refusal; only more than 1,000 such fields do. It also notes who wrote to which ' +
          'mailbox. While it is off, answers to new correspondents count as mail to ' +
          'strangers.',
      ),
    authserv_id: host
      .default('')
      .describe(
        'Name in Authentication-Results (RFC 8601), the same on all your mail ' +
          'servers. Empty: host.',
      ),
    deadline: z
      .string()
      .regex(/^(?:[1-9]|[12]\d)s$/, 'must be 1s to 29s')
      .default('8s')
      .describe(
        'Longest time that a message waits for the DNS, 1s to 29s. Checks without an ' +
          'answer by then are reported as temperror.',
      ),
    trusted_networks: z
      .array(networks)
      .max(1_000)
      .default(['127.0.0.0/8', '::1'])
      .describe(
        'Clients whose mail was checked already (a backup MX, a filter on this ' +
          'machine). Their mail is left as it is.',
      ),
    arc: z
      .boolean()
      .default(false)
      .describe(
        'Add an ARC seal to all mail that is checked (RFC 8617), so that the receiver' +
          ' of forwarded mail sees the results. Postern seals all mail, because Postfix ' +
          'decides only later which mail it forwards.',
      ),
    arc_domain: host
      .default('')
      .describe(
        'Domain whose RSA key makes the seal (`postern dkim new`). Empty: the domain ' +
          'of host, or the nearest domain above it that has a key.',
      ),
  })
  .prefault({});
