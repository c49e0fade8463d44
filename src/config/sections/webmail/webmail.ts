/** Settings of [webmail]: where a webmail runs, and how it tells who uses it. */
import { z } from 'zod';
import { isHostAddress } from '../../../formats/postfix/network-list.ts';
import { webmailService } from '../../../formats/webmail/service.ts';

export type WebmailSettings = {
  hosts: string[];
  users: string[];
  field: string;
  services: string[];
  logs: string[];
  session: string;
};

/** A host, not a network: everything in a network would be believed. */
const host = z
  .string()
  .refine(isHostAddress, 'must be the IP address of one host, such as 192.0.2.20');

const isLoopback = (text: string): boolean => /^(?:127\.|\[?::1\]?$)/.test(text.trim());

export const webmailSettings: z.ZodType<WebmailSettings> = z
  .strictObject({
    hosts: z
      .array(host)
      .max(100)
      .default([])
      .describe(
        'Addresses from which a webmail hands in mail of people who have logged in. Only from ' +
          'there `webmail.field` is believed. For no account are they a new network.',
      ),
    users: z
      .array(z.string().min(1).max(256))
      .max(20)
      .default([])
      .describe(
        'Users (names or numbers) that the webmail runs as, where it runs on this machine: only ' +
          'their connections count. Name no user that runs other people’s web scripts.',
      ),
    field: z
      .string()
      .regex(/^(?:[!-9;-~]{1,100})?$/, 'must be the name of a header field, without the colon')
      .default('')
      .describe(
        'Field in which the webmail writes the person’s address: `X-Originating-IP`, or ' +
          '`Received` (Roundcube with http_received_header, Horde). Empty: none is believed.',
      ),
    services: z
      .array(z.string().min(1).max(100))
      .max(20)
      .default([webmailService])
      .describe(
        'milter_macro_daemon_name of services of Postfix that only a webmail can use, and where ' +
          'it names the person’s address by XCLIENT, as `postern connect webmail` makes one.',
      ),
    logs: z
      .array(z.string().regex(/^\/.+$/, 'must be the path of a file'))
      .max(20)
      .default([])
      .describe(
        'Log files in which a webmail writes logins with the person’s address: Roundcube ' +
          '(userlogins), SOGo, SnappyMail and RainLoop (failed logins only). A good login ' +
          'counts if the mail log shows a login of the account from `webmail.hosts` within ' +
          'five minutes.',
      ),
    session: z
      .string()
      .regex(/^(?:\d+(?:\.\d+)?(?:min|[mhd]))+$/, 'must be a duration such as 30min, 12h or 1d')
      .default('12h')
      .describe(
        'How long after a login in such a log mail of that account from the webmail comes from ' +
          'the same address, where no field says more.',
      ),
  })
  .refine(({ hosts, users }) => users.length > 0 || !hosts.some(isLoopback), {
    path: ['users'],
    message:
      'must name the user that the webmail runs as, because every program of this machine can ' +
      'connect from loopback',
  })
  .prefault({});
