/**
 * Opens the flows and wires them: what is remembered, what judges, what stops an account, who reads
 * messages.
 */
import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import type { Config } from '../config/schema.ts';
import { policyOf } from '../config/values.ts';
import type { Policy } from '../core/account/policy.ts';
import type { LoginDomains } from '../core/account-name.ts';
import type { DoorPlaces } from '../core/checklist/doors.ts';
import type { ReplyClassifier } from '../core/replies/classified.ts';
import { type Accounts, openAccounts } from '../flow/account/accounts.ts';
import { type Exemptions, openExemptions } from '../flow/account/exemptions.ts';
import { type HeldFull, openHeldFull } from '../flow/account/held-full.ts';
import { type Feed, openFeed } from '../flow/account/verdict-feed.ts';
import { type AdminDeps, openAdmin } from '../flow/admin/admin.ts';
import { openBrakeAdmin } from '../flow/brake/brake-admin.ts';
import { type KeptBrake, openBrake } from '../flow/brake/brake-kept.ts';
import type { BypassMeter } from '../flow/bypass/bypass-meter.ts';
import { type DoorNotes, openDoorNotes } from '../flow/bypass/door-notes.ts';
import { type Checklist, openChecklist } from '../flow/checklist/checklist-noted.ts';
import { type Imports, openImports } from '../flow/imports/imports.ts';
import { type Journal, openJournal } from '../flow/journal/journal.ts';
import { type Mailings, openMailings } from '../flow/mailings/mailings.ts';
import { type MessagePathDeps, openMessagePath } from '../flow/message-path.ts';
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
import { openJudging } from './judging.ts';
import { incidentSources, openDaemonLanes } from './lanes.ts';
import { openMailServer } from './mail-server.ts';
import { type DaemonNotices, openDaemonNotices } from './notices.ts';
import { openDaemonAuthors } from './readers/authors.ts';
import { type DaemonCorrespondents, openDaemonCorrespondents } from './readers/correspondents.ts';
import { openInbound, openInboundResolver } from './readers/inbound.ts';
import { type DaemonReflection, openDaemonReflection } from './readers/reflection.ts';
import { openDaemonReplies } from './readers/replies.ts';
import { openDaemonScan } from './readers/scan.ts';
import { openDaemonScripts } from './readers/scripts.ts';
import { openDaemonSigning } from './readers/signing.ts';
import { openDaemonWaiting } from './readers/waiting.ts';
import { type DaemonWebmail, openDaemonWebmail } from './readers/webmail.ts';
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
  readonly webmail: DaemonWebmail;
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
export type Live = { readonly settings: Mutable<Settings>; readonly policy: Mutable<Policy> };

export type DaemonMemory = DaemonNotices & {
  readonly journal: Journal;
  readonly accounts: Accounts;
  readonly braking: KeptBrake;
  readonly correspondents: DaemonCorrespondents;
  readonly exemptions: Exemptions;
  readonly mailings: Mailings;
  readonly imports: Imports;
  readonly weakPasswords: WeakPasswords;
  readonly feed: Feed;
  readonly troubles: Troubles;
  readonly notes: DoorNotes;
};

const iso = (at: Millis): string => new Date(at).toISOString();

