/**
 * Opens the flows and wires them: what is remembered, what judges, what stops an account, who reads
 * messages.
 */
import { randomInt } from 'node:crypto';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import type { Config } from '../config/schema.ts';
import { mailServerOf, policyOf } from '../config/values.ts';
import type { Policy } from '../core/account/policy.ts';
import type { Account, LoginDomains } from '../core/account-name.ts';
import type { DoorPlaces } from '../core/checklist/doors.ts';
import type { ReplyClassifier } from '../core/replies/classified.ts';
import { type Accounts, openAccounts } from '../flow/account/accounts.ts';
import { type Exemptions, openExemptions } from '../flow/account/exemptions.ts';
import { openHeldCount } from '../flow/account/held-count.ts';
import { type HeldFull, openHeldFull } from '../flow/account/held-full.ts';
import { type GateDeps, openGate } from '../flow/account/message-submitted.ts';
import { openPolicyHandler } from '../flow/account/recipient-asked.ts';
import { type Feed, openFeed } from '../flow/account/verdict-feed.ts';
import { type AdminDeps, openAdmin } from '../flow/admin/admin.ts';
import type { BypassMeter } from '../flow/bypass/bypass-meter.ts';
import { type DoorNotes, openDoorNotes } from '../flow/bypass/door-notes.ts';
import { type Journal, openJournal } from '../flow/journal/journal.ts';
import { openMessagePath } from '../flow/message-path.ts';
import { type Notices, openNotices } from '../flow/notices/notices.ts';
import { type NoticeLog, openNoticeLog } from '../flow/notices/operator-told.ts';
import { openTroubles } from '../flow/notices/troubles.ts';
import { openWeakPasswords, type WeakPasswords } from '../flow/passwords/passwords-audited.ts';
import type { Settings } from '../flow/settings.ts';
import { shareAnswers } from '../flow/stats/shared-answers.ts';
import { modeChanged } from '../flow/suspension/mode-changed.ts';
import { addressKey } from '../formats/message/address.ts';
import { dayMs, type Millis } from '../lib/time.ts';
import type { Mutable } from '../lib/type-tools.ts';
import { noticeMail } from '../partners/notices/mail.ts';
import { noticeWebhook } from '../partners/notices/webhook.ts';
import { readSecretFile } from '../partners/secret-file.ts';
import type { Admin } from '../ports/admin.ts';
import type { AuthorRights } from '../ports/authors.ts';
import type { Ledger } from '../ports/ledger.ts';
import type { NoticeChannel } from '../ports/mail-server.ts';
import type { LogHandler, MessagePath, PolicyHandler } from '../ports/message.ts';
import type { Troubles } from '../ports/troubles.ts';
import { version } from '../version.ts';
import type { ConnectedReader } from './base/connected.ts';
import type { DaemonParts } from './base/options.ts';
import { duration, needRestart, settingsOf } from './base/settings.ts';
import { startTimer } from './base/timers.ts';
import { openDaemonLog } from './daemon-log.ts';
import { type DaemonFates, openDaemonFates } from './fates.ts';
import { startGauges } from './gauges.ts';
import { incidentSources, openDaemonLanes } from './lanes.ts';
import { openMailServer } from './mail-server.ts';
import { openDaemonAuthors } from './readers/authors.ts';
import { openInbound } from './readers/inbound.ts';
import { openDaemonReplies } from './readers/replies.ts';
import { openDaemonScan } from './readers/scan.ts';
import { openDaemonScripts } from './readers/scripts.ts';
import { openDaemonSigning } from './readers/signing.ts';
import { openStopping, type Stopping } from './stopping.ts';

export type Flows = {
  /** Postern can move mail in the queue of the mail server. */
  readonly queue: boolean;
  readonly path: MessagePath;
  readonly policy: PolicyHandler;
  readonly admin: Admin;
  readonly mailLog: LogHandler;
  readonly bypass: Pick<BypassMeter, 'reading'>;
  /** Takes where the doors for Postfix are now. */
  setDoorPlaces(places: () => DoorPlaces): void;
  readonly journal: Journal;
  readonly localDomains: ReadonlySet<string>;
  readonly localTransports: Pick<ReadonlySet<string>, 'has'>;
  readonly loginDomains: LoginDomains;
  readonly mayRelay: (client: string) => boolean;
  /** What `postern connect` found out about Postfix. */
  readonly connected: ConnectedReader;
  /** Takes the question whether the mail server is connected to the milter door now. */
  setMilterPresent(present: () => boolean): void;
  /** For mail of this machine that would be held beyond the limit. */
  readonly heldFull: HeldFull;
  /** Remembers what became of messages. */
  readonly fates: DaemonFates;
  /** Takes what is wrong with a part, for /health and the operator. */
  readonly troubles: Troubles;
  /** Takes addresses of doors, for `postern status`. */
  doors(addresses: Readonly<Record<string, string>>): void;
  reload(config: Config): readonly string[];
};

/** Changed in place by a reload. */
type Live = { readonly settings: Mutable<Settings>; readonly policy: Mutable<Policy> };

