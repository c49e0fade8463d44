/**
 * Two items about logins: no password crosses the network without TLS, and nobody may guess
 * passwords without limit. Pure.
 */

import type { MainCf } from '../../../formats/postfix/main-cf.ts';
import type { MasterCf } from '../../../formats/postfix/master-cf.ts';
import { override } from '../../../formats/postfix/master-cf.ts';
import { expandedValue, isReachable, smtpdServices } from '../../../formats/postfix/services.ts';
import type { ChecklistItem } from '../items/item.ts';
import type { DovecotLogins } from './dovecot-logins.ts';
import {
  type Commands,
  inPlace,
  type Judged,
  type KnownMeasure,
  notNeeded,
  unknown,
} from './judged.ts';

export type LoginDoors = {
  /** Undefined where there is no Postfix to read. */
  readonly postfix: { readonly main: MainCf; readonly master: MasterCf } | undefined;
  /** `unread`: it is there, and its configuration cannot be read. */
  readonly dovecot: DovecotLogins | 'none' | 'unread';
  /** Enabled jails of fail2ban; undefined if it is not installed. */
  readonly jails: readonly string[] | 'stopped' | 'unread' | undefined;
};

const tlsOnly: KnownMeasure = {
  id: 'logins.tls-only',
  title: 'Passwords are taken only over TLS',
  effort: 'minutes',
  cost: 'free',
  effect: 'Nobody on the way can read a password and send mail with it.',
  requiredBy: [],
};
const limited: KnownMeasure = {
  id: 'logins.limited',
  title: 'Guessing of passwords from outside is slowed down',
  effort: 'hours',
  cost: 'free',
  effect: 'Most hijacked accounts had a password that was guessed or used elsewhere.',
  requiredBy: [],
};

export function loginItems(facts: LoginDoors, commands: Commands): readonly ChecklistItem[] {
  return [
    { ...tlsOnly, ...judgeTls(facts, commands) },
    { ...limited, ...judgeLimits(facts, commands) },
  ];
}

type Door = {
  readonly name: string;
  /** AUTH is offered before STARTTLS. */
  readonly isPlain: boolean;
  /** Without TLS, logins end when they are allowed only over TLS. */
  readonly hasTls: boolean;
  /** The option in master.cf that goes before main.cf. */
  readonly hasOption: boolean;
  readonly perMinute: number;
};

/** Services of Postfix where clients from everywhere may log in. */
function postfixDoors({ postfix }: LoginDoors): readonly Door[] {
  if (postfix === undefined) return [];
  const { main, master } = postfix;
  return smtpdServices(main, master)
    .filter(({ login, service }) => login && isReachable(main, service))
    .filter(({ service }) => {
      const clients = expandedValue(main, service, 'smtpd_client_restrictions');
      return !/\breject\b/.test(clients) || /permit_sasl|check_/.test(clients);
    })
    .map(({ role, service }) => {
      const level = expandedValue(main, service, 'smtpd_tls_security_level');
      const isWrapped = expandedValue(main, service, 'smtpd_tls_wrappermode') === 'yes';
      const isForced = level === 'encrypt' || isWrapped;
      const authOnly = expandedValue(main, service, 'smtpd_tls_auth_only') === 'yes';
      const mechanisms = expandedValue(main, service, 'smtpd_sasl_security_options');
      const isOld = expandedValue(main, service, 'smtpd_use_tls') === 'yes';
      const rate = Number(expandedValue(main, service, 'smtpd_client_auth_rate_limit'));
      return {
        name: `${service.name} (${role})`,
        isPlain: !(isForced || authOnly || /\bnoplaintext\b/.test(mechanisms)),
        hasTls: isForced || level === 'may' || isOld,
        hasOption: override(service, 'smtpd_tls_auth_only') !== undefined,
        perMinute: Number.isFinite(rate) ? rate : 0,
      };
    });
}

/** Why nothing is known, or needed; undefined if there is something to judge. */
function without(facts: LoginDoors, doors: readonly Door[]): Judged | undefined {
  const { dovecot, postfix } = facts;
  if (dovecot === 'unread') {
    return unknown('the configuration of Dovecot cannot be read', 'run it as root');
  }
  if (postfix === undefined) {
    const none = dovecot === 'none' ? 'there is no Postfix and no Dovecot' : 'there is no Postfix';
    return unknown(`${none} to read`, 'apt-get install postfix, or name its folder: --config-dir');
  }
  if (doors.length > 0 || (dovecot !== 'none' && dovecot.doors.length > 0)) return undefined;
  return notNeeded('no service takes logins from other machines');
}

