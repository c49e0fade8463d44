/**
 * The flows of the daemon over a real ledger in memory, wired as daemon.ts does it, with time in
 * the test's hand: a clock that only `pass` and `jump` move, a mail queue, a login door and two
 * channels for notices that do as they are told. `order` has what happened, in order.
 */
import { noCeilings, type Policy } from '../../src/core/account/policy.ts';
import type { Account } from '../../src/core/account-name.ts';
import type { Submission } from '../../src/core/event.ts';
import type { Notice } from '../../src/core/notice.ts';
import { usualCommand } from '../../src/core/own-command.ts';
import type { ScriptMode } from '../../src/core/scripts/rules.ts';
import { type Accounts, openAccounts } from '../../src/flow/account/accounts.ts';
import { type Exemptions, openExemptions } from '../../src/flow/account/exemptions.ts';
import { openHeldCount } from '../../src/flow/account/held-count.ts';
import { openGate } from '../../src/flow/account/message-submitted.ts';
import { openPolicyHandler } from '../../src/flow/account/recipient-asked.ts';
import { type Feed, openFeed } from '../../src/flow/account/verdict-feed.ts';
import { openAdmin } from '../../src/flow/admin/admin.ts';
import { openBrakeAdmin } from '../../src/flow/brake/brake-admin.ts';
import { openBrake } from '../../src/flow/brake/brake-kept.ts';
import { openChecklist } from '../../src/flow/checklist/checklist-noted.ts';
import { incidentKnown } from '../../src/flow/fate/account-facts.ts';
import { openMessageFates } from '../../src/flow/fate/message-fates.ts';
import { type Journal, type JournalState, openJournal } from '../../src/flow/journal/journal.ts';
import { openMessagePath } from '../../src/flow/message-path.ts';
import { type Notices, openNotices } from '../../src/flow/notices/notices.ts';
import { type NoticeLog, openNoticeLog } from '../../src/flow/notices/operator-told.ts';
import { openPassedTold } from '../../src/flow/notices/passed-told.ts';
import { openReminders } from '../../src/flow/notices/reminders.ts';
import { openWeakPasswords } from '../../src/flow/passwords/passwords-audited.ts';
import { openScripts, type Scripts } from '../../src/flow/scripts/script-mailed.ts';
import type { Settings } from '../../src/flow/settings.ts';
import { openSuspensions, type Suspensions } from '../../src/flow/suspension/account-suspended.ts';
import { openReview } from '../../src/flow/suspension/held-review.ts';
import { inMemory, openLedger } from '../../src/ledger/sqlite/open.ts';
import { OperatorError } from '../../src/lib/operator-error.ts';
import type { Millis } from '../../src/lib/time.ts';
import type { Admin } from '../../src/ports/admin.ts';
import type { AccountKeys } from '../../src/ports/keys.ts';
import type { Ledger } from '../../src/ports/ledger.ts';
import type { NoticeChannel } from '../../src/ports/mail-server.ts';
import type { Answer, MessagePath, Submitter } from '../../src/ports/message.ts';
import type { Clock, World } from '../../src/ports/world.ts';
import { agreeableAuthors } from '../doubles/authors.ts';
import { collectedFates } from '../doubles/fates.ts';
import { agreeableInbound } from '../doubles/inbound.ts';
import { withoutLanes } from '../doubles/incidents.ts';
import { noKeys } from '../doubles/keys.ts';
import { noLanes } from '../doubles/lanes.ts';
import { openPeople } from '../doubles/mailings.ts';
import { noAuthors } from '../doubles/path.ts';
import { scriptedScan } from '../doubles/scan.ts';
import { settingsOfTests } from '../doubles/settings.ts';
import { scriptedFacts, scriptedStart } from '../doubles/start.ts';
import { ManualTime } from './manual-time.ts';
import { ScriptedLogins, ScriptedQueue, scriptedChannel } from './scripted-hands.ts';

