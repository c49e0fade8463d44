/**
 * Opens the flows and wires them: what is remembered, what judges, what stops an account, who reads
 * messages.
 */
import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import type { Config } from '../config/schema.ts';
import { policyOf } from '../config/values.ts';
import type { Policy } from '../core/account/policy.ts';
import type { Account, LoginDomains } from '../core/account-name.ts';
import type { DoorPlaces } from '../core/checklist/doors.ts';
import type { ReplyClassifier } from '../core/replies/classified.ts';
import { type Accounts, openAccounts } from '../flow/account/accounts.ts';
import { type Exemptions, openExemptions } from '../flow/account/exemptions.ts';
import { openHeldCount } from '../flow/account/held-count.ts';
import { type HeldFull, openHeldFull } from '../flow/account/held-full.ts';
import { openGate } from '../flow/account/message-submitted.ts';
import { openPolicyHandler, type RecipientAskedDeps } from '../flow/account/recipient-asked.ts';
import { type Feed, openFeed } from '../flow/account/verdict-feed.ts';
import { type AdminDeps, openAdmin } from '../flow/admin/admin.ts';
import type { BypassMeter } from '../flow/bypass/bypass-meter.ts';
import { type DoorNotes, openDoorNotes } from '../flow/bypass/door-notes.ts';
import { type Checklist, openChecklist } from '../flow/checklist/checklist-noted.ts';
import { type Journal, openJournal } from '../flow/journal/journal.ts';
import { type MessagePathDeps, openMessagePath } from '../flow/message-path.ts';
import { type Notices, openNotices } from '../flow/notices/notices.ts';
import { type NoticeLog, openNoticeLog } from '../flow/notices/operator-told.ts';
import { openTroubles } from '../flow/notices/troubles.ts';
import { openWeakPasswords, type WeakPasswords } from '../flow/passwords/passwords-audited.ts';
import type { Settings } from '../flow/settings.ts';
import { shareAnswers } from '../flow/stats/shared-answers.ts';
import { openMode } from '../flow/suspension/mode-changed.ts';
import type { Millis } from '../lib/time.ts';
import type { Mutable } from '../lib/type-tools.ts';
import type { Admin } from '../ports/admin.ts';
import type { AuthorRights } from '../ports/authors.ts';
import type { Ledger } from '../ports/ledger.ts';
import type { LogHandler, MessagePath, PolicyHandler } from '../ports/message.ts';
import type { Troubles } from '../ports/troubles.ts';
import { version } from '../version.ts';
import type { ConnectedReader } from './base/connected.ts';
import { machineAddresses } from './base/machine.ts';
import type { DaemonParts } from './base/options.ts';
import { startPruning } from './base/pruning.ts';
import { needRestart, settingsOf } from './base/settings.ts';
import { openDaemonLog } from './daemon-log.ts';
import { openDaemonDrill } from './drill/drill.ts';
import { type DaemonFates, openDaemonFates } from './fates.ts';
import { startGauges } from './gauges.ts';
import { incidentSources, openDaemonLanes } from './lanes.ts';
import { openMailServer } from './mail-server.ts';
import { noticeChannels, noticeCheck } from './notices.ts';
import { openDaemonAuthors } from './readers/authors.ts';
import { openInbound, openInboundResolver } from './readers/inbound.ts';
import { type DaemonReflection, openDaemonReflection } from './readers/reflection.ts';
import { openDaemonReplies } from './readers/replies.ts';
import { openDaemonScan } from './readers/scan.ts';
import { openDaemonScripts } from './readers/scripts.ts';
import { openDaemonSigning } from './readers/signing.ts';
import { openDaemonWaiting } from './readers/waiting.ts';
import { openStopping, type Stopping } from './stopping.ts';

export type Flows = {
  /** Postern can move mail in the queue of the mail server. */
  readonly queue: boolean;
  readonly path: MessagePath;
  readonly policy: PolicyHandler;
  readonly admin: Admin;
  readonly checklist: Checklist;
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
  const checklist = openChecklist({ ...memory, ...parts, ledger, iso });
  const stops = { keys: readers.signing.probation, fates: fates.store, settings: live.settings };
  const stopping = openStopping(parts, memory, { ...mailServer, ...stops, ...replies });
  const judged = { ...live, localDomains, strangers: readers.waiting.strangers };
  const judging = openJudging(parts, { ...memory, ...stopping }, judged);
  const logged = { ...memory, ...stopping, ...replies, ...readers.reflection, fates };
  const mailLog = openLogFlow(parts, logged, mailServer);
  const doors: Record<string, string> = {};
  const drilled = { ...memory, ...stopping, ...live, defaultDomain: loginDomains };
  const drill = openDaemonDrill(parts, drilled);
  const mode = openMode({ ...stopping, ...memory, world, settings: live.settings });
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
      checklist,
      remembering: [...readers.admin.remembering, checklist],
      stats: shareAnswers(ledger.statsAside, world.clock),
      doors: () => ({ ...doors, ...readers.scan.doors() }),
      drill: drill.admin,
      modeNotes: mode.notes,
    },
  );
  scope.defer(startPruning(parts, memory.journal, readers.waiting.knownOlderThan));
  const { live: reads } = memory.journal;
  scope.defer(startGauges({ counters, admin, settings: live.settings, live: reads }));
  mode.changed();
  stopping.suspensions.resume();
  return {
    path: drill.path(
      openPath({ ...memory, ...judging, returns: mailLog.returns, readers, fates, counters }),
    ),
    policy: drill.policy(judging.policy),
    setMilterPresent: judging.setMilterPresent,
    admin,
    checklist,
    journal: memory.journal,
    localDomains,
    localTransports,
    loginDomains,
    mayRelay: mailServer.mayRelay,
    connected: mailServer.connected,
    queue: stopping.mta !== undefined,
    heldFull: openHeldFull({ ...memory, held: judging.held, world, settings: live.settings }),
    mailLog: drill.mailLog(mailLog.handler),
    bypass: mailLog.bypass,
    fates,
    setDoorPlaces: mailLog.setDoorPlaces,
    troubles: memory.troubles,
    doors: (addresses) => void Object.assign(doors, addresses),
    reload(changed) {
      Object.assign(live.settings, settingsOf(changed));
      Object.assign(live.policy, policyOf(changed, machineAddresses()));
      mode.changed();
      for (const part of [...readers.changing, fates, lanes, replies]) part.configure(changed);
      return needRestart(config, changed);
    },
  };
}

