/** Settings of [probe]: servers on other machines that `postern probe` may test. */
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
