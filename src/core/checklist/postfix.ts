/**
 * Checks that Postfix shows Postern all mail that leaves this server, and that no setting of
 * Postfix prevents it. Pure: takes both files as text and the doors' addresses, gives findings.
 */
import { expand, type MainCf, mainValue, parseMainCf } from '../../formats/postfix/main-cf.ts';
import { override, parseMasterCf, type Service } from '../../formats/postfix/master-cf.ts';
import { parseNetwork } from '../../formats/postfix/network-list.ts';
import {
  expandedValue,
  isOnLoopback,
  type SmtpdService,
  smtpdServices,
} from '../../formats/postfix/services.ts';
import { type Finding, fine } from '../finding.ts';
import { type DoorPlaces, namedAddresses, sameAddress } from './doors.ts';

export type PostfixFacts = {
  readonly main: string;
  readonly master: string;
  /** Where the doors are; no address of the policy door if it is off. */
  readonly doors: DoorPlaces;
  /** Of this Postfix, for relative paths. */
  readonly queueDirectory: string;
};

const connect = 'postern connect postfix';

export function checkPostfix(facts: PostfixFacts): readonly Finding[] {
  const main = parseMainCf(facts.main);
  const master = parseMasterCf(facts.master);
  const services = smtpdServices(main, master);
  const findings: Finding[] = [];
  for (const service of services) {
    if (service.role === 'reinjection') findings.push(returning(main, service, facts));
    else findings.push(milter(main, service, facts), ...policy(main, service, facts));
  }
  if (services.length === 0) {
    findings.push({
      id: 'postfix.smtpd',
      kind: 'warn',
      title: 'Services that receive mail (smtpd)',
      found: 'none in master.cf',
      wanted: 'at least one smtpd service',
      fix: 'name the configuration folder of Postfix with --config-dir, if this is another one',
    });
  }
  return [...findings, ...local(main, master.services, facts), ...general(main, services)];
}

/** All mail of this service goes through the milter. */
function milter(
  main: MainCf,
  { service, role, login, proxied }: SmtpdService,
  facts: PostfixFacts,
): Finding {
  const id = `postfix.${service.name}.milter`;
  const title = `Milter of ${service.name} (${role})`;
  if (proxied) {
    return {
      id,
      kind: login ? 'fail' : 'warn',
      title,
      found: 'not judged: smtpd_proxy_filter is set, so Postfix shows milters no content here',
      wanted: 'no smtpd_proxy_filter where users log in',
      fix: `use content_filter in place of smtpd_proxy_filter, then: ${connect}`,
    };
  }
  const list = expandedValue(main, service, 'smtpd_milters');
  const shut = /\bno_milters\b/.test(expandedValue(main, service, 'receive_override_options'));
  const found = entryOf(list, facts);
  if (found === undefined || shut) {
    const own = override(service, 'smtpd_milters');
    const empty = '-o smtpd_milters= of this service switches all milters off';
    return {
      id,
      // Mail from strangers may bypass Postern, which guards outgoing mail.
      kind: role === 'smtp' && !login ? 'warn' : 'fail',
      title,
      found: shut
        ? 'switched off by receive_override_options=no_milters'
        : own?.value === ''
          ? empty
          : without('smtpd_milters', list),
      wanted: `${wantedMilter(facts)} in smtpd_milters`,
      fix: shut ? `take no_milters out of ${service.name} in master.cf` : connect,
    };
  }
  const action = defaultAction(found, mainValue(main, 'milter_default_action'));
  const strangers = role === 'smtp' && !login;
  const wanted = strangers ? 'accept' : 'tempfail';
  if (strangers && !/\bcommand_timeout\s*=/.test(found)) {
    return {
      id,
      kind: 'warn',
      title,
      found:
        'connected, with long timeouts: a guard that hangs stops incoming mail for 30 s or more',
      wanted: 'the short timeouts of postern_inbound',
      fix: connect,
    };
  }
  if (action === wanted || action === 'tempfail') {
    return fine(id, title, `connected; while Postern is down: ${action}`);
  }
  return {
    id,
    kind: 'warn',
    title,
    found: `connected; while Postern is down: ${action}`,
    wanted: `while Postern is down: ${wanted}`,
    fix: `set default_action of postern_milter in main.cf; or: ${connect}`,
  };
}