type Memory = {
  readonly journal: Journal;
  readonly accounts: Accounts;
  readonly exemptions: Exemptions;
  readonly weakPasswords: WeakPasswords;
  readonly feed: Feed;
  readonly notices: Notices;
  readonly told: NoticeLog;
  readonly troubles: Troubles;
  readonly notes: DoorNotes;
};

const pruneEveryMs = dayMs / 24;
const iso = (at: Millis): string => new Date(at).toISOString();

export function openFlows(parts: DaemonParts, ledger: Ledger): Flows {
  const { config, counters, scope, world } = parts;
  const live: Live = { settings: settingsOf(config), policy: policyOf(config, machineAddresses()) };
  const memory = openMemory(parts, ledger, live);
  const mailServer = openMailServer({ config, state: parts.state, log: world.log });
  const { localDomains, localTransports, loginDomains } = mailServer;
  scope.defer(mailServer.close);
  const readers = openReaders(parts, ledger, { ...memory, ...mailServer });
  const replies = openDaemonReplies(config);
  const lanes = openDaemonLanes(parts, { ...memory, ...replies, ledger });
  const fates = openDaemonFates(parts, { ...memory, ledger, lanes });
  const stops = { keys: readers.signing.probation, fates: fates.store, settings: live.settings };
  const stopping = openStopping(parts, memory, { ...mailServer, ...stops });
  const judging = openJudging(parts, { ...memory, ...stopping }, { ...live, localDomains });
  const logDeps = { ...memory, ...stopping, fates, replies: replies.classifier };
  const mailLog = openLogFlow(parts, logDeps, mailServer);
  const doors: Record<string, string> = {};
  const admin = openFlowsAdmin(
    parts,
    { ...memory, ...stopping, loginDomains, bypass: mailLog.bypass, settings: live.settings },
    {
      ledger,
      lanes,
      incidents: incidentSources(parts, { ...replies, lanes }),
      fates: fates.store,
      logShapes: fates.logHealth.shapes,
      ...readers.admin,
      stats: shareAnswers(ledger.statsAside, world.clock),
      doors: () => ({ ...doors, ...readers.scan.doors() }),
    },
  );
  const { journal } = memory;
  scope.defer(startPruning(parts, journal));
  scope.defer(startGauges(counters, admin, live.settings));
  const setMode = (): void => modeChanged({ ...stopping, journal, world, settings: live.settings });
  setMode();
  stopping.suspensions.resume();
  return {
    path: openMessagePath({
      readers: readers.sources,
      authors: readers.signing.authors,
      returns: mailLog.returns,
      direct: readers.scripts.direct,
      scripts: readers.scripts.register,
      gate: judging.gate,
      reservations: judging.policy,
      statistics: readers.scan.statistics,
      notes: memory.notes,
      fates,
      stopwatch: () => performance.now(),
      observe: counters.observe,
    }),
    policy: judging.policy,
    setMilterPresent: judging.setMilterPresent,
    admin,
    journal,
    localDomains,
    localTransports,
    loginDomains,
    mayRelay: mailServer.mayRelay,
    connected: mailServer.connected,
    queue: stopping.mta !== undefined,
    heldFull: openHeldFull({ ...memory, held: judging.held, world, settings: live.settings }),
    mailLog: mailLog.handler,
    bypass: mailLog.bypass,
    fates,
    setDoorPlaces: mailLog.setDoorPlaces,
    troubles: memory.troubles,
    doors: (addresses) => void Object.assign(doors, addresses),
    reload(changed) {
      Object.assign(live.settings, settingsOf(changed));
      Object.assign(live.policy, policyOf(changed, machineAddresses()));
      setMode();
      for (const part of [...readers.changing, fates, lanes, replies]) part.configure(changed);
      return needRestart(config, changed);
    },
  };
}

/** Opens what takes the mail log. */
function openLogFlow(
  parts: DaemonParts,
  memory: Memory & Stopping & { readonly fates: DaemonFates; readonly replies: ReplyClassifier },
  { connected, filterUsers, localDomains, mayRelay }: ReturnType<typeof openMailServer>,
): ReturnType<typeof openDaemonLog> {
  return openDaemonLog(parts, {
    ...memory,
    localDomains,
    mayRelay,
    connected,
    filterUsers,
    webUsers: parts.config.scripts.web_users,
    isNotice: (messageId) => memory.notices.isOurs(messageId),
    renamed: (...about) => memory.suspensions.renamed(...about),
  });
}