export const start: Millis = Date.UTC(2026, 0, 5, 10) as Millis; // a Monday

export type RigOptions = {
  readonly settings?: Partial<Settings>;
  readonly policy?: Partial<Policy>;
  /** A ledger that was used before: a restart. */
  readonly ledger?: Ledger;
  readonly at?: number;
  readonly milterPresent?: () => boolean;
  readonly keys?: AccountKeys;
  readonly channels?: readonly NoticeChannel['name'][];
  /** Owners of accounts are told too. */
  readonly owners?: true;
};
type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

export type FlowRig = {
  readonly time: ManualTime;
  readonly order: string[];
  readonly logged: string[];
  readonly counted: Map<string, number>;
  readonly settings: Mutable<Settings>;
  readonly ledger: Ledger;
  readonly journal: Journal;
  readonly accounts: Accounts;
  readonly exemptions: Exemptions;
  readonly feed: Feed;
  readonly notices: Notices;
  readonly told: NoticeLog;
  readonly suspensions: Suspensions;
  readonly gate: ReturnType<typeof openGate>;
  readonly scripts: Scripts;
  readonly scriptSettings: { mode: ScriptMode; trustedUsers: Set<string> };
  readonly policyHandler: ReturnType<typeof openPolicyHandler>;
  readonly admin: Admin;
  readonly review: () => Promise<void>;
  readonly queue: ScriptedQueue;
  readonly logins: ScriptedLogins;
  /** What each channel has taken. */
  readonly taken: { readonly channel: string; readonly notice: Notice }[];
  /** Channels that take nothing now. */
  readonly blocked: Set<string>;
  /** Channels whose other end says that there is no such mailbox. */
  readonly noMailbox: Set<string>;
  /** Channels that answer only when this resolves. */
  readonly wait: Map<string, Promise<void>>;
  breakDisk(broken: boolean): void;
  /** What the journal said of itself. */
  readonly states: readonly JournalState[];
  /** Sends a test message; its answers so far. A message that passed or is held is in the queue. */
  send(message: TestMessage): { readonly id: string; readonly answers: readonly Answer[] };
  /** As send, after all that it caused. */
  mail(message: TestMessage): Promise<Answer>;
  /** Sends spam every ten seconds until the account is suspended; answers how many passed. */
  hijack(account: string, most?: number): Promise<number>;
};

export type TestMessage = Partial<Omit<Submission, 'account' | 'outside' | 'local'>> & {
  readonly account: string;
  readonly to?: readonly string[];
  readonly local?: readonly string[];
  readonly by?: Submitter['by'];
};

type Days = ReturnType<typeof collectedFates>;