/** Opens the way of a message. */
function openPath({
  readers,
  gate,
  policy,
  ...more
}: Pick<MessagePathDeps, 'returns' | 'notes' | 'fates' | 'gate'> & {
  readonly readers: ReturnType<typeof openReaders>;
  readonly policy: MessagePathDeps['reservations'];
  readonly counters: DaemonParts['counters'];
}): ReturnType<typeof openMessagePath> {
  return openMessagePath({
    readers: readers.sources,
    authors: readers.signing.authors,
    returns: more.returns,
    direct: readers.scripts.direct,
    scripts: readers.scripts.register,
    gate,
    reservations: policy,
    statistics: readers.scan.statistics,
    notes: more.notes,
    wrote: readers.reflection.wrote,
    fates: more.fates,
    stopwatch: () => performance.now(),
    observe: more.counters.observe,
  });
}

/** Opens what takes the mail log. */
function openLogFlow(
  parts: DaemonParts,
  memory: Memory &
    Stopping & {
      readonly fates: DaemonFates;
      readonly classifier: ReplyClassifier;
    } & Pick<DaemonReflection, 'ownBounces'>,
  { connected, filterUsers, localDomains, mayRelay }: ReturnType<typeof openMailServer>,
): ReturnType<typeof openDaemonLog> {
  return openDaemonLog(parts, {
    ...memory,
    replies: memory.classifier,
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
  const { config, counters, host, own, scope, world } = parts;
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
  const channels = noticeChannels(config, host, own);
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
  of: Live & Pick<RecipientAskedDeps, 'localDomains' | 'strangers'>,
) {
  const { accounts, exemptions, feed, journal, notices, suspensions, told, weakPasswords } = memory;
  const { settings } = of;
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
    ...of,
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
      'connected' | 'letGo' | 'localDomains' | 'loginDomains' | 'mayRelay' | 'mta' | 'toolsOf'
    >,
) {
  const { journal } = known;
  const rights: AuthorRights = { ask: (...about) => authors.rights.ask(...about) };
  const signing = openDaemonSigning(parts, { ...known, rights, iso });
  const hasKey = (domain: string): boolean => signing.keys.of(domain).length > 0;
  const authors = openDaemonAuthors(parts, { ...known, ledger, hasKey, iso });
  const scan = openDaemonScan(parts, journal);
  const scripts = openDaemonScripts(parts, { journal, ledger });
  const resolve = openInboundResolver(parts, parts.scope);
  const waiting = openDaemonWaiting(parts, {
    ...known,
    ledger,
    iso,
    resolve,
    seed: () => known.accounts.context.people.seed,
    queues: scan.queues,
    isProvenReturn: (queueId) => reflection.returns.isProven(queueId),
    spam: (queueId) => reflection.answers.isSpam(queueId),
  });
  const keysOf = signing.keys.of;
  const reflection = openDaemonReflection(parts, { ...known, waiting, keysOf });
  const { judge } = waiting;
  const { heard } = reflection;
  const inbound = openInbound({ ...parts, keysOf, resolve, judge, heard });
  const all = [scan.source, signing.source, ...reflection.sources, inbound];
  return {
    signing,
    authors,
    scan,
    scripts,
    sources: all.filter((source) => source !== undefined),
    waiting,
    reflection,
    changing: [signing, authors, scan, scripts, waiting, reflection],
    admin: {
      dkim: signing.keys.admin,
      probation: signing.probation,
      foreign: signing.foreign,
      scripts: scripts.admin,
      authors: authors.admin,
      inbound: waiting.admin,
      returns: reflection.returns,
      remembering: [signing.foreign, authors.observation, waiting],
    },
  };
}

function openFlowsAdmin(
  { host, own, state, world }: DaemonParts,
  memory: Memory &
    Stopping &
    Pick<AdminDeps, 'bypass' | 'settings'> & {
      readonly loginDomains: LoginDomains;
    },
  more: Omit<AdminDeps, keyof typeof memory | 'facts' | 'iso' | 'world'>,
): Admin {
  const facts = {
    version,
    host,
    own: { program: own.program, options: own.options },
    startedAt: world.clock.now(),
    ledgerPath: join(state, 'ledger.db'),
    defaultDomain: memory.loginDomains,
  };
  return openAdmin({ ...memory, ...more, world, facts, iso });
}
