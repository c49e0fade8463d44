/**
 * An admin with a night's worth of made-up mail on it: for this door's tests, and for looking at
 * the status page without a mail server. It keeps to the promises of `Admin`; its state is a few
 * maps.
 */

import type { Account } from '../../src/core/account-name.ts';
import { usualCommand } from '../../src/core/own-command.ts';
import { unsignedText } from '../../src/core/unsigned-text.ts';
import { type AccountState, usualHeldMax } from '../../src/core/verdict.ts';
import { OperatorError } from '../../src/lib/operator-error.ts';
import type { Millis } from '../../src/lib/time.ts';
import { dayMs, hourMs } from '../../src/lib/time.ts';
import type {
  AccountView,
  Admin,
  AdminResult,
  FeedItem,
  StatusView,
} from '../../src/ports/admin.ts';
import type { HeldRow, MessageRow } from '../../src/ports/ledger.ts';
import { agreeableAuthors, notObserved } from './authors.ts';
import { agreeableBrake } from './brake.ts';
import { scriptedChecklist } from './checklist.ts';
import { crowd } from './crowd.ts';
import { agreeableInbound, nightAtRisk, nightInbound } from './inbound.ts';
import { agreeableKeys } from './keys.ts';
import { noLanes, scriptedLanes } from './lanes.ts';
import { agreeableImports, agreeableMailings } from './mailings.ts';
import type { Night, Scene } from './night.ts';
import { feedItem, minutesBefore, night, nightEnforcing } from './night.ts';
import { nightAsking } from './night-mail.ts';
import { agreeableScripts } from './scripts.ts';
import { scriptedStats } from './stats.ts';

export type Scripted = {
  readonly admin: Admin;
  readonly calls: string[];
  /** Lets one message pass by, as the guard would. */
  push(item: Partial<FeedItem>): void;
  listeners(): number;
  fail(why: string): void;
  /** From now on these things are wrong with the guard. */
  trouble(...why: readonly string[]): void;
  /** From now on the mode is observe, except for these. */
  enforce(...entries: readonly string[]): void;
  /** From now on statistics cannot be read. */
  failStatistics(why: string): void;
  /** Five accounts are suspended, thirty watched, 110 messages held. */
  crowd(): void;
  /** So many messages of the account are held besides, with ids from `4bXmany0` on. */
  holdMany(account: string, count: number): void;
};

/** Where the page has nothing to show, Postern runs from a checkout. */
const checkout: StatusView['own'] = {
  program: '/srv/postern/postern',
  options: [['--state', '/srv/mail state']],
};