export function openFlows(parts: DaemonParts, ledger: Ledger): Flows {
  const { config, counters, scope, world } = parts;
  const settings = { ...settingsOf(config), seed: 0 };
  const live: Live = { settings, policy: policyOf(config, machineAddresses()) };
  const mailServer = openMailServer({ config, state: parts.state, log: world.log });
  const memory = openMemory(parts, ledger, { ...live, ...mailServer });
  const { localDomains, loginDomains } = mailServer;
  scope.defer(mailServer.close);
  const webmail = openDaemonWebmail(parts, { ...mailServer, policy: live.policy });
  const readers = openReaders(parts, ledger, { ...memory, ...mailServer });
  const replies = openDaemonReplies(config);
  const lanes = openDaemonLanes(parts, { ...memory, ...replies, ledger });
  const fates = openDaemonFates(parts, { ...memory, ledger, lanes });
  const checklist = openChecklist({ ...memory, ...parts, ledger, iso });
  const stops = { keys: readers.signing.probation, fates: fates.store, settings: live.settings };
  const stopping = openStopping(parts, memory, { ...mailServer, ...stops, ...replies });
  const judged = { ...live, localDomains, strangers: readers.waiting.strangers };
  const judging = openJudging(parts, { ...memory, ...stopping }, judged);
  const logged = { ...memory, ...stopping, ...replies, ...readers.reflection, fates, webmail };
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
  scope.defer(startPruning(parts, memory.journal, readers.waiting.olderThan));
  const { live: reads } = memory.journal;
  scope.defer(startGauges({ counters, admin, settings: live.settings, live: reads }));
  const passing = { ...mailLog, readers, fates, counters, webmail: webmail.clients };
  mode.changed();
  stopping.suspensions.resume();
  return {
    path: drill.path(openPath({ ...memory, ...judging, ...passing })),
    policy: drill.policy(judging.policy),
    setMilterPresent: judging.setMilterPresent,
    admin,
    checklist,
    journal: memory.journal,
    ...mailServer,
    webmail,
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
}: Pick<MessagePathDeps, 'returns' | 'notes' | 'fates' | 'gate' | 'webmail'> & {
  readonly readers: ReturnType<typeof openReaders>;
  readonly policy: MessagePathDeps['reservations'];
  readonly counters: DaemonParts['counters'];
}): ReturnType<typeof openMessagePath> {
  return openMessagePath({
    readers: readers.sources,
    authors: readers.signing.authors,
    returns: more.returns,
    webmail: more.webmail,
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
  memory: DaemonMemory &
    Stopping & {
      readonly fates: DaemonFates;
      readonly webmail: DaemonWebmail;
      readonly classifier: ReplyClassifier;
    } & Pick<DaemonReflection, 'ownBounces'>,
  { connected, filterUsers, localDomains, mayRelay }: ReturnType<typeof openMailServer>,
): ReturnType<typeof openDaemonLog> {
  return openDaemonLog(parts, {
    ...memory,
    replies: memory.classifier,
    webmail: memory.webmail.logins,
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
function openMemory(
  parts: DaemonParts,
  ledger: Ledger,
  {
    localDomains,
    loginDomains,
    policy,
    settings,
  }: Live & Pick<ReturnType<typeof openMailServer>, 'localDomains' | 'loginDomains'>,
): DaemonMemory {
  const { config, counters, host, scope, world } = parts;
  const onState = (to: 'ok' | 'failing'): void => {
    counters.set('postern_ledger_ok', to === 'ok' ? 1 : 0);
    if (to === 'failing') told.ledgerFailing(journal.state().why);
  };
  const journal = openJournal({ world, ledger, onState });
  scope.defer(() => journal.close());
  const braking = openBrake({ journal, world, host, iso, notices: () => notices });
  scope.defer(() => braking.close());
  const seed = (): number => accounts.context.people.seed;
  const correspondents = openDaemonCorrespondents(parts, { journal, ledger, seed });
  const accounts = openAccounts(journal, policy, randomInt(2 ** 32), {
    people: correspondents.people,
    brake: braking.brake,
  });
  settings.seed = accounts.context.people.seed;
  scope.defer(() => accounts.saveBaseline());
  const people = { accounts, journal, ledger, world, iso, defaultDomain: loginDomains };
  const weakPasswords = openWeakPasswords(ledger.weakPasswords(), {
    journal,
    world,
    defaultDomain: config.accounts.default_domain,
  });
  const telling = openDaemonNotices(parts, { accounts, journal, localDomains, settings, iso });
  const { notices, told } = telling;
  return {
    journal,
    accounts,
    braking,
    correspondents,
    exemptions: openExemptions(ledger.exemptions()),
    mailings: openMailings(people),
    imports: openImports(people),
    weakPasswords,
    feed: openFeed(),
    ...telling,
    troubles: openTroubles({ world, told }),
    notes: openDoorNotes(world.clock, () => accounts.context.people.seed),
  };
}

/** Opens what reads messages and what counts them, in the order of their edits. */
function openReaders(
  parts: DaemonParts,
  ledger: Ledger,
  known: DaemonMemory &
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
  known.correspondents.setPlace(authors.place);
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
  memory: DaemonMemory &
    Stopping &
    Pick<AdminDeps, 'bypass' | 'settings'> & {
      readonly loginDomains: LoginDomains;
    },
  more: Omit<AdminDeps, keyof typeof memory | 'brake' | 'facts' | 'iso' | 'world'>,
): Admin {
  const facts = {
    version,
    host,
    own: { program: own.program, options: own.options },
    startedAt: world.clock.now(),
    ledgerPath: join(state, 'ledger.db'),
    defaultDomain: memory.loginDomains,
  };
  const brake = openBrakeAdmin({ ...memory, world });
  return openAdmin({ ...memory, ...more, brake, world, facts, iso });
}