/** Opens what is remembered, and the notices to the operator, which are remembered too. */
function openMemory(parts: DaemonParts, ledger: Ledger, { settings, policy }: Live): Memory {
  const { config, counters, host, scope, world } = parts;
  const onState = (to: 'ok' | 'failing'): void => {
    counters.set('postern_ledger_ok', to === 'ok' ? 1 : 0);
    if (to === 'failing') told.ledgerFailing(journal.state().why);
  };
  const journal = openJournal({ world, ledger, onState });
  scope.defer(() => journal.close());
  const accounts = openAccounts(journal, policy, randomInt(2 ** 32));
  scope.defer(() => accounts.saveBaseline());
  const weakPasswords = openWeakPasswords(ledger.weakPasswords(), {
    journal,
    world,
    defaultDomain: config.accounts.default_domain,
  });
  const channels = noticeChannels(config, host);
  const notices = openNotices({
    world,
    journal,
    channels,
    pageUrl: config.notices.page_url,
    isSuspended: (account) => accounts.known(account as Account)?.state === 'suspended',
  });
  scope.defer(() => notices.close());
  const told = openNoticeLog({ world, notices, settings, host, iso });
  return {
    journal,
    accounts,
    exemptions: openExemptions(ledger.exemptions()),
    weakPasswords,
    feed: openFeed(),
    notices,
    told,
    troubles: openTroubles({ world, told }),
    notes: openDoorNotes(world.clock, () => accounts.context.people.seed),
  };
}

/** Opens what judges: the gate for whole messages, and the handler of the policy door. */
function openJudging(
  { config, world }: DaemonParts,
  memory: Memory & Stopping,
  { settings, localDomains }: Live & { readonly localDomains: ReadonlySet<string> },
) {
  const { accounts, exemptions, feed, journal, notices, suspensions, told, weakPasswords } = memory;
  const held = openHeldCount(journal, world.clock, memory.mta !== undefined);
  const gate = openGate({
    world,
    accounts,
    journal,
    exemptions,
    weakPasswords,
    feed,
    settings,
    held,
    isOurs: noticeCheck(config, notices),
    suspending: (...about) => suspensions.suspending(...about),
    holding: (story) => told.holding(story),
    full: (story, sum) => told.full(story, sum),
  });
  let milterPresent = (): boolean => false;
  const policy = openPolicyHandler({
    gate,
    accounts,
    world,
    settings,
    localDomains,
    milterPresent: () => milterPresent(),
  });
  const setMilterPresent = (present: () => boolean): void => {
    milterPresent = present;
  };
  return { gate, held, policy, setMilterPresent };
}

/** Opens what reads messages and what counts them, in the order of their edits. */
function openReaders(
  parts: DaemonParts,
  ledger: Ledger,
  known: Memory &
    Pick<
      ReturnType<typeof openMailServer>,
      'connected' | 'localDomains' | 'loginDomains' | 'toolsOf'
    >,
) {
  const { journal } = known;
  const rights: AuthorRights = { ask: (...about) => authors.rights.ask(...about) };
  const signing = openDaemonSigning(parts, { ...known, rights, iso });
  const hasKey = (domain: string): boolean => signing.keys.of(domain).length > 0;
  const authors = openDaemonAuthors(parts, { ...known, ledger, hasKey, iso });
  const scan = openDaemonScan(parts, journal);
  const scripts = openDaemonScripts(parts, { journal, ledger });
  const inbound = openInbound({ ...parts, keysOf: signing.keys.of }, parts.scope);
  const all = [scan.source, signing.source, inbound];
  return {
    signing,
    authors,
    scan,
    scripts,
    sources: all.filter((source) => source !== undefined),
    changing: [signing, authors, scan, scripts],
    admin: {
      dkim: signing.keys.admin,
      probation: signing.probation,
      foreign: signing.foreign,
      scripts: scripts.admin,
      authors: authors.admin,
      remembering: [signing.foreign, authors.observation],
    },
  };
}

function openFlowsAdmin(
  { host, state, world }: DaemonParts,
  memory: Memory &
    Stopping &
    Pick<AdminDeps, 'bypass' | 'settings'> & {
      readonly loginDomains: LoginDomains;
    },
  more: Pick<
    AdminDeps,
    | 'authors'
    | 'dkim'
    | 'doors'
    | 'fates'
    | 'foreign'
    | 'incidents'
    | 'lanes'
    | 'ledger'
    | 'logShapes'
    | 'probation'
    | 'remembering'
    | 'scripts'
    | 'stats'
  >,
): Admin {
  const facts = {
    version,
    host,
    startedAt: world.clock.now(),
    ledgerPath: join(state, 'ledger.db'),
    defaultDomain: memory.loginDomains,
  };
  return openAdmin({ ...memory, ...more, world, facts, iso });
}

function machineAddresses(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap(
    (list) => list?.map((one) => one.address) ?? [],
  );
}

/** Recognises Postern's own notices that go to nobody but the operator. */
function noticeCheck({ notices: { mail_to } }: Config, notices: Notices): GateDeps['isOurs'] {
  const operators = new Set(mail_to.map(addressKey));
  return ({ messageId, outside, local }) =>
    notices.isOurs(messageId) && [...outside, ...local].every((to) => operators.has(to));
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

/** Prunes the journal from time to time. Answers with a function that stops. */
function startPruning({ config, world }: DaemonParts, journal: Journal): () => void {
  const run = (): void => {
    const now = world.clock.now();
    journal.prune({
      messages: (now - duration(config.ledger.keep_messages)) as Millis,
      stories: (now - duration(config.ledger.keep_stories)) as Millis,
      statistics: (now - duration(config.ledger.keep_statistics)) as Millis,
    });
  };
  return startTimer(pruneEveryMs, run);
}