/** What is found in a list of milters where Postern is missing. */
function without(parameter: string, list: string): string {
  return list === ''
    ? `no milter (${parameter} is empty)`
    : `Postern is missing (${parameter} = ${list})`;
}

/** The entry of a list that names a milter door, with its options; undefined if none does. */
function entryOf(list: string, { doors, queueDirectory }: PostfixFacts): string | undefined {
  const places = [...doors.milter, ...doors.inbound];
  const entries = list.match(/\{[^{}]*\}|[^\s,{}]+/g) ?? [];
  return entries.find((entry) => namesDoor(entry, places, queueDirectory));
}

function namesDoor(text: string, places: readonly string[], queueDirectory: string): boolean {
  return namedAddresses(text).some((written) =>
    places.includes(sameAddress(written, queueDirectory)),
  );
}

/** Of several instances each has doors in its own queue directory. */
function wantedMilter({ doors, queueDirectory }: PostfixFacts): string {
  return doorOf(doors.milter, queueDirectory) ?? 'the milter door';
}

function doorOf(places: readonly string[], queueDirectory: string): string | undefined {
  return places.find((one) => one.startsWith(`unix:${queueDirectory}/`)) ?? places[0];
}

/** What Postfix does with mail while the milter does not answer (milter_default_action). */
function defaultAction(entry: string, general: string | undefined): string {
  return /default_action\s*=\s*(\w+)/.exec(entry)?.[1] ?? general ?? 'tempfail';
}

const lists = ['recipient', 'data', 'end_of_data'] as const;

