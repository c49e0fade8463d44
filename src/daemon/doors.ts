/** Opens the doors of the daemon, and the mail log. */
import { whereOf } from '../config/values.ts';
import type { DoorPlaces } from '../core/checklist/doors.ts';
import { type HttpDeps, openHttp } from '../doors/http/server.ts';
import { openMailLog } from '../doors/log/reader.ts';
import { logEnvironment, sourceOf } from '../doors/log/source.ts';
import { type MilterDeps, openMilter } from '../doors/milter/server.ts';
import { openSessionRooms } from '../doors/milter/session-room.ts';
import { openPolicy, type PolicyDeps } from '../doors/policy/server.ts';
import { isListed, parseNetworkRule } from '../formats/postfix/network-list.ts';
import type { ListenAddress, Listener } from '../lib/listener.ts';
import { OperatorError } from '../lib/operator-error.ts';
import { siteOf } from '../partners/dns/public-suffix.ts';
import { openPeerCheck } from '../partners/kernel/peer-check.ts';
import { postfixLogFile } from '../partners/postfix/log-file.ts';
import type { DaemonOptions, DaemonParts, DoorAddresses, DoorOptions } from './base/options.ts';
import { httpDeps, openCommands } from './commands.ts';
import { type AllowedUsers, openAllowedUsers } from './doors/allowed-users.ts';
import { openPageDoor, type PageDoor } from './doors/page-door.ts';
import { openPostfixDoors, type PostfixDoors, systemDirectory } from './doors/postfix-doors.ts';
import type { Flows } from './flows.ts';
import { type DaemonSendmail, openDaemonSendmail } from './sendmail.ts';

/** What is the same for each door. */
type Opening = {
  readonly parts: DaemonParts;
  readonly options: DaemonOptions;
  readonly flows: Flows;
};

const notInstalled: DoorOptions = {
  installed: false,
  ownUser: true,
  activated: [],
  changed: () => undefined,
};

export async function openDoors(
  parts: DaemonParts,
  options: DaemonOptions,
  flows: Flows,
): Promise<{ readonly addresses: () => DoorAddresses; readonly sendmail: DaemonSendmail }> {
  const opening = { parts, options, flows };
  // The page first: it closes last, so that it tells the state of the guard to the end.
  const deps = httpDeps(parts, options, flows.admin);
  let told = (): void => undefined;
  const http = await openPage(opening, deps, () => told());
  const command = await openCommands(parts, deps);
  const sendmail = openDaemonSendmail(parts, {
    heldFull: flows.heldFull,
    journal: flows.journal,
    troubles: flows.troubles,
    moved: (address) => flows.doors({ sendmail: address }),
  });
  parts.scope.defer(() => sendmail.close());
  const { installed } = options.doors ?? notInstalled;
  const auto = (['milter', 'policy'] as const).filter(
    (name) => installed && parts.config.doors[name] === 'auto',
  );
  const addressesOf = (all: DoorPlaces): DoorAddresses => {
    const milter = all.milter[0] ?? 'off';
    return {
      milter,
      inbound: all.inbound[0] ?? milter,
      policy: all.policy[0] ?? 'off',
      http: http?.address() ?? 'off',
      ...(command === undefined ? {} : { command }),
      all,
      auto,
    };
  };
  const show = ({ http, inbound, milter, policy }: DoorAddresses): void => {
    flows.doors({ milter, inbound, policy, http });
  };
  const changed = (all: DoorPlaces): void => {
    show(addressesOf(all));
    options.doors?.changed(addressesOf(all));
  };
  const postfix = await openForPostfix(opening, sendmail, changed);
  told = () => changed(postfix.places());
  flows.setMilterPresent(() => postfix.milters() > 0);
  flows.setDoorPlaces(() => postfix.places());
  await sendmail.start();
  const addresses = (): DoorAddresses => addressesOf(postfix.places());
  show(addresses());
  followMailLog(opening);
  return { addresses, sendmail };
}

async function openPage(
  { parts, options, flows }: Opening,
  deps: HttpDeps,
  changed: () => void,
): Promise<PageDoor | undefined> {
  const where = whereOf(parts.config.doors.http, 0);
  if (where === undefined) return undefined;
  if ('path' in where) throw new OperatorError('config', 'doors.http must be inet:HOST:PORT');
  const { installed } = options.doors ?? notInstalled;
  const page = await openPageDoor({
    where,
    open: (at) => openHttp(at, { ...deps, owners: parts.owners }),
    ifTaken: options.movable ? 'move' : installed ? 'wait' : 'fail',
    log: options.log,
    timers: parts.world.timers,
    troubles: flows.troubles,
    changed,
  });
  return parts.scope.use(page);
}

