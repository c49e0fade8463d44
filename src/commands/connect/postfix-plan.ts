/**
 * Plans the changes of `postern connect postfix` to main.cf and master.cf, and their undo. Pure:
 * text in, text out; all text that was there stays, byte for byte.
 *
 * main.cf gets four parameters of Postern. Lists get only references to them, so that each address
 * is in one place and the undo recognises every piece:
 *
 *   postern_when_down  what Postfix answers while Postern is down: tempfail, so mail waits
 *   postern_milter     the milter door
 *   postern_inbound    the milter door of port 25 without login, with short timeouts and accept:
 *                      mail from strangers must not wait for a guard of outgoing mail
 *   postern_policy     the policy door
 *
 * In master.cf, a service on port 25 without login gets `postern_milter=$postern_inbound`. Each
 * list that this service uses then names the door of port 25. A service to which a filter returns
 * mail gets `postern_milter=`, so that its lists are those without Postern.
 *
 * Order: Postern's milter is the last in a list. It changes no message, so earlier signatures stay
 * valid; it sees the header fields that scanners added; and mail that others refuse never counts as
 * sent. Postern's policy service is the first in its restriction list, so that no `permit_…` can
 * skip it; it either refuses or gives no opinion (DUNNO).
 */
import {
  appendLines,
  appendToParameter,
  expand,
  mainValue,
  parseMainCf,
  prependToParameter,
} from '../../formats/postfix/main-cf.ts';
import {
  addOverride,
  override,
  parseMasterCf,
  wrapOverride,
} from '../../formats/postfix/master-cf.ts';
import { isOnLoopback, type SmtpdService, smtpdServices } from '../../formats/postfix/services.ts';

/**
 * Addresses as Postfix writes them: `inet:127.0.0.1:9900`, `unix:/path`, or `unix:postern/milter`,
 * which is relative to the queue directory. Policy may be `off`.
 */
export type ConnectDoors = {
  readonly milter: string;
  /** For port 25 without login; the milter door itself where it has no door of its own. */
  readonly inbound: string;
  readonly policy: string;
};
export type PostfixFiles = { readonly main: string; readonly master: string };
export type ConnectPlan = {
  readonly files: PostfixFiles;
  /** Remarks for the operator about the configuration. */
  readonly notes: readonly string[];
};

const heading = '# Postern guards the mail that leaves. To undo: postern connect postfix --undo';
const restrictionLists = [
  'smtpd_recipient_restrictions',
  'smtpd_data_restrictions',
  'smtpd_end_of_data_restrictions',
] as const;

/** The files with Postern connected. Files that are already connected are brought up to date. */
export function planConnect(current: PostfixFiles, doors: ConnectDoors): ConnectPlan {
  const clean = planDisconnect(current);
  const notes: string[] = [];
  const files = addMilter(doors.policy === 'off' ? clean : addPolicy(clean), doors, notes);
  return { files, notes };
}