function judgeTls(facts: LoginDoors, commands: Commands): Judged {
  const doors = postfixDoors(facts);
  const { dovecot } = facts;
  const plain = doors.filter(({ isPlain }) => isPlain);
  const isDovecotPlain =
    typeof dovecot === 'object' && dovecot.allowsCleartext && dovecot.doors.length > 0;
  const found = [
    ...plain.map(
      ({ hasTls, name }) =>
        `Postfix offers AUTH without TLS at ${name}${hasTls ? '' : ', which has no TLS at all'}`,
    ),
    ...(isDovecotPlain
      ? [`Dovecot takes passwords without TLS (${dovecot.doors.join(', ')})`]
      : []),
  ];
  if (found.length === 0) {
    return without(facts, doors) ?? inPlace('every service that takes logins asks for TLS first');
  }
  const fixes = [
    ...(plain.every(({ hasTls }) => hasTls)
      ? []
      : ['set up TLS first (smtpd_tls_chain_files, smtpd_tls_security_level = may)']),
    ...(plain.length > 0
      ? [
          'set smtpd_tls_auth_only = yes, also in options of master.cf; programs that log in ' +
            'without TLS are refused from then on',
        ]
      : []),
    ...(isDovecotPlain
      ? ['in Dovecot remove disable_plaintext_auth = no (2.4: auth_allow_cleartext = yes)']
      : []),
  ];
  const isOneCommand =
    !isDovecotPlain && plain.every(({ hasOption, hasTls }) => hasTls && !hasOption);
  return {
    state: 'broken',
    found: found.join('; '),
    fix: fixes.join('; '),
    command: isOneCommand ? commands.postconf('smtpd_tls_auth_only=yes') : '',
  };
}

/** More attempts of one client in a minute are no limit. */
const perMinuteMax = 60;
const postfixJails = /^postfix/;
const dovecotJails = /^dovecot/;

function judgeLimits(facts: LoginDoors, commands: Commands): Judged {
  const doors = postfixDoors(facts);
  const nothing = without(facts, doors);
  if (nothing !== undefined) return nothing;
  const { dovecot } = facts;
  const isStopped = facts.jails === 'stopped';
  const jails = typeof facts.jails === 'object' ? facts.jails : [];
  const policy = typeof dovecot === 'object' && dovecot.asksPolicy;
  const watched = (form: RegExp): boolean => policy || jails.some((jail) => form.test(jail));
  const openPostfix = watched(postfixJails)
    ? []
    : doors.filter(({ perMinute }) => perMinute <= 0 || perMinute > perMinuteMax);
  const imap = typeof dovecot === 'object' ? dovecot.doors : [];
  const openDovecot = watched(dovecotJails) ? [] : imap;
  const seen = [
    policy ? 'Dovecot asks a policy server' : '',
    jails.length > 0 ? `fail2ban: ${jails.join(', ')}` : '',
    isStopped ? 'fail2ban is installed, but does not run' : '',
    doors.length > 0 && openPostfix.length === 0 && !watched(postfixJails)
      ? 'Postfix limits AUTH by client'
      : '',
  ].filter((one) => one !== '');
  // The list of failed logins has no countries, so nothing is said about them.
  const unsaid = 'from where logins are usual is not known';
  if (openPostfix.length + openDovecot.length === 0) {
    return inPlace(`${seen.join('; ')}; ${unsaid}`);
  }
  if (facts.jails === 'unread') {
    return unknown('the configuration of fail2ban cannot be read', 'run it as root');
  }
  const names = [
    ...openPostfix.map(({ name }) => name),
    ...openDovecot.map((one) => `${one} (Dovecot)`),
  ];
  const found =
    `a password alone opens ${names.join(', ')} from everywhere, without a limit on attempts` +
    `${seen.length > 0 ? ` (seen: ${seen.join('; ')})` : ''}; ${unsaid}`;
  const fix =
    'install fail2ban with the jails postfix-sasl and dovecot, or limit attempts in Postfix ' +
    '(smtpd_client_auth_rate_limit) and in Dovecot (auth_policy_server_url); find weak ' +
    'passwords: postern passwords audit';
  const command =
    openDovecot.length === 0 ? commands.postconf('smtpd_client_auth_rate_limit=20') : '';
  return { state: 'missing', found, fix, command };
}
