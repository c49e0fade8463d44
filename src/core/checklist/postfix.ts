/**
 * Is Postfix connected on every road that mail takes out of this server, and is nothing in its
 * files that defeats it? Pure: the two files as text, the doors' addresses, findings out.
 */
import { expand, type MainCf, mainValue, parseMainCf } from '../../formats/postfix/main-cf.ts';
import { override, parseMasterCf, type Service } from '../../formats/postfix/master-cf.ts';
import { expandedValue, type SmtpdService, smtpdServices } from '../../formats/postfix/services.ts';
import { type Finding, fine } from '../finding.ts';

export type PostfixFacts = {
  readonly main: string;
  readonly master: string;
  /** As Postfix writes them; the policy door may be `off`. */
  readonly doors: { readonly milter: string; readonly policy: string };
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
      title: 'smtpd services',
      found: 'master.cf has none',
      wanted: 'the services that take mail from people',
      mend: 'is this the right configuration folder? see --config-dir',
    });
  }
  return [...findings, ...local(main, master.services, facts), ...general(main, services)];
}

/** Everything of this service's mail passes the milter. */
function milter(
  main: MainCf,
  { service, role, login }: SmtpdService,
  facts: PostfixFacts,
): Finding {
  const id = `postfix.${service.name}.milter`;
  const title = `${role} (${service.name}) passes the guard`;
  const list = expandedValue(main, service, 'smtpd_milters');
  const shut = /\bno_milters\b/.test(expandedValue(main, service, 'receive_override_options'));
  if (!list.includes(facts.doors.milter) || shut) {
    const own = override(service, 'smtpd_milters');
    const empty = 'its own -o smtpd_milters= switches all milters off';
    return {
      id,
      // Strangers' mail alone may go round a guard of outgoing mail.
      kind: role === 'smtp' && !login ? 'warn' : 'fail',
      title,
      found: shut
        ? 'receive_override_options=no_milters'
        : own?.value === ''
          ? empty
          : `smtpd_milters: ${list === '' ? 'none' : list}`,
      wanted: facts.doors.milter,
      mend: shut ? `take no_milters out of ${service.name} in master.cf` : connect,
    };
  }
  const action = defaultAction(list, facts.doors.milter, mainValue(main, 'milter_default_action'));
  const wanted = role === 'smtp' && !login ? 'accept' : 'tempfail';
  if (action === wanted || action === 'tempfail') {
    return fine(id, title, `while Postern is away: ${action}`);
  }
  return {
    id,
    kind: 'warn',
    title,
    found: `while Postern is away: ${action}`,
    wanted,
    mend: `set default_action of postern_milter in main.cf; or: ${connect}`,
  };
}

/** What Postfix does with mail while the milter does not answer. */
function defaultAction(list: string, door: string, general: string | undefined): string {
  const block = list.match(/\{[^{}]*\}/g)?.find((one) => one.includes(door)) ?? '';
  return /default_action\s*=\s*(\w+)/.exec(block)?.[1] ?? general ?? 'tempfail';
}

const lists = ['recipient', 'data', 'end_of_data'] as const;

/** The policy door is asked, and first: a permit in front of it would skip it. */
function policy(
  main: MainCf,
  { service, role, login }: SmtpdService,
  facts: PostfixFacts,
): readonly Finding[] {
  if (facts.doors.policy === 'off' || (role === 'smtp' && !login)) return [];
  const id = `postfix.${service.name}.policy`;
  const title = `${role} (${service.name}) asks before it takes recipients`;
  const asked = lists.map((list) => {
    const value = expandedValue(main, service, `smtpd_${list}_restrictions`);
    const at = value.indexOf(facts.doors.policy);
    const before = value.slice(0, Math.max(at, 0)).replace(/check_policy_service\s*\{?\s*$/, '');
    return { list, missing: at < 0, skipped: /\bpermit/.test(before) };
  });
  const bad = asked.filter(({ missing, skipped }) => missing || skipped);
  if (bad.length === 0) return [fine(id, title, 'first of its restrictions')];
  const names = bad.map(
    ({ list, missing }) =>
      `smtpd_${list}_restrictions ${missing ? 'lacks it' : 'permits before it'}`,
  );
  const wanted = `check_policy_service ${facts.doors.policy} before any permit`;
  return [{ id, kind: 'warn', title, found: names.join('; '), wanted, mend: connect }];
}

function returning(main: MainCf, { service }: SmtpdService, facts: PostfixFacts): Finding {
  const id = `postfix.${service.name}.returning`;
  const title = `mail that a filter brings back (${service.name}) is not judged twice`;
  const options = expandedValue(main, service, 'receive_override_options');
  const list = expandedValue(main, service, 'smtpd_milters');
  if (!list.includes(facts.doors.milter) || /\bno_milters\b/.test(options)) {
    return fine(id, title, 'it does not pass the guard again');
  }
  const mend = `add to ${service.name} in master.cf: -o receive_override_options=no_milters`;
  return { id, kind: 'warn', title, found: `smtpd_milters: ${list}`, wanted: 'no milter', mend };
}

/** sendmail(1), and with it every web form. */
function local(
  main: MainCf,
  services: readonly Service[],
  facts: PostfixFacts,
): readonly Finding[] {
  const id = 'postfix.local.milter';
  const title = 'local mail (sendmail, web forms) passes the guard';
  const pickup = services.find(({ command }) => command === 'pickup');
  if (pickup === undefined)
    return [fine(id, title, 'there is no pickup service, so no local mail')];
  const list = expand(mainValue(main, 'non_smtpd_milters') ?? '', (name) => mainValue(main, name));
  const options = expandedValue(main, pickup, 'receive_override_options');
  if (list.includes(facts.doors.milter) && !/\bno_milters\b/.test(options)) {
    return [fine(id, title, 'in non_smtpd_milters')];
  }
  return [
    {
      id,
      kind: 'fail',
      title,
      found: `non_smtpd_milters: ${list === '' ? 'none' : list}`,
      wanted: facts.doors.milter,
      mend: connect,
    },
  ];
}

/** Settings of main.cf that defeat a milter or the hold by queue id. */
function general(main: MainCf, services: readonly SmtpdService[]): readonly Finding[] {
  const findings: Finding[] = [];
  const long = mainValue(main, 'enable_long_queue_ids') === 'yes';
  findings.push({
    id: 'postfix.long-queue-ids',
    kind: long ? 'ok' : 'warn',
    title: 'queue ids are not used twice',
    found: `enable_long_queue_ids = ${long ? 'yes' : 'no'}`,
    wanted: long ? '' : 'yes, so that an id names one message for ever',
    mend: long ? '' : 'postconf -e enable_long_queue_ids=yes && postfix reload',
  });
  const maps = mainValue(main, 'smtpd_milter_maps') ?? '';
  if (maps !== '') {
    findings.push({
      id: 'postfix.milter-maps',
      kind: 'warn',
      title: 'every client passes the guard',
      found: `smtpd_milter_maps = ${maps}`,
      wanted: 'no client for which the maps say DISABLE, or other milters',
      mend: 'look through these maps; clients they list go round smtpd_milters',
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
      title: `nothing refuses after the milters have answered (${service.name})`,
      found: `smtpd_end_of_data_restrictions = ${others.trim()}`,
      wanted: 'refusals in smtpd_data_restrictions or before',
      mend:
        'move it: after a milter that accepts early, a refusal there lets the client send a second message past the ' +
        'milters (Postfix before 3.12)',
    });
  }
  return findings;
}
