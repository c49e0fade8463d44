/**
 * The running guard: the only file that names every part. Opens them in order, wires them, and
 * closes them in reverse.
 */
import { randomBytes, randomInt } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Config } from '../config/schema.ts';
import { mailServerOf, policyOf, whereOf } from '../config/values.ts';
import type { Policy } from '../core/account/policy.ts';
import { metrics } from '../core/metrics/metrics.ts';
import { type HttpDoor, openHttp } from '../doors/http/server.ts';
import { openMailLog } from '../doors/log/reader.ts';
import { logEnvironment, sourceOf } from '../doors/log/source.ts';
import { openMilter } from '../doors/milter/server.ts';
import { openPolicy } from '../doors/policy/server.ts';
import { openAccounts } from '../flow/account/accounts.ts';
import { openExemptions } from '../flow/account/exemptions.ts';
import { openLogSeen } from '../flow/account/log-seen.ts';
import { type GateDeps, openGate } from '../flow/account/message-submitted.ts';
import { openPolicyHandler } from '../flow/account/recipient-asked.ts';
import { openFeed } from '../flow/account/verdict-feed.ts';
import { openAdmin } from '../flow/admin/admin.ts';
import { type Journal, openJournal } from '../flow/journal/journal.ts';
import { readTogether } from '../flow/message-readers.ts';
import { type Notices, openNotices } from '../flow/notices/notices.ts';
import { openNoticeLog } from '../flow/notices/operator-told.ts';
import { openWeakPasswords } from '../flow/passwords/passwords-audited.ts';
import type { Settings } from '../flow/settings.ts';
import { shareAnswers } from '../flow/stats/shared-answers.ts';
import { openSuspensions } from '../flow/suspension/account-suspended.ts';
import { openReview } from '../flow/suspension/held-review.ts';
import { modeChanged } from '../flow/suspension/mode-changed.ts';
import { addressKey } from '../formats/message/address.ts';
import { openLedger } from '../ledger/sqlite/open.ts';
import { type Counters, openCounters } from '../lib/counters.ts';
import type { Listener, SocketAddress } from '../lib/listener.ts';
import type { Mutable } from '../lib/mutable.ts';
import { OperatorError } from '../lib/operator-error.ts';
import { dayMs, type Millis } from '../lib/time.ts';
import { noticeMail } from '../partners/notices/mail.ts';
import { noticeWebhook } from '../partners/notices/webhook.ts';
import { postfixLogFile } from '../partners/postfix/log-file.ts';
import { readSecretFile } from '../partners/secret-file.ts';
import type { Admin } from '../ports/admin.ts';
import type { NoticeChannel } from '../ports/mail-server.ts';
import type { Gate, LogHandler, PolicyHandler } from '../ports/message.ts';
import type { Clock, Log } from '../ports/world.ts';
import { version } from '../version.ts';
import { startGauges } from './gauges.ts';
import { openInbound } from './inbound.ts';
import { openMailServer } from './mail-server.ts';
import { type DaemonScan, openDaemonScan } from './scan.ts';
import { type DaemonScripts, openDaemonScripts } from './scripts.ts';
import { type DaemonSendmail, openDaemonSendmail } from './sendmail.ts';
import { duration, needRestart, settingsOf } from './settings.ts';
import { type DaemonSigning, openDaemonSigning } from './signing.ts';
import { startTimer } from './timers.ts';

export type DaemonOptions = {
  readonly state: string;
  readonly config: Config;
  /** Doors that the operator did not set himself may move to a free port. */
  readonly movable: boolean;
  readonly token: string;
  readonly log: Log;
};

export type Daemon = {
  readonly doors: { readonly milter: string; readonly policy: string; readonly http: string };
  readonly host: string;
  /** It can move mail in the queue. */
  readonly queue: boolean;
  /**
   * Takes over what a changed configuration says; answers with the settings that need a restart.
   */
  reload(config: Config): readonly string[];
  [Symbol.asyncDispose](): Promise<void>;
};