function addMilter(files: PostfixFiles, doors: ConnectDoors, notes: string[]): PostfixFiles {
  const before = parseMainCf(files.main);
  const local = mainValue(before, 'non_smtpd_milters') ?? '';
  const follows = /\$[{(]?smtpd_milters\b/.test(local);
  const services = smtpdServices(before, parseMasterCf(files.master));
  let main = appendLines(files.main, [
    '',
    heading,
    'postern_when_down = tempfail',
    `postern_milter = { ${doors.milter}, ` +
      'connect_timeout=5s, content_timeout=60s, default_action=$postern_when_down }',
    `postern_inbound = { ${doors.inbound}, ` +
      'connect_timeout=2s, command_timeout=3s, content_timeout=5s, default_action=accept }',
    ...(doors.policy === 'off' ? [] : [policyLine(doors.policy)]),
  ]);
  main = appendToParameter(main, 'smtpd_milters', '$postern_milter');
  if (!follows) main = appendToParameter(main, 'non_smtpd_milters', '$postern_milter');
  let master = files.master;
  services.forEach((_, place) => {
    master = guardService(master, place, { main: files.main, notes });
  });
  return { main, master };
}

function policyLine(address: string): string {
  return (
    `postern_policy = check_policy_service { ${address}, ` +
    'timeout=10s, try_limit=1, default_action=DUNNO }'
  );
}

type ServiceContext = {
  readonly main: string;
  readonly notes: string[];
};

/**
 * Connects one smtpd service of master.cf, given by its place among them. It is looked up again
 * after each change, because lines move.
 */
function guardService(text: string, place: number, known: ServiceContext): string {
  const main = parseMainCf(known.main);
  const find = (now: string): SmtpdService | undefined =>
    smtpdServices(main, parseMasterCf(now))[place];
  let master = text;
  const add = (option: string): void => {
    const found = find(master);
    if (found !== undefined) master = addOverride(master, found.service, option);
  };
  const found = find(master);
  if (found === undefined) return master;
  const { service, role, login } = found;
  const own = override(service, 'smtpd_milters');
  if (role === 'reinjection') {
    // The list of main.cf is then the one without Postern.
    if (own === undefined) add('postern_milter=');
    known.notes.push(takesBack(found));
    return master;
  }
  if (own !== undefined && own.value === '' && role === 'smtp' && !login) {
    known.notes.push(
      `${service.name}: left alone, because -o smtpd_milters= switches its milters off and ` +
        'nobody can log in there. Hosts that relay through it are not guarded.',
    );
    return master;
  }
  if (found.proxied) {
    known.notes.push(
      `${service.name}: smtpd_proxy_filter hides the content of mail from milters. Incoming mail ` +
        'is not verified there, and hosts that relay through it are not guarded.',
    );
  }
  if (own !== undefined) {
    master = wrapOverride(master, service, { index: own.index, after: ',$postern_milter' });
  }
  if (role === 'smtp' && !login) add('postern_milter=$postern_inbound');
  const name = override(service, 'milter_macro_daemon_name');
  if (name === undefined && mainValue(main, 'milter_macro_daemon_name') === undefined) {
    add(`milter_macro_daemon_name=postern-${role}`);
  }
  if (/\bno_milters\b/.test(override(service, 'receive_override_options')?.value ?? '')) {
    known.notes.push(
      `${service.name}: receive_override_options=no_milters switches off every milter, ` +
        'Postern too. Remove it there.',
    );
  }
  return master;
}

function takesBack({ service }: SmtpdService): string {
  const clients = override(service, 'mynetworks')?.value ?? 'mynetworks of main.cf';
  const others = isOnLoopback(service) ? '' : `; its clients (${clients}) must be filters only`;
  return (
    `${service.name}: a filter returns mail here; Postern judges it before the filter, where the ` +
    `login is known, and not again${others}`
  );
}

/** Adds the policy service to services where users can log in. */
function addPolicy(files: PostfixFiles): PostfixFiles {
  let { main, master } = files;
  const services = smtpdServices(parseMainCf(main), parseMasterCf(master));
  for (const list of restrictionLists) {
    for (const [place, { role, login }] of services.entries()) {
      if (role === 'reinjection' || (role === 'smtp' && !login)) continue;
      const service = parseMasterCf(master).services.filter(({ command }) => command === 'smtpd')[
        place
      ];
      if (service === undefined) continue;
      const own = override(service, list);
      const general = mainValue(parseMainCf(main), list);
      if (own !== undefined) {
        master = wrapOverride(master, service, { index: own.index, before: '$postern_policy,' });
      } else if (general === undefined) {
        master = addOverride(master, service, `${list}=$postern_policy`);
      } else if (!refersToPolicy(main, general)) {
        main = prependToParameter(main, list, ' $postern_policy,') ?? main;
      }
    }
  }
  return { main, master };
}

function refersToPolicy(main: string, value: string): boolean {
  const parsed = parseMainCf(main);
  const look = (name: string): string | undefined =>
    name === 'postern_policy' ? '<ours>' : mainValue(parsed, name);
  return expand(value, look).includes('<ours>');
}

/** Lines that Postern added as a whole; version 0.1 wrote `postern_when_down=accept`. */
const ourMainLines = ourLines('', '', [
  '# Postern guards the mail that leaves\\..*',
  'postern_(?:when_down|milter|inbound|policy|none) =.*',
  '(?:non_)?smtpd_milters = \\$postern_milter',
  '[ \\t]+\\$postern_milter',
]);
const ourMasterLines = ourLines('[ \\t]+-o ', '[ \\t]*', [
  'smtpd_(?:recipient|data|end_of_data)_restrictions=\\$postern_policy',
  'smtpd_milters=\\$postern_none',
  'postern_when_down=accept',
  'postern_milter=(?:\\$postern_inbound)?',
  'milter_macro_daemon_name=postern-[a-z]+',
]);

function ourLines(before: string, after: string, texts: readonly string[]): RegExp {
  return new RegExp(`^${before}(?:${texts.join('|')})${after}\\r?\\n?$`);
}

/** Both files without the lines and pieces of Postern; other changes stay. */
export function planDisconnect(files: PostfixFiles): PostfixFiles {
  return {
    main: withoutPieces(withoutLines(files.main, ourMainLines)),
    master: withoutPieces(withoutLines(files.master, ourMasterLines)),
  };
}

function withoutLines(text: string, ours: RegExp): string {
  const lines = text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
  const kept: string[] = [];
  for (const line of lines) {
    if (!ours.test(line)) kept.push(line);
    // The empty line before Postern's heading was added with it.
    else if (line.startsWith('# Postern') && kept.at(-1)?.trim() === '') kept.pop();
  }
  return kept.join('');
}

function withoutPieces(text: string): string {
  return text
    .replace(/ ?\$postern_policy,/g, '')
    .replace(/,\$postern_milter\b/g, '')
    .replace(/[ \t]*,?[ \t]*\$postern_(?:milter|policy|none)\b/g, '');
}
