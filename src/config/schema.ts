/**
 * Defines every setting: its type, its default, and its meaning in a sentence or two. The reference
 * page, `config defaults` and the error messages are made from this. Durations are text such as
 * `90s` or `1h`.
 */
import { z } from 'zod';
import { entriesMax, isEnforceEntry } from '../core/enforcement/enforcement.ts';
import { localTransports } from '../formats/postfix/local-transports.ts';
import { parseNetworkRule } from '../formats/postfix/network-list.ts';
import { type DrillSettings, drillSettings } from './drill.ts';
import { type ChecklistSettings, checklistSettings } from './sections/checklist/checklist.ts';
import { type DnsSettings, dnsSettings } from './sections/dns.ts';
import { type DoorSettings, doorSettings } from './sections/doors.ts';
import { type IdentitySettings, identitySettings } from './sections/identity.ts';
import { type VerifySettings, verifySettings } from './sections/inbound.ts';
import { type MessagesSection, messagesSettings } from './sections/messages.ts';
import { type NoticeSettings, noticeSettings } from './sections/notices.ts';
import { type PasswordSettings, passwordSettings } from './sections/passwords.ts';
import {
  type ListedSettings,
  listedSettings,
  type ProbeSettings,
  probeSettings,
} from './sections/probe.ts';
import { type ProviderSettings, providerSettings } from './sections/providers.ts';
import { type ReflectionSettings, reflectionSettings } from './sections/reflection.ts';
import { type ScanSection, scanSettings } from './sections/scan.ts';
import { type ScriptsSection, scriptSettings } from './sections/scripts.ts';
import { type SendmailSettings, sendmailSettings } from './sections/sendmail.ts';
import { type SigningSection, signingSettings } from './sections/signing.ts';
import { type InboundSection, inboundSettings } from './sections/waiting.ts';
import { type WebmailSettings, webmailSettings } from './sections/webmail/webmail.ts';

const duration = z
  .string()
  .regex(/^(?:\d+(?:\.\d+)?(?:ms|min|[smhdw]))+$/, 'must be a duration such as 90s, 1h or 2d');
/** The contact where none is set. */
export const usualContact = 'your mail administrator';

const limit = z.number().int().min(0).max(100_000_000);
const clientNetwork = z
  .string()
  .refine(
    (text) => parseNetworkRule(text) !== undefined,
    'must be an IP address or a network such as 192.0.2.0/24; ! in front excludes it',
  );

export type Config = {
  mode: 'observe' | 'guard';
  enforce: string[];
  host: string;
  contact: string;
  doors: DoorSettings;
  accounts: {
    default_domain: string;
    login_domains: string[];
    local_domains: string[];
    local_transports: string[];
    local_services: string[];
    client_networks: string[];
    own_hosts: string[];
  };
  ceilings: {
    message_recipients: number;
    account_recipients_per_hour: number;
    account_recipients_per_day: number;
    server_recipients_per_hour: number;
  };
  suspension: {
    later_mail: 'refuse' | 'hold';
    held_messages_max: number;
    held_megabytes_max: number;
    release_after: string;
    automatic_releases_max: number;
    held_calm_after: string;
  };
  notices: NoticeSettings;
  postfix: {
    config_directory: string;
    queue: 'auto' | 'direct' | 'helper' | 'off';
    helper_socket: string;
  };
  dovecot: { deny_file: string; config: string };
  mail_log: { source: string; more: string[] };
  webmail: WebmailSettings;
  dns: DnsSettings;
  passwords: PasswordSettings;
  providers: ProviderSettings;
  verify: VerifySettings;
  reflection: ReflectionSettings;
  inbound: InboundSection;
  signing: SigningSection;
  scan: ScanSection;
  scripts: ScriptsSection;
  sendmail: SendmailSettings;
  identity: IdentitySettings;
  messages: MessagesSection;
  probe: ProbeSettings;
  listed: ListedSettings;
  checklist: ChecklistSettings;
  drill: DrillSettings;
  ledger: {
    keep_messages: string;
    keep_stories: string;
    keep_statistics: string;
    when_failing: 'answer' | 'tempfail';
  };
  log: { level: 'debug' | 'info' | 'warn' | 'error' };
};

