/**
 * What lies on the scripted admin: names, reasons and mail of one made-up night.
 */
import type { Account } from '../../src/core/account-name.ts';
import { shownReason } from '../../src/core/explain.ts';
import { reachBound } from '../../src/core/reach/bound.ts';
import type { Reason, ShownReason } from '../../src/core/reason.ts';
import { nothingHeld, usualHeldMax, type VerdictKind } from '../../src/core/verdict.ts';
import { enforcingView } from '../../src/flow/admin/enforcing.ts';
import type { Millis } from '../../src/lib/time.ts';
import { dayMs, hourMs, minuteMs, secondMs } from '../../src/lib/time.ts';
import type { EnforcingView } from '../../src/ports/acting/enforcing.ts';
import type {
  AccountView,
  FeedItem,
  FlowMinute,
  IncidentView,
  StatusView,
  StoryView,
} from '../../src/ports/admin.ts';
import type { AuditRow, ExemptionRow, HeldRow } from '../../src/ports/ledger.ts';
import { clubMailing } from './mailings.ts';

/**
 * empty: just installed. quiet: all well. hijack: one account suspended, two watched. observe: the
 * same, only observed: one account would have been suspended.
 */
export type Scene = 'empty' | 'quiet' | 'hijack' | 'observe';

export type Night = {
  readonly accounts: Map<string, AccountView>;
  readonly incidents: IncidentView[];
  readonly held: Map<string, HeldRow>;
  readonly stories: StoryView[];
  readonly audit: AuditRow[];
  readonly exemptions: ExemptionRow[];
  readonly feed: FeedItem[];
};

/** Everything that the scene has at `start`. */
export function night(start: Millis, scene: Scene): Night {
  const state: Night = {
    accounts: new Map(),
    incidents: [],
    held: new Map(),
    stories: [],
    audit: [],
    exemptions: [],
    feed: [],
  };
  if (scene !== 'empty') quiet(state, start);
  if (scene === 'hijack' || scene === 'observe') {
    hijackedAccounts(state, start, scene);
    incident(state, start, scene === 'observe');
    hijackedMail(state, start, scene);
  }
  state.feed.sort((left, right) => right.at - left.at);
  return state;
}

/** Why the account of the hijack was suspended, as the ledger has it. */
export const cannonFacts: readonly Reason[] = [
  {
    signal: 'strangers',
    weight: 2.7,
    saw: 12,
    usual: 10,
    windowMs: hourMs / 2,
    normalFor: 'server',
  },
  { signal: 'networks', weight: 0.8, saw: 5, usual: 2 },
  { signal: 'guessed-login', weight: 0.5, saw: 214, usual: 0, failuresMin: 5 },
  { signal: 'new-network', weight: 0.5, saw: 1, usual: 0, network: '185.220.101.0/24' },
];
const cannonReasons: readonly ShownReason[] = shown(cannonFacts);
const suspendedReasons: readonly ShownReason[] = shown([
  { signal: 'suspended', weight: 1, saw: 4, usual: 0, leakedRecipients: 7 },
]);
const pressReasons: readonly ShownReason[] = shown([
  {
    signal: 'strangers',
    weight: 0.6,
    saw: 4,
    usual: 10,
    windowMs: hourMs / 2,
    normalFor: 'server',
  },
  { signal: 'new-network', weight: 0.5, saw: 1, usual: 0, network: '203.0.113.0/24' },
  {
    signal: 'new-recipients',
    weight: 0.27,
    saw: 6,
    usual: 20,
    windowMs: hourMs / 2,
    normalFor: 'server',
  },
]);
const shopReasons: readonly ShownReason[] = shown([
  {
    signal: 'same-body',
    weight: 0.54,
    saw: 36,
    usual: 40,
    windowMs: 6 * hourMs,
    normalFor: 'account',
  },
]);

export function shown(reasons: readonly Reason[]): readonly ShownReason[] {
  return reasons.map(shownReason);
}

const from = 'every account';
/** The bound of an account that writes to few strangers. */
const ordinaryBound: AccountView['bound'] = reachBound({
  limits: {
    day: { count: 32, from },
    week: { count: 88, from },
    month: { count: 120, from },
  },
  reached: { day: 1, week: 6, month: 21 },
  invited: { day: 12, week: 48, month: 140 },
  expected: 0,
  isExempt: false,
  ceilings: { hour: 0, day: 0 },
  hasWeakPassword: false,
});

