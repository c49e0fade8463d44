/**
 * Every setting: its type, its default, and what it is for in a sentence or two. The reference
 * page, `config defaults` and the error messages are all made from here. Durations are text such as
 * `90s` or `1h`.
 */
import { z } from 'zod';
import { localTransports } from '../formats/postfix/local-transports.ts';
import { parseNetworkRule } from '../formats/postfix/network-list.ts';
import { type DnsSettings, dnsSettings } from './sections/dns.ts';
import { type IdentitySettings, identitySettings } from './sections/identity.ts';
import { type VerifySettings, verifySettings } from './sections/inbound.ts';
import { type PasswordSettings, passwordSettings } from './sections/passwords.ts';
import { type ScanSection, scanSettings } from './sections/scan.ts';
import { type ScriptsSection, scriptSettings } from './sections/scripts.ts';
import { type SendmailSettings, sendmailSettings } from './sections/sendmail.ts';
import { type SigningSection, signingSettings } from './sections/signing.ts';

const duration = z
  .string()
  .regex(/^(?:\d+(?:\.\d+)?(?:ms|min|[smhdw]))+$/, 'must be a duration such as 90s, 1h or 2d');
const limit = z.number().int().min(0).max(100_000_000);
const address = z.string().regex(/^[^\s@]+@[^\s@]+$/, 'must be a mail address');
const door = z
  .string()
  .regex(
    /^(?:inet:[^\s:]+:\d{1,5}|inet:\[[0-9a-f:]+\]:\d{1,5}|unix:\/\S+|off)$/i,
    'must be inet:HOST:PORT, unix:/PATH or off',
  );
const clientNetwork = z
  .string()
  .refine(
    (text) => parseNetworkRule(text) !== undefined,
    'must be an IP address or a network in CIDR, with ! in front or not',
  );

export type Config = {
  mode: 'observe' | 'guard';
  host: string;
  contact: string;
  doors: {
    milter: string;
    policy: string;
    http: string;
    socket_mode: string;
    sessions_max: number;
  };
  accounts: {
    default_domain: string;
    local_domains: string[];
    local_transports: string[];
    local_services: string[];
    client_networks: string[];
  };
  ceilings: {
    message_recipients: number;
    account_recipients_per_hour: number;
    account_recipients_per_day: number;
    server_recipients_per_hour: number;
  };
  suspension: {
    later_mail: 'refuse' | 'hold';
    release_after: string;
    automatic_releases_max: number;
    held_calm_after: string;
  };
  notices: {
    mail_to: string[];
    mail_from: string;
    mail_server: string;
    webhook: string;
    webhook_secret_file: string;
  };
  postfix: {
    config_directory: string;
    queue: 'auto' | 'direct' | 'helper' | 'off';
    helper_socket: string;
  };
  dovecot: { deny_file: string; config: string };
  mail_log: { source: string; more: string[] };
  dns: DnsSettings;
  passwords: PasswordSettings;
  verify: VerifySettings;
  signing: SigningSection;
  scan: ScanSection;
  scripts: ScriptsSection;
  sendmail: SendmailSettings;
  identity: IdentitySettings;
  ledger: {
    keep_messages: string;
    keep_stories: string;
    keep_statistics: string;
    when_failing: 'pass' | 'delay';
  };
  log: { level: 'debug' | 'info' | 'warn' | 'error' };
};