export function openRig(options: RigOptions = {}): FlowRig {
  const days = collectedFates();
  const time = new ManualTime(options.at ?? start);
  const order: string[] = [];
  const logged: string[] = [];
  const counted = new Map<string, number>();
  const settings = { ...settingsOfTests, ...options.settings };
  const disk = { broken: false };
  const ledger = watched(options.ledger ?? openLedger(inMemory), order, disk);
  const clock: Clock = { now: () => time.now() };
  let ids = 0;
  const world: World = {
    clock,
    timers: time,
    log: (level, event) => void logged.push(`${level} ${event}`),
    count: (name, by = 1, label = '') => {
      const key = label === '' ? name : `${name} ${label}`;
      counted.set(key, (counted.get(key) ?? 0) + by);
    },
    newId: () => `id-${++ids}`,
  };
  const iso = (at: Millis): string => new Date(at).toISOString();
  const host = 'mail.test';
  const journal = openJournal({
    world,
    ledger,
    onState: (to) => {
      states.push(to);
      if (to === 'failing') told.ledgerFailing(journal.state().why);
    },
  });
  const braking = openBrake({ journal, world, host, iso, notices: () => notices });
  const policy = { ...noCeilings, ...options.policy };
  const accounts = openAccounts(journal, policy, 7, { brake: braking.brake });
  const exemptions = openExemptions(ledger.exemptions());
  const audited = { journal, world, defaultDomain: '' };
  const weakPasswords = openWeakPasswords(ledger.weakPasswords(), audited);
  const feed = openFeed();
  const taken: { channel: string; notice: Notice }[] = [];
  const blocked = new Set<string>();
  const states: JournalState[] = [];
  const wait = new Map<string, Promise<void>>();
  const noMailbox = new Set<string>();
  const ends = { order, taken, blocked, noMailbox, wait };
  const channels = (options.channels ?? ['mail', 'webhook']).map((name) =>
    scriptedChannel(name, ends),
  );
  const notices = openNotices({
    world,
    journal,
    channels,
    ...(options.owners && { owner: { ...scriptedChannel('owner', ends), takes: () => true } }),
    isSuspended: (account) => accounts.known(account as Account)?.state === 'suspended',
  });
  const queue = new ScriptedQueue(order);
  const logins = new ScriptedLogins(order);
  const { why: weakPassword } = weakPasswords;
  const mail = { fates: days, live: journal.live, log: () => 'off' as const, now: clock.now };
  const asked = { ...mail, weakPassword, replies: withoutLanes.replies };
  const suspensions = openSuspensions({
    accounts,
    journal,
    notices,
    mta: queue,
    logins,
    ...(options.keys === undefined ? {} : { keys: options.keys }),
    world,
    host,
    settings,
    iso,
    known: (incident) => incidentKnown(asked, incident, world.log),
  });
  const told = openNoticeLog({ notices, world, host, iso });
  openReminders({ accounts, journal, notices, world, settings, host, iso });
  const { review } = openReview({ accounts, journal, suspensions, mta: queue, world, settings });
  const people = openPeople({ ...audited, accounts, ledger, iso });
  const gate = openGate({
    ...people,
    accounts,
    journal,
    exemptions,
    weakPasswords,
    feed,
    world,
    settings,
    isOurs: ({ messageId }) => notices.isOurs(messageId),
    suspending: (...about) => suspensions.suspending(...about),
    holding: (story, waits) => told.holding(story, waits),
    telling: openPassedTold({ notices, world, settings, host, iso }),
    held: openHeldCount(journal, clock, true),
    passed: () => undefined,
    full: (story, held) => told.full(story, held),
  });
  const scriptSettings = { mode: 'observe' as ScriptMode, trustedUsers: new Set<string>() };
  const scripts = openScripts({ world, stored: ledger, journal, settings: scriptSettings });
  const policyHandler = openPolicyHandler({
    gate,
    accounts,
    world,
    settings,
    localDomains: new Set(['here.test']),
    strangers: (_request, answer) => answer({ kind: 'pass' }),
    milterPresent: options.milterPresent ?? (() => false),
  });
  const admin = openAdmin({
    ...people,
    lanes: noLanes,
    brake: openBrakeAdmin({ braking, accounts, journal, mta: queue, world }),
    modeNotes: { wanted: () => ({ ok: true, count: 0, text: '' }) },
    incidents: withoutLanes,
    dkim: noKeys,
    probation: { text: () => '' },
    stats: ledger.statsAside,
    foreign: { latest: () => [] },
    returns: { view: () => ({ days: [], since: time.now() }) },
    inbound: agreeableInbound([], clock.now),
    scripts: { ...scripts.admin, whose: async () => undefined },
    authors: agreeableAuthors([]),
    checklist: openChecklist({ ledger, journal, notices, world, host, iso, own: usualCommand }),
    accounts,
    journal,
    exemptions,
    suspensions,
    notices,
    feed,
    mta: queue,
    world,
    facts: { ...scriptedFacts, host, startedAt: time.now() },
    settings,
    iso,
    weakPasswords,
    doors: () => ({}),
    troubles: { all: () => [] },
    ledger,
    fates: { ...days, forget: async () => 0 },
    remembering: [],
    logShapes: () => [],
    bypass: { view: () => ({ watched: 'off', since: time.now(), messages: 0, ways: [] }) },
  });
  const send = sender(pathOf({ accounts, days, gate, scripts }), queue, order, clock);
  return {
    time,
    order,
    logged,
    counted,
    settings,
    ledger,
    journal,
    accounts,
    exemptions,
    feed,
    notices,
    told,
    suspensions,
    gate,
    policyHandler,
    scripts,
    scriptSettings,
    admin,
    review,
    queue,
    logins,
    taken,
    blocked,
    noMailbox,
    wait,
    states,
    breakDisk: (broken) => {
      disk.broken = broken;
    },
    send,
    ...mailing(send, time, accounts),
  };
}

