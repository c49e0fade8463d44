/** Settings of [inbound]: what happens to unknown and suspicious mail that comes in. */
import { z } from 'zod';
import { isAllowable } from '../../core/inbound/allowed.ts';
import { usualWait } from '../../core/inbound/usual-wait.ts';
import { parseAddressList } from '../../formats/spf/address-lists.ts';

const zone = z
  .string()
  .refine(
    (text) => parseAddressList(text) !== undefined,
    'must be a domain, or a domain and answers such as bl.example.org=127.0.0.[2..9]',
  );
const field = z
  .string()
  .regex(/^[!-9;-~]{1,100}: [ -~]{1,200}$/, 'must be a header field such as "X-Spam: Yes"');

export type InboundSection = {
  stance: 'observe' | 'auto' | 'wait' | 'defer';
  wait: string;
  defer_at: 'data' | 'rcpt';
  junk_header: string[];
  dnsbl: string[];
  dnswl: string[];
  allow: string[];
  quarantine: string;
  digest_at: string;
};

export const inboundSettings: z.ZodType<InboundSection> = z
  .strictObject({
    stance: z
      .enum(['observe', 'auto', 'wait', 'defer'])
      .default('observe')
      .describe(
        'What happens to unknown and suspicious mail that comes in; needs verify.enabled. ' +
          'observe: it is delivered, and `postern inbound list` says what would have been done. ' +
          'wait: what counts as spam gets inbound.junk_header; with inbound.wait, other ' +
          'suspicious mail waits in Postfix’s hold queue, is judged once more, and is delivered ' +
          'or kept in quarantine. defer: the answer is 451, ' +
          'so that the sender tries again; some senders never do. auto: wait if [scan] has a ' +
          'scanner, else observe. With mode = "observe" it always only observes.',
      ),
    wait: z
      .string()
      .regex(
        /^(?:(?:\d|[1-9]\d|[1-5]\d\d|600)s|(?:[1-9]|10)m)$/,
        'must be at most 10m, such as 90s or 5m',
      )
      .default(usualWait)
      .describe(
        'How long suspicious mail waits here, at most 10m. 0s: nothing waits; what counts as ' +
          'spam still gets inbound.junk_header.',
      ),
    defer_at: z
      .enum(['data', 'rcpt'])
      .default('data')
      .describe(
        'With stance = "defer": where the 451 is given. data: by the milter, when the whole ' +
          'message is known. rcpt: by the policy door, for each recipient, without DKIM and ' +
          'content.',
      ),
    junk_header: z
      .array(field)
      .max(5)
      .default(['X-Spam: Yes', 'X-Spam-Flag: YES'])
      .describe(
        'Header fields for mail that counts as spam; at least half of that comes from its ' +
          'content. Sieve rules for rspamd and SpamAssassin look for these, and file the message ' +
          'into Junk. Empty: none.',
      ),
    dnsbl: z
      .array(zone)
      .max(8)
      .default([])
      .describe(
        'DNS lists of senders of spam, asked for the address of each client, such as ' +
          '"zen.spamhaus.org". Each list learns who writes to you, and most want to be asked by ' +
          'a resolver of your own. Behind `=` the answers that count, as in ' +
          'postscreen_dnsbl_sites: "bl.example.org=127.0.0.[2..9]". The PBL of Spamhaus ' +
          '(127.0.0.10 and 11) does not count unless it stands there.',
      ),
    dnswl: z
      .array(zone)
      .max(8)
      .default([])
      .describe(
        'DNS lists of well-known mail servers, such as "list.dnswl.org". Mail from them never ' +
          'waits.',
      ),
    allow: z
      .array(
        z
          .string()
          .refine(isAllowable, 'must be an address, a domain such as @example.org, or a network'),
      )
      .max(10_000)
      .default([])
      .describe(
        'Mail from these, or to these, never waits: addresses, domains (@example.org) and ' +
          'networks of clients. `postern inbound allow` adds more.',
      ),
    quarantine: z
      .string()
      .regex(/^(?:[1-9]|[1-9]\d)d$/, 'must be 1d to 99d')
      .default('14d')
      .describe('How long a message stays in quarantine before it is deleted.'),
    digest_at: z
      .string()
      .regex(/^(?:(?:[01]\d|2[0-3]):[0-5]\d|off)$/, 'must be a time such as 07:00, or off')
      .default('07:00')
      .describe(
        'Time of day (UTC) at which users are told what is in quarantine for them, at most once ' +
          'a day and only if there is something new. off: they are not told.',
      ),
  })
  .prefault({});