/** The users and machines that may connect are the same for each door for Postfix. */
async function openForPostfix(
  { parts, options, flows }: Opening,
  sendmail: DaemonSendmail,
  changed: (all: DoorPlaces) => void,
): Promise<PostfixDoors> {
  const { config, scope, state, world } = parts;
  const { connected, troubles } = flows;
  const how = options.doors ?? notInstalled;
  const users = await openAllowedUsers({
    names: config.doors.allowed_users,
    mailOwners: () => mailOwners(flows),
    own: how.ownUser ? process.getuid?.() : undefined,
    log: world.log,
  });
  scope.defer(() => users.close());
  const rules = config.doors.allowed_clients.flatMap((text) => parseNetworkRule(text) ?? []);
  const check = openPeerCheck({
    allowedUids: users.allowed,
    trustedUids: users.postfix,
    isAllowedAddress: (address) => isListed(address, rules),
    owners: parts.owners,
    count: world.count,
    log: world.log,
  });
  const milter = milterOpener(parts, flows, sendmail);
  const policy = policyOpener(parts, flows);
  const { config_directory } = config.postfix;
  const doors = await openPostfixDoors({
    settings: config.doors,
    options: how,
    movable: options.movable,
    state,
    log: world.log,
    troubles,
    connected,
    configDirectory: config_directory === '' ? systemDirectory : config_directory,
    open: (name, where) =>
      name === 'policy'
        ? policy(where, { admit: check.admit(name) })
        : milter(where, { name, admit: check.admit(name) }),
    changed,
  });
  scope.defer(() => doors.close());
  return doors;
}

function policyOpener(parts: DaemonParts, flows: Flows) {
  let connections = 0;
  const { count, log } = parts.world;
  const { doors } = parts.config;
  return (where: ListenAddress, more: Pick<PolicyDeps, 'admit'>): Promise<Listener> =>
    openPolicy(where, {
      ...more,
      troubles: flows.troubles,
      nextConnection: () => ++connections,
      handler: flows.policy,
      believesXclient: flows.webmail.door.believesXclient,
      log,
      count,
      defaultDomain: flows.loginDomains,
      limits: { connectionsMax: doors.sessions_max },
    });
}

function milterOpener(
  parts: DaemonParts,
  { localDomains, localTransports, loginDomains, mayRelay, path, troubles, webmail }: Flows,
  { handovers }: DaemonSendmail,
) {
  const { clock, count, log } = parts.world;
  const { accounts, doors } = parts.config;
  const rooms = openSessionRooms(troubles);
  return (where: ListenAddress, more: Pick<MilterDeps, 'admit' | 'name'>): Promise<Listener> =>
    openMilter(where, {
      ...more,
      troubles,
      rooms,
      isForStrangers: more.name === 'inbound',
      path,
      handovers,
      clock,
      log,
      count,
      limits: { connectionsMax: doors.sessions_max },
      options: {
        defaultDomain: loginDomains,
        localTransports,
        localDomains,
        mayRelay,
        localDaemons: new Set(accounts.local_services),
        siteOf,
        ...webmail.door,
      },
    });
}

function mailOwners({ connected }: Pick<Flows, 'connected'>): readonly number[] {
  return (connected.read()?.instances ?? []).map(({ mailOwner }) => mailOwner);
}

/** Users whose records in the journal count, besides root and Postfix's. */
const logWriters = ['dovecot', 'dovenull'] as const;
const onlyRoot: ReadonlySet<number> = new Set([0]);

/** Reads the mail log in the background: neither the start nor any mail waits for that. */
function followMailLog({ parts, flows }: Opening): void {
  const { config, counters, scope, world } = parts;
  const { clock, count, log } = world;
  const { mail_log, postfix, webmail } = config;
  const { journal } = flows;
  const files = [...mail_log.more, ...webmail.logs];
  if (mail_log.source === 'off' && files.length === 0) return;
  let writers: AllowedUsers | undefined;
  scope.defer(() => writers?.close());
  scope.use(
    openMailLog({
      handler: flows.mailLog,
      clock,
      log,
      count,
      more: mail_log.more,
      webmail: webmail.logs,
      defaultDomain: flows.loginDomains,
      journalUids: () => writers?.allowed() ?? onlyRoot,
      async source() {
        writers ??= await openAllowedUsers({
          names: logWriters,
          mailOwners: () => mailOwners(flows),
          own: undefined,
          log: () => undefined, // a server may have no Dovecot
        });
        const auto = mail_log.source === 'auto';
        const maillogFile = auto ? await postfixLogFile(postfix.config_directory) : '';
        return sourceOf(mail_log.source, () => logEnvironment(maillogFile, clock.now()));
      },
      async instances() {
        const known = flows.connected.read()?.instances ?? [];
        const files = await Promise.all(known.map((one) => postfixLogFile(one.configDirectory)));
        return files.filter((path) => path.startsWith('/') && !path.startsWith('/dev/'));
      },
      places: {
        read: (key) => journal.live.meta(key),
        write: (key, value) => {
          flows.fates.settled(() => journal.add({ kind: 'meta', key, value }));
        },
      },
      health: flows.fates.logHealth,
      state(names, reading, wanted, unread) {
        flows.fates.logHealth.reading(reading, wanted, unread);
        flows.bypass.reading(reading, wanted);
        flows.doors({ log: names.length === 0 ? 'none found' : names.join(', ') });
        counters.set('postern_mail_log_reading', reading);
        counters.set('postern_mail_log_wanted', wanted);
      },
    }),
  );
}