/** The way of a message as the daemon wires it, without readers and without a policy door. */
function pathOf(
  rig: Pick<FlowRig, 'accounts' | 'gate' | 'scripts'> & { readonly days: Days },
): MessagePath {
  const store = { ...rig.days, logged: () => {}, attempted: () => {}, merged: () => {} };
  return openMessagePath({
    returns: { isReturned: (_message, answer) => answer(false) },
    gate: rig.gate,
    scripts: rig.scripts,
    readers: [],
    authors: noAuthors,
    webmail: { known: (message, _by, go) => go(message) },
    direct: { known: (message, _by, go) => go(message) },
    reservations: { counted: () => {} },
    statistics: { seen: () => {} },
    fates: openMessageFates({
      store,
      lanes: { attempted: () => {} },
      stateOf: (account) => rig.accounts.known(account)?.state,
    }),
    notes: { cameIn: () => {}, judged: () => {} },
    wrote: () => {},
    stopwatch: () => 0,
    observe: () => {},
  });
}

function sender(
  path: MessagePath,
  queue: ScriptedQueue,
  order: string[],
  clock: Clock,
): FlowRig['send'] {
  let sent = 0;
  return ({ account, to = [], local = [], by = 'login', ...more }) => {
    const id = more.id ?? `QUEUE${1_000 + ++sent}`;
    const answers: Answer[] = [];
    const message = { kind: 'send', at: clock.now(), ...more, id } as const;
    const who = account as Account;
    const said = (answer: Answer): void => {
      answers.push(answer);
      order.push(`answer ${answer.kind}`);
      if (answer.kind !== 'reply') queue.arrive(id, answer.kind === 'hold');
    };
    const submission = { ...message, account: who, outside: to, local };
    const passing = path.open(scriptedStart({ by, account: who, queueId: id }), undefined);
    passing.judge(submission, by, said, (run) => run());
    return { id, answers };
  };
}

function mailing(
  send: FlowRig['send'],
  time: ManualTime,
  accounts: Accounts,
): Pick<FlowRig, 'mail' | 'hijack'> {
  const mail: FlowRig['mail'] = async (message) => {
    const { answers } = send(message);
    await time.settle();
    const [answer] = answers;
    if (answer === undefined || answers.length > 1) throw new Error(`${answers.length} answers`);
    return answer;
  };
  return {
    mail,
    async hijack(account, most = 60) {
      let passed = 0;
      const scan = scriptedScan(9);
      for (let nth = 0; nth < most; nth++) {
        const to = [`stranger${nth}.${account}.${time.now()}@elsewhere.test`];
        if ((await mail({ account, to, scan })).kind === 'pass') passed++;
        if (accounts.known(account as Account)?.state === 'suspended') break;
        await time.pass(10_000);
      }
      return passed;
    },
  };
}

/** Each durable write is noted with the kinds in it. */
function watched(ledger: Ledger, order: string[], disk: { readonly broken: boolean }): Ledger {
  return {
    ...ledger,
    write(changes, how) {
      if (disk.broken) throw new OperatorError('ledger-write', 'the disk is full');
      ledger.write(changes, how);
      if (how.durable) order.push(`commit ${changes.map(({ kind }) => kind).join(' ')}`);
    },
  };
}
