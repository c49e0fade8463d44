/** Opens the doors of the daemon, and the mail log. */
import { whereOf } from '../config/values.ts';
import { type HttpDoor, openHttp } from '../doors/http/server.ts';
import { openMailLog } from '../doors/log/reader.ts';
import { logEnvironment, sourceOf } from '../doors/log/source.ts';
import { openMilter } from '../doors/milter/server.ts';
import { openPolicy } from '../doors/policy/server.ts';
import type { Listener, SocketAddress } from '../lib/listener.ts';
import { OperatorError } from '../lib/operator-error.ts';
import { postfixLogFile } from '../partners/postfix/log-file.ts';
import type { DaemonOptions, DaemonParts } from './base/options.ts';
import type { Flows } from './flows.ts';
import { type DaemonSendmail, openDaemonSendmail } from './sendmail.ts';

export type DoorAddresses = {
  readonly milter: string;
  readonly policy: string;
  readonly http: string;
};

/** What is the same for each door. */
type Opening = {
  readonly parts: DaemonParts;
  readonly options: DaemonOptions;
  readonly flows: Flows;
};

export async function openDoors(
  parts: DaemonParts,
  options: DaemonOptions,
  flows: Flows,
): Promise<{ readonly addresses: DoorAddresses; readonly sendmail: DaemonSendmail }> {
  const opening = { parts, options, flows };
  // The page first: it closes last, so that it tells the state of the guard to the end.
  const http = await openPage(opening);
  const policy = await openPolicyDoor(opening);
  const sendmail = openDaemonSendmail(parts, {
    journal: flows.journal,
    troubles: flows.troubles,
    moved: (address) => flows.doors({ sendmail: address }),
  });
  parts.scope.defer(() => sendmail.close());
  const milter = await openMilterDoor(opening, sendmail);
  await sendmail.start();
  const addresses = {
    milter: milter?.address ?? 'off',
    policy: policy?.address ?? 'off',
    http: http?.address ?? 'off',
  };
  flows.doors(addresses);
  followMailLog(opening);
  return { addresses, sendmail };
}

function openPage(opening: Opening): Promise<HttpDoor | undefined> {
  const { parts, options, flows } = opening;
  const { counters, world } = parts;
  const { clock, count, log } = world;
  return opened(opening, 'http', (where) => {
    if ('path' in where) throw new OperatorError('config', 'doors.http must be inet:HOST:PORT');
    const { token } = options;
    return openHttp(where, { admin: flows.admin, token, metrics: counters, log, count, clock });
  });
}

function openPolicyDoor(opening: Opening): Promise<Listener | undefined> {
  const { parts, flows } = opening;
  const { count, log } = parts.world;
  const { accounts, doors } = parts.config;
  return opened(opening, 'policy', (where) =>
    openPolicy(where, {
      handler: flows.policy,
      log,
      count,
      defaultDomain: accounts.default_domain,
      limits: { connectionsMax: doors.sessions_max },
    }),
  );
}

async function openMilterDoor(
  opening: Opening,
  { handovers }: DaemonSendmail,
): Promise<Listener | undefined> {
  const { parts, flows } = opening;
  const { clock, count, log } = parts.world;
  const { accounts, doors } = parts.config;
  const { localDomains, mayRelay, path } = flows;
  const milter = await opened(opening, 'milter', (where) =>
    openMilter(where, {
      path,
      handovers,
      clock,
      log,
      count,
      limits: { connectionsMax: doors.sessions_max },
      options: {
        defaultDomain: accounts.default_domain,
        localTransports: new Set(accounts.local_transports),
        localDomains,
        mayRelay,
        localDaemons: new Set(accounts.local_services),
      },
    }),
  );
  if (milter !== undefined) flows.setMilterPresent(() => milter.connections > 0);
  return milter;
}

/** Opens a door; on a free port if its own is taken and the operator did not choose the port. */
async function opened<Door extends AsyncDisposable>(
  { parts, options }: Opening,
  name: 'http' | 'policy' | 'milter',
  open: (where: SocketAddress) => Promise<Door>,
): Promise<Door | undefined> {
  const { doors } = parts.config;
  const address = doors[name];
  const where = whereOf(address, Number.parseInt(doors.socket_mode, 8));
  if (where === undefined) return undefined;
  try {
    return parts.scope.use(await open(where));
  } catch (error) {
    if (!options.movable || 'path' in where || !isTaken(error)) throw error;
    options.log('info', 'door.moved', { wanted: address });
    return parts.scope.use(await open({ host: where.host, port: 0 }));
  }
}

function isTaken(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ('code' in cause && cause.code === 'EADDRINUSE') return true;
  }
  return false;
}

/** Reads the mail log in the background: neither the start nor any mail waits for that. */
function followMailLog({ parts, flows }: Opening): void {
  const { config, counters, scope, world } = parts;
  const { clock, count, log } = world;
  const { mail_log, accounts, postfix } = config;
  const { journal } = flows;
  if (mail_log.source === 'off' && mail_log.more.length === 0) return;
  scope.use(
    openMailLog({
      handler: flows.mailLog,
      clock,
      log,
      count,
      more: mail_log.more,
      defaultDomain: accounts.default_domain,
      async source() {
        const auto = mail_log.source === 'auto';
        const maillogFile = auto ? await postfixLogFile(postfix.config_directory) : '';
        return sourceOf(mail_log.source, () => logEnvironment(maillogFile, clock.now()));
      },
      places: {
        read: (key) => journal.live.meta(key),
        write: (key, value) => journal.add({ kind: 'meta', key, value }),
      },
      state(names, reading, wanted) {
        flows.doors({ log: names.length === 0 ? 'none found' : names.join(', ') });
        counters.set('postern_mail_log_reading', reading);
        counters.set('postern_mail_log_wanted', wanted);
      },
    }),
  );
}