const shape = z.strictObject({
  mode: z
    .enum(['observe', 'guard'])
    .default('guard')
    .describe(
      'observe: judge mail and report, but let everything pass. guard: act on the ' + 'verdicts.',
    ),
  enforce: z
    .array(
      z
        .string()
        .refine(
          isEnforceEntry,
          'must be domain:NAME, account:NAME, or a share of all accounts such as 5%',
        ),
    )
    .max(entriesMax)
    .default([])
    .describe(
      'Whose mail is judged as in mode guard while the mode is observe: "domain:a.example", ' +
        '"account:x@a.example", or a share of all accounts such as "5%". See `postern mode`.',
    ),
  host: z
    .string()
    .default('')
    .describe('Name of this server in notices. Empty: the name of the machine.'),
  contact: z
    .string()
    .default(usualContact)
    .describe(
      'The contact for a user whose mail must wait or is refused. Part of the SMTP reply, which ' +
        'strangers can read: keep it short and without secrets.',
    ),
  doors: doorSettings,
  accounts: z
    .strictObject({
      default_domain: z
        .string()
        .default('')
        .describe(
          'Domain added to logins without one, so that bob and bob@example.org are one ' +
            'account.',
        ),
      login_domains: z
        .array(z.string())
        .default([])
        .describe(
          'Domains that logins may have; a login in another domain is the user without a ' +
            'domain. Empty: what `postern connect postfix` found, else every domain counts.',
        ),
      local_domains: z
        .array(z.string())
        .default([])
        .describe(
          'Domains of this server that the mail server does not report; `.example.org` ' +
            'means every name below it.',
        ),
      local_transports: z
        .array(z.string())
        .default([...localTransports])
        .describe(
          'Postfix transports that deliver on this server. Recipients on them count far ' +
            'less than others. Without effect for a transport by which Postfix sends mail for ' +
            'everybody, and for `relay` where `postern connect postfix` found the domains.',
        ),
      local_services: z
        .array(z.string())
        .default([])
        .describe('milter_macro_daemon_name of services whose clients are all on this machine.'),
      client_networks: z
        .array(clientNetwork)
        .max(1_000)
        .default([])
        .describe(
          'Networks of clients that may send to other servers without a login; Postern ' +
            'signs their mail. Checked before Postfix’s mynetworks as `postern connect ' +
            'postfix` recorded it, or before 127.0.0.0/8 and ::1 without a record. ' +
            '`!192.0.2.1` excludes one client; the first entry that matches decides.',
        ),
      own_hosts: z
        .array(clientNetwork)
        .max(1_000)
        .default([])
        .describe(
          'Addresses and networks of this server’s own hosts with a public address, such as ' +
            'webmail and web servers. For no account are they a new network. This machine and ' +
            'private networks always are; `!10.0.0.0/8` takes one out.',
        ),
    })
    .prefault({}),
  ceilings: z
    .strictObject({
      message_recipients: limit.default(0).describe('Most recipients of one message. 0: no limit.'),
      account_recipients_per_hour: limit
        .default(0)
        .describe('Most recipients of one account in an hour. 0: no limit.'),
      account_recipients_per_day: limit
        .default(0)
        .describe('Most recipients of one account in a day (UTC). 0: no limit.'),
      server_recipients_per_hour: limit
        .default(0)
        .describe(
          'Most recipients of all accounts together in an hour. Above it, accounts with' +
            ' evidence against them must wait. 0: no limit.',
        ),
    })
    .prefault({}),
  suspension: z
    .strictObject({
      later_mail: z
        .enum(['refuse', 'hold'])
        .default('refuse')
        .describe(
          'What happens to later mail of a suspended account once a person said that it was ' +
            'hijacked (`postern accounts suspend NAME --hijacked`). Until then it is held. Mail ' +
            'of scripts and of this machine is always held.',
        ),
      held_messages_max: z
        .int()
        .min(1)
        .max(10_000)
        .default(100)
        .describe(
          'Most messages of one account that are held at the same time. Further mail that would ' +
            'be held is answered with 452 or 451: the sender keeps it and tries again later.',
        ),
      held_megabytes_max: z
        .int()
        .min(1)
        .max(100_000)
        .default(50)
        .describe(
          'Most megabytes of one account that are held at the same time. Further mail is ' +
            'answered as above.',
        ),
      release_after: z
        .union([z.literal('never'), duration])
        .default('never')
        .describe('A suspension ends automatically after this time, or never.'),
      automatic_releases_max: limit
        .default(1)
        .describe(
          'How many times an account may be released automatically. After that an ' +
            'operator must do it.',
        ),
      held_calm_after: z
        .union([z.literal('never'), duration])
        .default('1h')
        .describe(
          'Held mail of an account goes out automatically when the account is clear ' +
            'again, but not before this time has passed. Evidence of many new recipients ' +
            'takes hours to days to fade. Mail that was held before a suspension ended ' +
            'never goes out automatically.',
        ),
    })
    .prefault({}),
  notices: noticeSettings,
  postfix: z
    .strictObject({
      config_directory: z
        .string()
        .default('')
        .describe('Folder of main.cf, for the queue tools. Empty: Postfix’s own default.'),
      queue: z
        .enum(['auto', 'direct', 'helper', 'off'])
        .default('auto')
        .describe(
          'How Postern holds and releases queued mail: direct (as root), helper ' +
            '(through the root helper), off (not at all), or auto, which chooses.',
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
        .describe(
          'File of logins that Dovecot refuses: the passwd-file of a passdb with `deny ' +
            '= yes`. Postern writes suspended accounts into it. Empty: logins stay open.',
        ),
      config: z
        .string()
        .default('')
        .describe('Path of dovecot.conf for doveadm. Empty: doveadm’s default.'),
    })
    .prefault({}),
  mail_log: z
    .strictObject({
      source: z
        .string()
        .regex(/^(?:auto|journal|off|\/.+)$/, 'must be auto, journal, off or the path of a file')
        .default('auto')
        .describe(
          'Log of Postfix and Dovecot, which shows failed logins and recipients that do' +
            ' not exist: auto, journal, the path of a file, or off. auto takes the file ' +
            'that Postfix itself writes (maillog_file), else /var/log/mail.log or ' +
            '/var/log/maillog if written to within a day, else the systemd journal.',
        ),
      more: z
        .array(z.string().regex(/^\/.+$/, 'must be the path of a file'))
        .max(20)
        .default([])
        .describe('Further log files, such as one that Dovecot writes itself (log_path).'),
    })
    .prefault({}),
  webmail: webmailSettings,
  dns: dnsSettings,
  passwords: passwordSettings,
  providers: providerSettings,
  verify: verifySettings,
  reflection: reflectionSettings,
  inbound: inboundSettings,
  signing: signingSettings,
  scan: scanSettings,
  scripts: scriptSettings,
  sendmail: sendmailSettings,
  identity: identitySettings,
  messages: messagesSettings,
  probe: probeSettings,
  listed: listedSettings,
  checklist: checklistSettings,
  drill: drillSettings,
  ledger: z
    .strictObject({
      keep_messages: duration
        .default('14d')
        .describe('How long Postern remembers messages that passed.'),
      keep_stories: duration
        .default('180d')
        .describe('How long Postern remembers the reasons for its verdicts.'),
      keep_statistics: duration
        .default('400d')
        .describe('How long Postern remembers the numbers of a day (`postern stats`).'),
      when_failing: z
        .enum(['answer', 'tempfail'])
        .default('answer')
        .describe(
          'When a verdict must be recorded but the ledger cannot be written. answer: ' +
            'give the verdict (hold or refuse) unrecorded. tempfail: answer 451, so that ' +
            'the sender tries again.',
        ),
    })
    .prefault({}),
  log: z
    .strictObject({
      level: z
        .enum(['debug', 'info', 'warn', 'error'])
        .default('info')
        .describe('Least severe level that is logged.'),
    })
    .prefault({}),
});

/** Checks a configuration: unknown keys and wrong values are issues. */
export const schema: z.ZodType<Config> = shape.refine(
  ({ inbound, verify }) => verify.enabled || !['wait', 'defer'].includes(inbound.stance),
  { path: ['inbound', 'stance'], message: 'needs verify.enabled = true' },
);

/** One setting: its key, its value as TOML, and its meaning. */
export type Setting = { readonly key: string; readonly value: string; readonly about: string };

/** Every setting, in the order of this file, with its value in `config`. */
export function settings(config: Config): readonly Setting[] {
  return settingsOf(shape, config, '');
}

function settingsOf(type: z.ZodType, value: unknown, prefix: string): readonly Setting[] {
  const inner = unwrapped(type);
  if (!(inner instanceof z.ZodObject)) {
    return [{ key: prefix, value: JSON.stringify(value), about: type.description ?? '' }];
  }
  return Object.entries(inner.shape).flatMap(([key, field]) => {
    const path = prefix === '' ? key : `${prefix}.${key}`;
    return settingsOf(field as z.ZodType, (value as Record<string, unknown>)[key], path);
  });
}

function unwrapped(type: z.ZodType): z.ZodType {
  let inner: z.ZodType = type;
  while (inner instanceof z.ZodDefault || inner instanceof z.ZodPrefault) {
    inner = inner.unwrap() as z.ZodType;
  }
  return inner;
}