/** Postfix asks the policy door first: a permit before it would skip it. */
function policy(
  main: MainCf,
  { service, role, login }: SmtpdService,
  facts: PostfixFacts,
): readonly Finding[] {
  const door = doorOf(facts.doors.policy, facts.queueDirectory);
  if (door === undefined || (role === 'smtp' && !login)) return [];
  const id = `postfix.${service.name}.policy`;
  const title = `Policy check of ${service.name} (${role})`;
  const asked = lists.map((list) => {
    const value = expandedValue(main, service, `smtpd_${list}_restrictions`);
    const named = namedAddresses(value).find((written) =>
      facts.doors.policy.includes(sameAddress(written, facts.queueDirectory)),
    );
    const at = named === undefined ? -1 : value.indexOf(named);
    const before = value.slice(0, Math.max(at, 0)).replace(/check_policy_service\s*\{?\s*$/, '');
    return { list, missing: at < 0, skipped: /\bpermit/.test(before) };
  });
  const bad = asked.filter(({ missing, skipped }) => missing || skipped);
  if (bad.length === 0) return [fine(id, title, 'first in each restriction list')];
  const names = bad.map(
    ({ list, missing }) =>
      `smtpd_${list}_restrictions ${missing ? 'lacks it' : 'has a permit before it'}`,
  );
  const wanted = `check_policy_service ${door} before any permit`;
  return [{ id, kind: 'warn', title, found: names.join('; '), wanted, fix: connect }];
}

function returning(main: MainCf, { service }: SmtpdService, facts: PostfixFacts): Finding {
  const id = `postfix.${service.name}.returning`;
  const title = `Mail that a filter returns to ${service.name}`;
  const options = expandedValue(main, service, 'receive_override_options');
  const list = expandedValue(main, service, 'smtpd_milters');
  if (entryOf(list, facts) !== undefined && !/\bno_milters\b/.test(options)) {
    const found = `judged a second time; smtpd_milters = ${list}`;
    return {
      id,
      kind: 'warn',
      title,
      found,
      wanted: 'judged once, before the filter',
      fix: connect,
    };
  }
  const clients = isOnLoopback(service)
    ? []
    : networksOf(expandedValue(main, service, 'mynetworks'));
  if (clients.length === 0) return fine(id, title, 'not judged a second time');
  return {
    id,
    kind: 'warn',
    title,
    found: `not judged, and open to more than one machine: mynetworks = ${clients.join(', ')}`,
    wanted: 'mynetworks with the addresses of the filter alone',
    fix: `set -o mynetworks=ADDRESS of the filter for ${service.name} in master.cf`,
  };
}

/** Networks of more than one machine, without this one; tables are left out. */
function networksOf(list: string): readonly string[] {
  return list.split(/[\s,]+/).filter((text) => {
    const network = parseNetwork(text);
    if (network === undefined || /^127\./.test(text)) return false;
    return network.bits < network.address.octets.length * 8;
  });
}

/** Mail handed over through sendmail(1), as web forms do. */
function local(
  main: MainCf,
  services: readonly Service[],
  facts: PostfixFacts,
): readonly Finding[] {
  const id = 'postfix.local.milter';
  const title = 'Milter of local mail (sendmail, web forms)';
  const pickup = services.find(({ command }) => command === 'pickup');
  if (pickup === undefined)
    return [fine(id, title, 'not needed: without a pickup service there is no local mail')];
  const list = expand(mainValue(main, 'non_smtpd_milters') ?? '', (name) => mainValue(main, name));
  const options = expandedValue(main, pickup, 'receive_override_options');
  if (entryOf(list, facts) !== undefined && !/\bno_milters\b/.test(options)) {
    return [fine(id, title, 'connected, in non_smtpd_milters')];
  }
  return [
    {
      id,
      kind: 'fail',
      title,
      found: without('non_smtpd_milters', list),
      wanted: `${wantedMilter(facts)} in non_smtpd_milters`,
      fix: connect,
    },
  ];
}

/** Settings of main.cf that prevent a milter from seeing mail, or a hold by queue id. */
function general(main: MainCf, services: readonly SmtpdService[]): readonly Finding[] {
  const findings: Finding[] = [];
  const long = mainValue(main, 'enable_long_queue_ids') === 'yes';
  findings.push({
    id: 'postfix.long-queue-ids',
    kind: long ? 'ok' : 'warn',
    title: 'Long queue ids',
    found: long ? 'on' : 'off: Postfix gives the id of an old message to a new one',
    wanted: long ? '' : 'enable_long_queue_ids = yes, so that an id names one message only',
    fix: long ? '' : 'postconf -e enable_long_queue_ids=yes && postfix reload',
  });
  const maps = mainValue(main, 'smtpd_milter_maps') ?? '';
  if (maps !== '') {
    findings.push({
      id: 'postfix.milter-maps',
      kind: 'warn',
      title: 'Milters by client (smtpd_milter_maps)',
      found: `${maps} may switch Postern off for some clients`,
      wanted: 'no client for which these maps say DISABLE or name other milters',
      fix: 'look through these maps; for the clients in them smtpd_milters does not count',
    });
  }
  for (const { service } of services) {
    const late = expandedValue(main, service, 'smtpd_end_of_data_restrictions');
    const others = late.replace(/check_policy_service\s*\{[^{}]*\},?/g, (one) =>
      /default_action=DUNNO/.test(one) ? '' : one,
    );
    if (!/\b(?:reject|check_|defer)/.test(others)) continue;
    findings.push({
      id: `postfix.${service.name}.late-refusal`,
      kind: 'warn',
      title: `Restrictions after the milters, of ${service.name}`,
      found: `smtpd_end_of_data_restrictions = ${others.trim()}`,
      wanted: 'refusals in smtpd_data_restrictions or before',
      fix:
        'move it: when Postfix before 3.12 refuses there, the client can send a second message ' +
        'that no milter sees',
    });
  }
  return findings;
}