function accountView(name: string, at: Millis, more: Partial<AccountView>): AccountView {
  return {
    account: name,
    state: 'clear',
    observed: false,
    evidence: 0.04,
    reasons: [],
    lastSeen: at,
    messagesToday: 12,
    recipientsToday: 15,
    knownRecipients: 96,
    exemptUntil: undefined,
    expected: undefined,
    importedRecipients: 0,
    weakPassword: '',
    probation: '',
    held: nothingHeld,
    heldMax: usualHeldMax,
    waitsSince: undefined,
    hijackedAt: undefined,
    bound: ordinaryBound,
    told: [],
    ...more,
  };
}

/** A passed message, unless told otherwise. */
export function feedItem(at: Millis, item: Partial<FeedItem>): FeedItem {
  return {
    at,
    id: '4bXk2T3wQzz1',
    account: 'anna.berger@example.org',
    verdict: 'pass',
    state: 'clear',
    recipients: 1,
    why: '',
    observed: false,
    ...item,
  };
}

const people = [
  'anna.berger',
  'office',
  'm.okafor',
  'billing',
  'press',
  'j.lindqvist',
  'support',
  'club-news',
];

function quiet(state: Night, start: Millis): void {
  // It has not sent anything yet: the newsletter that it is exempt for comes next week.
  state.exemptions.push({
    account: 'fair-2026@example.org' as Account,
    until: (start + 12 * dayMs) as Millis,
    by: 'root',
    note: 'invitations to the fair',
    at: (start - dayMs) as Millis,
  });
  for (const [index, person] of people.entries()) {
    const name = `${person}@example.org`;
    state.accounts.set(name, accountView(name, (start - index * 3 * minuteMs) as Millis, {}));
    for (let nth = 0; nth < 3; nth++) {
      const at = (start - (index * 7 + nth * 61 + 4) * secondMs) as Millis;
      state.feed.push(
        feedItem(at, {
          account: name,
          id: `4bXk${index}T${nth}wQzz${index}`,
          recipients: 1 + (index % 3),
        }),
      );
    }
  }
}

const joe = 'joe.weber@example.org' as Account;
const shop = 'local:www-data@mail.example.org' as Account;

function hijackedAccounts(state: Night, start: Millis, scene: Scene): void {
  const put = (name: string, more: Partial<AccountView>) =>
    state.accounts.set(name, accountView(name, start, more));
  put(joe, {
    state: 'suspended',
    observed: scene === 'observe',
    held: scene === 'observe' ? nothingHeld : { messages: 3, bytes: 72_000 },
    evidence: 2.8,
    reasons: cannonReasons,
    messagesToday: 44,
    recipientsToday: 61,
    knownRecipients: 38,
  });
  put('press@example.org', {
    state: 'watched',
    evidence: 0.62,
    reasons: pressReasons,
    messagesToday: 22,
    expected: { ...clubMailing(start), account: 'press@example.org' as Account },
    importedRecipients: 40,
    told: toldOfPress(start),
  });
  put(shop, { state: 'watched', evidence: 0.54, reasons: shopReasons });
}

/** One notice of each kind. */
function toldOfPress(start: Millis): AccountView['told'] {
  const ago = (ms: number): Millis => (start - ms) as Millis;
  const crossed = '57 strangers reached in a day; you are told above 32';
  return [
    { what: 'new-client', at: ago(2 * hourMs), text: '' },
    { what: 'reach', at: ago(dayMs), text: crossed },
    { what: 'copies', at: ago(3 * dayMs), text: '' },
    { what: 'watched', at: ago(9 * dayMs), text: '' },
  ];
}

const stoppedNumbers = {
  leakedMessages: 4,
  leakedRecipients: 7,
  stoppedMessages: 41,
  wouldStopMessages: 0,
  queuedHeld: 5,
  loginClosed: true,
};
const observedNumbers = {
  leakedMessages: 9,
  leakedRecipients: 57,
  stoppedMessages: 0,
  wouldStopMessages: 5,
  queuedHeld: 0,
  loginClosed: false,
};