const pruneEveryMs = dayMs / 24;
const clock: Clock = { now: () => Date.now() as Millis };
const timers = { every: startTimer, soon: (run: () => void) => void setImmediate(run) };
const iso = (at: Millis): string => new Date(at).toISOString();
const newId = (): string => randomBytes(16).toString('base64url');

/** Starts the guard. Throws OperatorError when a door or the ledger cannot be had. */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  await using scope = new AsyncDisposableStack();
  const { log, state } = options;
  mkdirSync(state, { recursive: true, mode: 0o700 });
  const counters = openCounters(metrics);
  const ledger = openLedger(join(state, 'ledger.db'), { log });
  scope.defer(() => ledger.close());
  const flows = openFlows(options, ledger, counters, scope);
  const doors = await openDoors(options, flows, counters, scope);
  flows.doors(doors.addresses);
  mailLog(options, flows, counters, scope);
  const running = scope.move();
  return {
    doors: doors.addresses,
    host: flows.host,
    queue: flows.queue,
    reload(changed) {
      doors.sendmail.configure(changed);
      return flows.reload(changed);
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

type Flows = {
  readonly queue: boolean;
  readonly gate: Gate;
  readonly policy: PolicyHandler & { counted(queueId: string): void };
  readonly admin: Admin;
  readonly mailLog: LogHandler;
  readonly journal: Journal;
  readonly host: string;
  readonly localDomains: Set<string>;
  readonly mayRelay: (client: string) => boolean;
  readonly milter: { present: () => boolean };
  readonly signing: DaemonSigning;
  readonly scan: DaemonScan;
  readonly scripts: DaemonScripts;
  doors(addresses: Readonly<Record<string, string>>): void;
  reload(config: Config): readonly string[];
};

function openFlows(
  options: DaemonOptions,
  ledger: ReturnType<typeof openLedger>,
  counters: Counters,
  scope: AsyncDisposableStack,
): Flows {
  const { config, log, state } = options;
  const host = config.host === '' ? hostname() : config.host;
  const { count } = counters;
  const settings: Mutable<Settings> = settingsOf(config);
  const policy: Mutable<Policy> = policyOf(config);
  const localDomains = new Set(config.accounts.local_domains.map((domain) => domain.toLowerCase()));
  const milter = { present: () => false };
  const doors: Record<string, string> = {};

  const journal = openJournal({ ledger, timers, log, count, onState: (to) => alarm(to) });
  scope.defer(() => journal.close());
  const accounts = openAccounts(journal, policy, randomInt(2 ** 32));
  scope.defer(() => accounts.saveBaseline());
  const exemptions = openExemptions(ledger.exemptions());
  const { default_domain: defaultDomain } = config.accounts;
  const weakPasswords = openWeakPasswords(ledger.weakPasswords(), {
    journal,
    clock,
    defaultDomain,
  });
  const feed = openFeed();
  const channels = noticeChannels(config, host);
  const notices = openNotices({ journal, channels, clock, timers, log, count });
  scope.defer(() => notices.close());
  const { mta, logins, mayRelay, close } = openMailServer({ config, state, log, localDomains });
  scope.defer(close);
  const suspensions = openSuspensions({
    accounts,
    journal,
    notices,
    mta,
    logins,
    clock,
    timers,
    log,
    count,
    host,
    settings,
    newId,
    iso,
  });
  scope.defer(() => suspensions.close());
  const told = openNoticeLog({ notices, clock, settings, host, newId, iso });
  const review = openReview({
    accounts,
    journal,
    suspensions,
    mta,
    clock,
    timers,
    log,
    settings,
  });
  scope.defer(() => review.close());
  const gate = openGate({
    accounts,
    journal,
    exemptions,
    weakPasswords,
    feed,
    clock,
    count,
    log,
    settings,
    newId,
    isOurs: noticeCheck(config, notices),
    suspending: (...about) => suspensions.suspending(...about),
    holding: (story) => told.holding(story),
  });
  const policyHandler = openPolicyHandler({
    gate,
    accounts,
    clock,
    settings,
    localDomains,
    milterPresent: () => milter.present(),
  });
  const signing = openDaemonSigning({
    config,
    state,
    journal,
    notices,
    clock,
    timers,
    log,
    count,
    host,
    newId,
    iso,
  });
  scope.defer(() => signing.close());
  const scan = openDaemonScan({ config, journal, clock, timers, log, counters }, scope);
  const scripts = openDaemonScripts({ config, ledger, journal, timers, clock, count, log }, scope);
  const facts = factsOf(options, host);
  const admin = openAdmin({
    accounts,
    journal,
    exemptions,
    suspensions,
    notices,
    feed,
    mta,
    clock,
    log,
    facts,
    weakPasswords,
    settings,
    newId,
    iso,
    dkim: signing.keys.admin,
    scripts: scripts.admin,
    stats: shareAnswers(ledger.statsAside, clock),
    doors: () => ({ ...doors, ...scan.doors() }),
  });
  const alarm = (to: 'ok' | 'failing'): void => {
    counters.set('postern_ledger_ok', to === 'ok' ? 1 : 0);
    if (to === 'failing') told.ledgerFailing(journal.state().why);
  };
  scope.defer(prune(journal, config));
  scope.defer(startGauges(counters, admin, settings));
  const modeNow = (): void => modeChanged({ journal, suspensions, log, settings });
  modeNow();
  suspensions.resume();
  return {
    gate,
    policy: policyHandler,
    admin,
    journal,
    host,
    localDomains,
    mayRelay,
    milter,
    signing,
    scan,
    scripts,
    queue: mta !== undefined,
    mailLog: openLogSeen({ accounts, journal, count }),
    doors: (addresses) => void Object.assign(doors, addresses),
    reload(changed) {
      Object.assign(settings, settingsOf(changed));
      Object.assign(policy, policyOf(changed));
      modeNow();
      for (const part of [signing, scan, scripts]) part.configure(changed);
      return needRestart(config, changed);
    },
  };
}

/** One of Postern's own notices, to nobody but the operator. */
function noticeCheck({ notices: { mail_to } }: Config, notices: Notices): GateDeps['isOurs'] {
  const operators = new Set(mail_to.map(addressKey));
  return ({ messageId, outside, local }) =>
    notices.isOurs(messageId) && [...outside, ...local].every((to) => operators.has(to));
}

function factsOf({ config, state }: DaemonOptions, host: string) {
  return {
    version,
    host,
    startedAt: clock.now(),
    ledgerPath: join(state, 'ledger.db'),
    defaultDomain: config.accounts.default_domain,
  };
}

async function openDoors(
  options: DaemonOptions,
  flows: Flows,
  counters: Counters,
  scope: AsyncDisposableStack,
): Promise<{ readonly addresses: Daemon['doors']; readonly sendmail: DaemonSendmail }> {
  const { config, log, token } = options;
  const { count } = counters;
  const { accounts, doors } = config;
  const limits = { connectionsMax: doors.sessions_max };
  const mode = Number.parseInt(doors.socket_mode, 8);
  const gate: Gate = flows.scripts.through(timed(flows, counters));
  const milterOptions = {
    defaultDomain: accounts.default_domain,
    localTransports: new Set(accounts.local_transports),
    localDomains: flows.localDomains,
    mayRelay: flows.mayRelay,
    localDaemons: new Set(accounts.local_services),
  };
  // The page first: it closes last, so that health is told to the end.
  const http = await opened(options, doors.http, mode, (where): Promise<HttpDoor> => {
    if ('path' in where) throw new OperatorError('config', 'doors.http must be inet:HOST:PORT');
    return openHttp(where, { admin: flows.admin, token, metrics: counters, log, count, clock });
  });
  if (http !== undefined) scope.use(http);
  const policy = await opened(options, doors.policy, mode, (where): Promise<Listener> => {
    const defaultDomain = accounts.default_domain;
    return openPolicy(where, { handler: flows.policy, log, count, defaultDomain, limits });
  });
  if (policy !== undefined) scope.use(policy);
  const { host, signing } = flows;
  const keysOf = signing.keys.of;
  const inbound = openInbound({ config, host, counters, clock, log, keysOf }, scope);
  const reading = readTogether(
    inbound === undefined ? [signing.reading] : [signing.reading, inbound],
  );
  const { journal } = flows;
  const moved = (address: string): void => flows.doors({ sendmail: address });
  const sendmail = openDaemonSendmail({
    config,
    state: options.state,
    journal,
    clock,
    timers,
    log,
    count,
    moved,
    waiting: (messages) => counters.set('postern_sendmail_waiting', messages),
  });
  scope.defer(() => sendmail.close());
  const milter = await opened(
    options,
    doors.milter,
    mode,
    (where): Promise<Listener> =>
      openMilter(where, {
        gate,
        clock,
        log,
        count,
        limits,
        options: milterOptions,
        scanning: flows.scan.scanning,
        handovers: sendmail.handovers,
        ...(reading === undefined ? {} : { reading }),
      }),
  );
  if (milter !== undefined) {
    scope.use(milter);
    flows.milter.present = () => milter.connections > 0;
  }
  await sendmail.start();
  return {
    sendmail,
    addresses: {
      milter: milter?.address ?? 'off',
      policy: policy?.address ?? 'off',
      http: http?.address ?? 'off',
    },
  };
}

/** The mail log is read in the background: nothing waits for it, neither the start nor any mail. */
function mailLog(
  { config, log }: DaemonOptions,
  { journal, mailLog: handler, doors }: Flows,
  counters: Counters,
  scope: AsyncDisposableStack,
): void {
  const { mail_log, accounts, postfix } = config;
  if (mail_log.source === 'off' && mail_log.more.length === 0) return;
  scope.use(
    openMailLog({
      handler,
      clock,
      log,
      count: counters.count,
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
        doors({ log: names.length === 0 ? 'none found' : names.join(', ') });
        counters.set('postern_mail_log_reading', reading);
        counters.set('postern_mail_log_wanted', wanted);
      },
    }),
  );
}

/**
 * The gate as the milter door sees it: decisions are timed, and counted messages are told to the
 * policy door's flow.
 */
function timed(flows: Flows, counters: Counters): Gate {
  return {
    mayBegin: (submitter) => flows.gate.mayBegin(submitter),
    submit(message, by, answer) {
      const began = performance.now();
      if (message.id !== '') flows.policy.counted(message.id);
      flows.gate.submit(message, by, (said) => {
        counters.observe('postern_decision_seconds', (performance.now() - began) / 1000);
        flows.scan.statistics.seen(message, said.kind === 'pass' ? 'passed' : 'stopped');
        answer(said);
      });
    },
  };
}

/** Opens a door; where its port is taken and nobody insisted on it, on a free one. */
async function opened<Door>(
  options: DaemonOptions,
  address: string,
  mode: number,
  open: (where: SocketAddress) => Promise<Door>,
): Promise<Door | undefined> {
  const where = whereOf(address, mode);
  if (where === undefined) return undefined;
  try {
    return await open(where);
  } catch (error) {
    if (!options.movable || 'path' in where || !isTaken(error)) throw error;
    options.log('info', 'door.moved', { wanted: address });
    return open({ host: where.host, port: 0 });
  }
}

function isTaken(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ('code' in cause && cause.code === 'EADDRINUSE') return true;
  }
  return false;
}

function noticeChannels(config: Config, host: string): readonly NoticeChannel[] {
  const { mail_to, webhook, webhook_secret_file } = config.notices;
  const channels: NoticeChannel[] = [];
  if (mail_to.length > 0) channels.push(noticeMail({ to: mail_to, ...mailServerOf(config, host) }));
  if (webhook !== '') {
    const secret = webhook_secret_file === '' ? '' : readSecretFile(webhook_secret_file);
    channels.push(noticeWebhook({ url: webhook, secret }));
  }
  return channels;
}

function prune(journal: Journal, config: Config): () => void {
  const run = (): void => {
    const now = clock.now();
    journal.prune({
      messages: (now - duration(config.ledger.keep_messages)) as Millis,
      stories: (now - duration(config.ledger.keep_stories)) as Millis,
      statistics: (now - duration(config.ledger.keep_statistics)) as Millis,
    });
  };
  return startTimer(pruneEveryMs, run);
}
