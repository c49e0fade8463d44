/** Opens what reads the mail log: bounces and logins for the guard, and the bypass meter. */
import { join } from 'node:path';
import { likelyCause } from '../core/bypass.ts';
import { type DoorPlaces, sameAddress } from '../core/checklist/doors.ts';
import { checkPostfix } from '../core/checklist/postfix.ts';
import type { ReplyClassifier } from '../core/replies/classified.ts';
import { isWebUser } from '../core/scripts/web-users.ts';
import type { Accounts } from '../flow/account/accounts.ts';
import { openLogSeen } from '../flow/account/log-seen.ts';
import { openRenames, type RenameDeps } from '../flow/account/message-renamed.ts';
import {
  type BypassFacts,
  type BypassMeter,
  openBypassMeter,
} from '../flow/bypass/bypass-meter.ts';
import type { DoorNotes } from '../flow/bypass/door-notes.ts';
import { type FilterReturns, openFilterReturns } from '../flow/bypass/filter-returns.ts';
import { openQueueTrails } from '../flow/bypass/queue-trails.ts';
import type { Journal } from '../flow/journal/journal.ts';
import type { Notices } from '../flow/notices/notices.ts';
import type { OwnBounces } from '../flow/reflection/own-bounces.ts';
import type { WebmailLogins } from '../flow/webmail/webmail-logins.ts';
import { expand, mainValue, parseMainCf } from '../formats/postfix/main-cf.ts';
import { dayMs } from '../lib/time.ts';
import type { FilterUser } from '../partners/postfix/mail-facts.ts';
import type { LogHandler } from '../ports/message.ts';
import type { Troubles } from '../ports/troubles.ts';
import type { ConnectedReader } from './base/connected.ts';
import type { DaemonParts } from './base/options.ts';
import { postfixText } from './doors/main-files.ts';
import type { DaemonFates } from './fates.ts';

type Deps = {
  readonly accounts: Accounts;
  readonly replies: ReplyClassifier;
  readonly journal: Journal;
  readonly notes: DoorNotes;
  readonly fates: Pick<DaemonFates, 'seen' | 'settled'>;
  readonly troubles: Troubles;
  readonly ownBounces: Pick<OwnBounces, 'seen'>;
  readonly webmail: Pick<WebmailLogins, 'seen'>;
  readonly localDomains: ReadonlySet<string>;
  readonly mayRelay: (client: string) => boolean;
  readonly connected: ConnectedReader;
  readonly filterUsers: () => readonly FilterUser[];
  readonly webUsers: readonly string[];
  readonly isNotice: (messageId: string) => boolean;
  readonly notices: Pick<Notices, 'logged'>;
} & Pick<RenameDeps, 'renamed'>;

/** What is older does not count for or against an account. */
const presentMs = dayMs;
const noPlaces: DoorPlaces = { milter: [], inbound: [], policy: [] };

export function openDaemonLog(
  { world }: DaemonParts,
  deps: Deps,
): {
  readonly handler: LogHandler;
  readonly bypass: BypassMeter;
  readonly returns: FilterReturns;
  setDoorPlaces(places: () => DoorPlaces): void;
} {
  let places = (): DoorPlaces => noPlaces;
  const trails = openQueueTrails();
  const bypass = openBypassMeter({
    ...deps,
    trails,
    world,
    cause: (facts) => causeOf(facts, deps, places()),
  });
  const renames = openRenames(deps);
  const logSeen = openLogSeen({ ...deps, trails, world });
  return {
    handler: {
      seen(event) {
        deps.fates.seen(event);
        // After a long pause, older lines say nothing about the present.
        if (event.at < world.clock.now() - presentMs) return;
        // New names first: what the line says then finds its account.
        renames.seen(event);
        bypass.seen(event);
        if (event.kind !== 'login') logSeen.seen(event);
        else for (const login of deps.webmail.seen(event)) logSeen.seen(login);
        deps.ownBounces.seen(event);
        deps.notices.logged(event);
      },
      taken(key, place) {
        // The place is written only after what was read until then.
        deps.fates.settled((counted) => {
          counted(key, place);
          bypass.taken(key, place);
          logSeen.taken(key, place);
        });
      },
    },
    bypass,
    returns: openFilterReturns({ trails, filterUids: () => filterUids(deps), world }),
    setDoorPlaces(given) {
      places = given;
    },
  };
}

/** Anybody who can change a website can run programs as its user. */
function filterUids({ filterUsers, webUsers }: Deps): ReadonlySet<number> {
  const users = filterUsers().filter(({ name }) => !isWebUser(name, webUsers));
  return new Set(users.map(({ uid }) => uid));
}

/** Reads what Postfix has now: it may have been changed after `postern connect postfix`. */
function causeOf(
  { last, milterAway }: BypassFacts,
  { connected, mayRelay }: Pick<Deps, 'connected' | 'mayRelay'>,
  doors: DoorPlaces,
): string {
  const instances = connected.read()?.instances ?? [];
  const names: string[] = [];
  let away = '';
  const faults: { readonly found: string; readonly fix: string }[] = [];
  for (const { configDirectory, queueDirectory } of instances) {
    const main = postfixText(join(configDirectory, 'main.cf'));
    const master = postfixText(join(configDirectory, 'master.cf'));
    if (main === undefined || master === undefined) continue;
    names.push(logName(main));
    const milter = sameAddress(milterAway, queueDirectory);
    if ([...doors.milter, ...doors.inbound].includes(milter)) away = milter;
    for (const finding of checkPostfix({ main, master, doors, queueDirectory })) {
      if (finding.kind !== 'fail') continue;
      const fix =
        finding.fix === 'postern connect postfix'
          ? `${finding.fix} --config-dir ${configDirectory}`
          : finding.fix;
      faults.push({ found: `${finding.title}: ${finding.found}`, fix });
    }
  }
  const isFiltered = last.uid === undefined && last.login === '' && mayRelay(last.client);
  return likelyCause({ last, milterAway: away, instances: names, faults, isFiltered });
}

/** The name in front of each line of this instance. */
function logName(text: string): string {
  const main = parseMainCf(text);
  const value = (name: string): string =>
    expand(mainValue(main, name) ?? '', (wanted) => mainValue(main, wanted)).trim();
  const [first = ''] = (value('syslog_name') || value('multi_instance_name') || 'postfix').split(
    '/',
  );
  return first;
}