function incident(state: Night, start: Millis, observed: boolean): void {
  const suspendedAt = (start - 4 * minuteMs) as Millis;
  state.incidents.push({
    id: 'i-1',
    account: joe,
    observed,
    by: 'guard',
    since: (start - 6 * minuteMs) as Millis,
    suspendedAt,
    endedAt: undefined,
    endedBy: '',
    ...(observed ? observedNumbers : stoppedNumbers),
    reasons: cannonReasons,
  });
  const detail = cannonReasons[0]?.text ?? '';
  state.audit.push({ at: suspendedAt, by: 'guard', action: 'suspend', account: joe, detail });
}

const stopped: readonly VerdictKind[] = ['refuse', 'refuse', 'hold', 'hold', 'hold'];

function hijackedMail(state: Night, start: Millis, scene: Scene): void {
  const observed = scene === 'observe';
  for (const [index, verdict] of stopped.entries()) {
    const id = `4bXm${index}R7hQzz${index}`;
    const at = (start - 4 * minuteMs - index * 9 * secondMs) as Millis;
    const refused = verdict === 'refuse' && !observed;
    const reasons = refused ? suspendedReasons : cannonReasons;
    const about = { id, account: joe, verdict, observed, recipients: 10 };
    const accountState = 'suspended';
    const seen = (start - index * 5 * secondMs) as Millis;
    state.feed.push({ ...about, at: seen, state: accountState, why: reasons[0]?.text ?? '' });
    state.stories.push({
      ...about,
      at,
      state: accountState,
      sample: ['a.k@gmail.example', 'tom@yahoo.example', 'lee88@aol.example'],
      client: '185.220.101.44',
      subject: 'Your parcel is waiting',
      reasons,
    });
    const why = index % 2 === 0 ? 'queue' : 'verdict';
    if (verdict === 'hold' && !observed) state.held.set(id, heldRow(id, at, joe, why));
  }
  if (observed) return;
  const early = (start - 55 * minuteMs) as Millis;
  state.held.set('4bXn9K2pWzz9', heldRow('4bXn9K2pWzz9', early, shop, 'verdict'));
}

function heldRow(queueId: string, at: Millis, account: Account, why: HeldRow['why']): HeldRow {
  const held = { state: 'held' as const, changedAt: at, by: 'guard' };
  return { queueId, at, account, recipients: 10, bytes: 24_000, why, ...held };
}

/** Two hours: a calm night, a cannon in its last minutes. */
export function minutesBefore(start: Millis): readonly FlowMinute[] {
  const rows: FlowMinute[] = [];
  for (let ago = 119; ago >= 0; ago--) {
    const wave = 34 + 14 * Math.sin(ago / 9) + 9 * Math.cos(ago / 3.7);
    const shooting = ago <= 5 && ago >= 1;
    rows.push({
      at: (start - (start % minuteMs) - ago * minuteMs) as Millis,
      pass: Math.round(wave),
      delay: ago === 61 ? 2 : 0,
      hold: shooting ? 6 - ago : ago === 55 ? 1 : 0,
      refuse: shooting ? 9 - ago : 0,
      observed: { delay: 0, hold: 0, refuse: 0 },
    });
  }
  return rows;
}

/** What mode guard would have changed. */
export function nightEnforcing(
  { incidents, stories }: Night,
  mode: StatusView['mode'],
  now: Millis,
): EnforcingView {
  const observed = stories.filter((story) => story.observed);
  const byAccount = Map.groupBy(observed, ({ account }) => account);
  const sums = [...byAccount].map(([account, all]) => {
    const of = (kind: VerdictKind): number => all.filter(({ verdict }) => verdict === kind).length;
    const recipients = all.reduce((sum, one) => sum + one.recipients, 0);
    const lastAt = Math.max(...all.map(({ at }) => at)) as Millis;
    const kinds = { delay: of('delay'), hold: of('hold'), refuse: of('refuse') };
    return { account, ...kinds, recipients, lastAt };
  });
  const rows = incidents.map((one) => ({ ...one, reasons: [] }));
  const live = { incidents: () => rows, observedSince: () => sums };
  return enforcingView(live, mode, now);
}