const shape = z.strictObject({
  mode: z
    .enum(['observe', 'guard'])
    .default('guard')
    .describe('observe: judge and tell, but let everything pass. guard: act on the verdicts.'),
  host: z
    .string()
    .default('')
    .describe('Name of this server in notices. Empty: the name of the machine.'),
  contact: z
    .string()
    .default('your mail administrator')
    .describe(
      'Whom a refused owner is told to call. Goes into the SMTP reply, so: short, no secrets.',
    ),
  doors: z
    .strictObject({
      milter: door.default('inet:127.0.0.1:9900').describe('Where Postfix connects as a milter.'),
      policy: door
        .default('inet:127.0.0.1:9901')
        .describe('Where Postfix asks as a policy service.'),
      http: door
        .default('inet:127.0.0.1:9902')
        .describe(
          'Status page, API, /health and /metrics. Keep it on loopback; use an SSH tunnel.',
        ),
      socket_mode: z
        .string()
        .regex(/^0?[0-7]{3}$/)
        .default('0660')
        .describe('Access mode of Unix sockets, octal.'),
      sessions_max: z
        .number()
        .int()
        .min(10)
        .max(20_000)
        .default(2_000)
        .describe('Connections a door takes at once; Postfix opens one a smtpd process.'),
    })
    .prefault({}),
  accounts: z
    .strictObject({
      default_domain: z
        .string()
        .default('')
        .describe(
          'Domain of logins that have none, so that bob and bob@example.org are one account.',
        ),
      local_domains: z
        .array(z.string())
        .default([])
        .describe(
          'This server’s own domains, where the MTA does not tell; `.example.org` stands for all below it.',
        ),
      local_transports: z
        .array(z.string())
        .default([...localTransports])
        .describe(
          'Postfix transports that deliver on this server: such recipients count far less.',
        ),
      local_services: z
        .array(z.string())
        .default([])
        .describe('milter_macro_daemon_name of services whose clients are this machine itself.'),
      client_networks: z
        .array(clientNetwork)
        .max(1_000)
        .default([])
        .describe(
          'Clients that may send elsewhere without a login, so that it is ours to sign: networks, looked at before mynetworks as `postern connect postfix` found it (where it did not: before 127.0.0.0/8 and ::1). `!192.0.2.1` takes one out; the first that fits decides.',
        ),
    })
    .prefault({}),
  ceilings: z
    .strictObject({
      message_recipients: limit.default(0).describe('Recipients of one message. 0: none.'),
      account_recipients_per_hour: limit
        .default(0)
        .describe('Recipients of one account in an hour. 0: none.'),
      account_recipients_per_day: limit
        .default(0)
        .describe('Recipients of one account in a day (UTC). 0: none.'),
      server_recipients_per_hour: limit
        .default(0)
        .describe(
          'Recipients of all accounts in an hour; only accounts with evidence against them then wait. 0: none.',
        ),
    })
    .prefault({}),
  suspension: z
    .strictObject({
      later_mail: z
        .enum(['refuse', 'hold'])
        .default('refuse')
        .describe(
          'What happens to later messages of a suspended account. Mail of scripts and of this machine is always held.',
        ),
      release_after: z
        .union([z.literal('never'), duration])
        .default('never')
        .describe('A suspension ends by itself after this long, or never.'),
      automatic_releases_max: limit
        .default(1)
        .describe('So often an account is released without a person; then a person must decide.'),
      held_calm_after: z
        .union([z.literal('never'), duration])
        .default('1h')
        .describe(
          'Held mail of an account that has calmed down leaves by itself, at the earliest after this long: evidence of many strangers takes hours to days to fade. What was held before a suspension ended never does.',
        ),
    })
    .prefault({}),
  notices: z
    .strictObject({
      mail_to: z.array(address).default([]).describe('Who is told by mail.'),
      mail_from: z.string().default('').describe('Sender of notices. Empty: postern@HOST.'),
      mail_server: z
        .string()
        .regex(/^[^\s:]+:\d{1,5}$/, 'must be HOST:PORT')
        .default('127.0.0.1:25')
        .describe('Where notices are handed in.'),
      webhook: z
        .union([z.literal(''), z.url({ protocol: /^https?$/ })])
        .default('')
        .describe(
          'Second road: a URL that gets each notice as a JSON POST, so that a blocked mail road does not swallow the news.',
        ),
      webhook_secret_file: z
        .union([z.literal(''), z.string().regex(/^\//, 'must be an absolute path')])
        .default('')
        .describe(
          'File with a secret by which the POST is signed (X-Postern-Signature); only Postern may read it. Empty: not signed.',
        ),
    })
    .prefault({}),
  postfix: z
    .strictObject({
      config_directory: z
        .string()
        .default('')
        .describe('Where main.cf is, for the queue tools. Empty: Postfix’s own default.'),
      queue: z
        .enum(['auto', 'direct', 'helper', 'off'])
        .default('auto')
        .describe(
          'How held mail is moved: direct (as root), through the root helper, not at all; auto finds out.',
        ),
      helper_socket: z
        .string()
        .default('/run/postern-root.sock')
        .describe('Socket of the root helper that `postern install` sets up.'),
    })
    .prefault({}),
  dovecot: z
    .strictObject({
      deny_file: z
        .string()
        .default('')
        .describe('passwd-file of a `deny = yes` passdb: suspended logins are closed. Empty: off.'),
      config: z.string().default('').describe('dovecot.conf for doveadm. Empty: its default.'),
    })
    .prefault({}),
  mail_log: z
    .strictObject({
      source: z
        .string()
        .regex(/^(?:auto|journal|off|\/.+)$/, 'must be auto, journal, off or the path of a file')
        .default('auto')
        .describe(
          'The log of Postfix and Dovecot, from which failed logins and recipients that do not exist are learned: auto, journal, a file, or off. auto takes the file that Postfix itself writes (maillog_file), else /var/log/mail.log or /var/log/maillog if written to within a day, else the systemd journal.',
        ),
      more: z
        .array(z.string().regex(/^\/.+$/, 'must be the path of a file'))
        .max(20)
        .default([])
        .describe('Further log files, such as one that Dovecot writes itself (log_path).'),
    })
    .prefault({}),
  dns: dnsSettings,
  passwords: passwordSettings,
  verify: verifySettings,
  signing: signingSettings,
  scan: scanSettings,
  scripts: scriptSettings,
  sendmail: sendmailSettings,
  identity: identitySettings,
  ledger: z
    .strictObject({
      keep_messages: duration.default('14d').describe('How long passed messages are remembered.'),
      keep_stories: duration.default('180d').describe('How long reasons are remembered.'),
      keep_statistics: duration
        .default('400d')
        .describe('How long the numbers of a day are remembered (`postern stats`).'),
      when_failing: z
        .enum(['pass', 'delay'])
        .default('pass')
        .describe(
          'When the ledger cannot be written and a verdict must be kept: pass lets the message go to hold or refusal unrecorded; delay answers 451.',
        ),
    })
    .prefault({}),
  log: z
    .strictObject({
      level: z
        .enum(['debug', 'info', 'warn', 'error'])
        .default('info')
        .describe('How much is logged.'),
    })
    .prefault({}),
});

/** Text to Config: unknown keys and wrong values are issues. */
export const schema: z.ZodType<Config> = shape;

/** One setting of the reference: its key, its value as TOML, and what it is for. */
export type Setting = { readonly key: string; readonly value: string; readonly about: string };

/** Every setting in the order of this file, with the values of `config`. */
export function settings(config: Config): Setting[] {
  const out: Setting[] = [];
  walk(shape, config, '', out);
  return out;
}

function walk(type: z.ZodType, value: unknown, prefix: string, out: Setting[]): void {
  const inner = unwrapped(type);
  if (!(inner instanceof z.ZodObject)) {
    out.push({ key: prefix, value: JSON.stringify(value), about: type.description ?? '' });
    return;
  }
  for (const [key, field] of Object.entries(inner.shape)) {
    const path = prefix === '' ? key : `${prefix}.${key}`;
    walk(field as z.ZodType, (value as Record<string, unknown>)[key], path, out);
  }
}

function unwrapped(type: z.ZodType): z.ZodType {
  let inner: z.ZodType = type;
  while (inner instanceof z.ZodDefault || inner instanceof z.ZodPrefault) {
    inner = inner.unwrap() as z.ZodType;
  }
  return inner;
}
