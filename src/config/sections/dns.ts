/** Settings of [dns]: resolvers that Postern asks, and zones that it may change. */
import { z } from 'zod';
import { parseServer } from '../../formats/dns/server-address.ts';

const duration = z
  .string()
  .regex(/^(?:\d+(?:\.\d+)?(?:ms|min|[smhdw]))+$/, 'must be a duration such as 5s, 1h or 2d');

const updates = z.strictObject({
  zones: z.array(z.string().regex(/^[\w.-]+$/, 'must be the name of a zone')).min(1),
  server: z
    .string()
    .refine(
      (text) => isServer(text) || isNamed(text),
      'must be a host name or an IP address, with :PORT if it is not 53',
    ),
  key_file: z.string().regex(/^\//, 'must be an absolute path'),
});

function isServer(text: string): boolean {
  return parseServer(text) !== undefined;
}

function isNamed(text: string): boolean {
  return /^[\w-]+(?:\.[\w-]+)*(?::\d{1,5})?$/.test(text) && /[a-z]/i.test(text);
}

export type DnsSettings = {
  servers: string[];
  timeout: string;
  ttl: string;
  authority_port: number;
  updates: { zones: string[]; server: string; key_file: string }[];
};

export const dnsSettings: z.ZodType<DnsSettings> = z
  .strictObject({
    servers: z
      .array(z.string().refine(isServer, 'must be an IP address, with :PORT if it is not 53'))
      .max(3)
      .default([])
      .describe(
        'Resolvers to ask, in this order. Postern trusts their statement that an ' +
          'answer was validated (DNSSEC). Empty: those of /etc/resolv.conf.',
      ),
    timeout: duration
      .default('10s')
      .describe('Longest time for one question, with all servers and retries.'),
    ttl: duration
      .default('1h')
      .describe('Time to live of the records that Postern plans or publishes.'),
    authority_port: z
      .number()
      .int()
      .min(1)
      .max(65_535)
      .default(53)
      .describe(
        'Port of a zone’s name servers. Another port than 53 is useful only behind a ' +
          'redirection.',
      ),
    updates: z
      .array(updates)
      .max(100)
      .default([])
      .describe(
        'Zones that Postern may change with nsupdate (RFC 2136). Each [[dns.updates]]' +
          ' has zones (a list), server (its primary name server) and key_file (the TSIG' +
          ' key as tsig-keygen writes it, readable by Postern alone). Without an entry ' +
          'Postern only shows records.',
      ),
  })
  .prefault({});
