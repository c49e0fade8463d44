/**
 * Settings of [probe] and [listed]: servers on other machines that `postern probe` may test, and
 * blocklists that `postern listed` asks.
 */
import { z } from 'zod';
import { parseClientIp } from '../../formats/spf/network.ts';

const host = z
  .string()
  .refine(
    (text) => parseClientIp(text) !== undefined || /^[A-Za-z0-9.-]{1,253}$/.test(text),
    'must be a host name or an IP address',
  );

export type ProbeSettings = { hosts: string[] };

export const probeSettings: z.ZodType<ProbeSettings> = z
  .strictObject({
    hosts: z
      .array(host)
      .max(100)
      .default([])
      .describe(
        'Your mail servers on other machines: names or addresses that `postern probe` may test. ' +
          'The addresses of this machine it always may.',
      ),
  })
  .prefault({});

export type ListedSettings = { lists: string[]; domains: string[] };

const zone = z
  .string()
  .regex(
    /^(?:domain:)?(?:[a-z0-9_-]+\.)+[a-z0-9_-]+$/,
    'must be the zone of a list in lower case, such as zen.spamhaus.org; domain: in front if it ' +
      'lists domains',
  );
const name = z
  .string()
  .regex(/^(?:[a-z0-9_-]+\.)+[a-z0-9_-]+$/, 'must be a domain name in lower case');

export const listedSettings: z.ZodType<ListedSettings> = z
  .strictObject({
    lists: z
      .array(z.union([z.literal('none'), zone]))
      .max(30)
      .default([])
      .describe(
        'Blocklists to ask about our own addresses and domains, by their zones, such as ' +
          '"zen.spamhaus.org"; "domain:" in front if Postern does not know the list and it lists ' +
          'domains. Each list learns our addresses. Empty: those that Postern knows. ' +
          '"none": no list is asked.',
      ),
    domains: z
      .array(name)
      .max(50)
      .default([])
      .describe(
        'Domains to ask about. Empty: those that this server is known to send for, at most 50. ' +
          'Addresses are those of identity.addresses, else what Postfix and this machine use.',
      ),
  })
  .prefault({});