/** Sets the scene at `now`. */
export function scriptedAdmin(now: () => Millis, scene: Scene): Scripted {
  const start = now();
  const state = night(start, scene);
  const calls: string[] = [];
  const listeners = new Set<(item: FeedItem) => void>();
  let fault = '';
  let changed: Partial<StatusView> = {};
  let unread = '';
  const brake = agreeableBrake(calls, now);
  const inbound =
    scene === 'hijack'
      ? agreeableInbound(calls, now, nightInbound(start), nightAtRisk(start))
      : agreeableInbound(calls, now);
  const status = (): StatusView => ({
    version: '0.1.0',
    mode: scene === 'observe' ? 'observe' : 'guard',
    enforce: [],
    brake: brake.view(),
    own: scene === 'empty' ? checkout : usualCommand,
    host: 'mail.example.org',
    startedAt: (start - 9 * dayMs) as Millis,
    now: now(),
    ledger: {
      state: fault === '' ? 'ok' : 'failing',
      why: fault,
      path: '/var/lib/postern/ledger.db',
    },
    notices: [],
    doors: { milter: 'inet:127.0.0.1:8892', policy: 'inet:127.0.0.1:8893' },
    troubles: [],
    returns: { days: [], since: start },
    bypass: { watched: 'yes', since: start, messages: 0, ways: [] },
    providers:
      scene === 'hijack'
        ? [{ source: '', family: 'ipv4', provider: 'google', state: 'slowed' }]
        : [],
    logShapes: [],
    accounts: {
      known: scene === 'empty' ? 0 : 214,
      watched: withState(state, 'watched').length,
      suspended: withState(state, 'suspended').filter(({ observed }) => !observed).length,
      wouldBeSuspended: withState(state, 'suspended').filter(({ observed }) => observed).length,
      exempt: state.exemptions.length,
    },
    foreign: scene === 'hijack' ? [foreignPair(now())] : [],
    authors: notObserved,
    inbound: inbound.status(),
    held: heldNow(state).length,
    heldMax: usualHeldMax,
    heldMost: mostHeld(state),
    ...counts[scene],
    ...changed,
  });
  return {
    calls,
    listeners: () => listeners.size,
    fail: (why) => {
      fault = why;
    },
    trouble: (...troubles) => {
      changed = { ...changed, troubles };
    },
    enforce: (...enforce) => {
      changed = { ...changed, mode: 'observe', enforce };
    },
    failStatistics: (why) => {
      unread = why;
    },
    crowd: () => crowd(state, now()),
    holdMany(account, count) {
      const [row] = state.held.values();
      if (row === undefined) throw new Error('this scene has no held mail');
      for (let nth = 0; nth < count; nth++) {
        const queueId = `4bXmany${nth}`;
        state.held.set(queueId, { ...row, queueId, account: account as Account });
      }
    },
    push(item) {
      const full = feedItem(now(), item);
      state.feed.unshift(full);
      for (const listener of listeners) listener(full);
    },
    admin: {
      status,
      enforcing: () => nightEnforcing(state, status().mode, now()),
      ...reads(state, start, scene === 'empty'),
      ...acts(state, now, calls),
      brake,
      drill: undefined,
      modeWanted: () => ({ ok: true, count: 0, text: '' }),
      dkim: agreeableKeys(calls),
      authors: agreeableAuthors(calls),
      checklist: scriptedChecklist(now, scene),
      mailings: agreeableMailings(calls, now),
      imports: agreeableImports(calls, now),
      lanes: scene === 'hijack' ? scriptedLanes(now) : noLanes,
      asking: nightAsking(state, start, scene),
      scripts: agreeableScripts(calls, scene === 'hijack' ? start : undefined),
      inbound,
      async stats(query) {
        if (unread === '') return scriptedStats(query);
        throw new OperatorError('statistics-failed', unread);
      },
      watch(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
  };
}

type Reads = Pick<
  Admin,
  | 'accounts'
  | 'account'
  | 'exemptions'
  | 'held'
  | 'heldOne'
  | 'heldGroups'
  | 'lookup'
  | 'explain'
  | 'recent'
  | 'minutes'
  | 'audit'
>;

function reads(state: Night, start: Millis, empty: boolean): Reads {
  return {
    accounts: (filter) =>
      [...state.accounts.values()]
        .filter((one) => filter.state === undefined || one.state === filter.state)
        .filter((one) => one.account.includes(filter.like ?? ''))
        .slice(0, filter.limit),
    account(name) {
      const account = state.accounts.get(name);
      if (account === undefined) return undefined;
      return {
        account,
        incidents: state.incidents.filter((one) => one.account === name),
        stories: state.stories.filter((one) => one.account === name),
        audit: state.audit.filter((one) => one.account === name),
      };
    },
    exemptions: () => state.exemptions,
    held: (filter) => heldRows(state, filter),
    heldGroups({ like = '', limit }) {
      const all = mostHeld(state).filter(({ account }) => account.includes(like));
      const latestAt = (name: string) => heldNow(state).find(({ account }) => account === name)?.at;
      return {
        groups: all
          .slice(0, limit)
          .map((group) => ({ ...group, latestAt: latestAt(group.account) })),
        count: all.length,
      };
    },
    async lookup(text, limit) {
      const all = [...state.accounts.values()].filter(({ account }) => account.includes(text));
      const sameStart = all.filter(({ account }) => account.startsWith(`${text}@`));
      return {
        exact: state.accounts.has(text) ? text : sameStart[0]?.account,
        accounts: all.slice(0, limit).map((one) => ({ account: one.account, state: one.state })),
        count: all.length,
        isMessage: state.stories.some(({ id }) => id === text),
      };
    },
    heldOne(queueId) {
      const held = state.held.get(queueId);
      if (held === undefined) return undefined;
      return { held, story: state.stories.find((one) => one.id === queueId) };
    },
    explain(id) {
      if (id === foreignId) return foreignMessage(start);
      const story = state.stories.find((one) => one.id === id);
      return story === undefined ? undefined : { story, message: undefined };
    },
    recent: (limit) => state.feed.slice(0, limit),
    minutes: () => (empty ? [] : minutesBefore(start)),
    audit: (filter) =>
      state.audit
        .filter((one) => filter.account === undefined || one.account === filter.account)
        .slice(0, filter.limit),
  };
}

const foreignId = '4bXf0R7hQzz0';
const foreign = { account: 'office@example.org' as Account, address: 'accounts@example.net' };

function foreignPair(now: Millis): StatusView['foreign'][number] {
  const firstAt = (now - hourMs) as Millis;
  return { ...foreign, firstAt, lastAt: now, messages: 3, lastId: foreignId };
}

/** A message that passed and was not signed. */
function foreignMessage(at: Millis): ReturnType<Admin['explain']> {
  const unsigned = { why: 'foreign', author: foreign.address } as const;
  const { account } = foreign;
  const message: MessageRow = {
    queueId: foreignId,
    at,
    account,
    verdict: 'pass',
    recipients: 2,
    client: '192.0.2.30',
    sender: 'office@example.org',
    messageId: '',
    unsigned,
  };
  return { story: undefined, message, unsigned: unsignedText(account, unsigned) };
}

type Acts = Pick<
  Admin,
  | 'suspend'
  | 'release'
  | 'allow'
  | 'releaseHeld'
  | 'dropHeld'
  | 'testNotice'
  | 'undoTries'
  | 'forget'
  | 'passwords'
  | 'notePasswords'
>;

function acts(state: Night, now: () => Millis, calls: string[]): Acts {
  function change(name: string, to: AccountState, by: string, note: string): AdminResult {
    calls.push(`${to === 'clear' ? 'release' : 'suspend'} ${name} by ${by} note ${note}`);
    const account = state.accounts.get(name);
    if (account === undefined)
      return { ok: false, text: `no account ${name}`, hint: 'see postern accounts list' };
    state.accounts.set(name, { ...account, state: to, evidence: 0, reasons: [] });
    state.audit.unshift({
      at: now(),
      by,
      action: to === 'clear' ? 'release' : 'suspend',
      account: name,
      detail: note,
    });
    for (const [index, one] of state.incidents.entries()) {
      if (one.account === name && to === 'clear')
        state.incidents[index] = { ...one, endedAt: now(), endedBy: by };
    }
    return { ok: true, text: `${to === 'clear' ? 'Released' : 'Suspended'} ${name}`, count: 1 };
  }
  function settle(
    which: Parameters<Admin['releaseHeld']>[0],
    to: 'released' | 'dropped',
    by: string,
  ): AdminResult {
    calls.push(`${to} ${'ids' in which ? which.ids.join(',') : which.account} by ${by}`);
    let count = 0;
    for (const [id, row] of state.held) {
      const meant = 'ids' in which ? which.ids.includes(id) : which.account === row.account;
      if (!meant || row.state !== 'held') continue;
      state.held.set(id, { ...row, state: to, changedAt: now(), by });
      count++;
    }
    if (count === 0) return { ok: false, text: 'nothing held matches' };
    return { ok: true, text: `${count} held ${count === 1 ? 'message' : 'messages'} ${to}`, count };
  }
  return {
    suspend: (name, by, note, hijacked = false) =>
      Promise.resolve(change(name, 'suspended', by, hijacked ? `hijacked ${note}` : note)),
    release(name, { by, note, falseAlarm, keepHeld }) {
      const how = `${falseAlarm ? 'false alarm ' : ''}${keepHeld ? 'keep held ' : ''}`;
      return Promise.resolve(change(name, 'clear', by, how + note));
    },
    allow(name, until, by, note) {
      calls.push(`allow ${name} until ${until} by ${by} note ${note}`);
      return Promise.resolve({ ok: true, text: `${name} is exempt`, count: 1 });
    },
    releaseHeld: (which, by) => Promise.resolve(settle(which, 'released', by)),
    dropHeld: (which, by) => Promise.resolve(settle(which, 'dropped', by)),
    passwords: () => ({ weak: [], last: undefined }),
    async notePasswords(report, by) {
      calls.push(`passwords ${report.found.length} ${report.changed.length} ${by}`);
      return { ok: true, text: 'noted', count: report.found.length };
    },
    forget(address, { by, dryRun }) {
      calls.push(`forget ${address} by ${by}${dryRun ? ' (dry run)' : ''}`);
      return Promise.resolve({ ok: true, text: '7 rows changed or removed', count: 7 });
    },
    undoTries: () => Promise.resolve({ ok: true, text: 'nothing to undo', count: 0 }),
    testNotice: () => Promise.resolve({ ok: true, text: 'sent by mail and webhook', count: 2 }),
  };
}

function heldRows(
  state: Night,
  { account, limit, offset = 0, ...filter }: Parameters<Admin['held']>[0],
): readonly HeldRow[] {
  return [...state.held.values()]
    .filter((one) => account === undefined || one.account === account)
    .filter((one) => filter.state === undefined || one.state === filter.state)
    .slice(offset, offset + limit);
}

const none = { delay: 0, hold: 0, refuse: 0 };
const stopped = { delay: 3, hold: 41, refuse: 12 };
const counts: Readonly<Record<Scene, Pick<StatusView, 'verdicts' | 'observedVerdicts'>>> = {
  empty: { verdicts: { pass: 0, ...none }, observedVerdicts: none },
  quiet: { verdicts: { pass: 18_204, ...stopped }, observedVerdicts: none },
  hijack: { verdicts: { pass: 18_204, ...stopped }, observedVerdicts: none },
  observe: { verdicts: { pass: 18_260, ...none }, observedVerdicts: stopped },
};

function withState(state: Night, wanted: AccountState): readonly AccountView[] {
  return [...state.accounts.values()].filter((one) => one.state === wanted);
}

function mostHeld(state: Night): StatusView['heldMost'] {
  const sums = new Map<string, { messages: number; bytes: number }>();
  for (const { account, bytes } of heldNow(state)) {
    const sum = sums.get(account) ?? { messages: 0, bytes: 0 };
    sums.set(account, { messages: sum.messages + 1, bytes: sum.bytes + bytes });
  }
  return [...sums]
    .map(([account, sum]) => ({ account, ...sum }))
    .sort((one, other) => other.messages - one.messages);
}

function heldNow(state: Night): readonly HeldRow[] {
  return [...state.held.values()].filter((one) => one.state === 'held');
}
