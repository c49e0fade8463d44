/**
 * The timeline of an incident, from the first bad sign to recovery: what was sent, who answered
 * how, what Postern and people did, which lanes suffered and when each recovered. Pure.
 */
import type { Millis } from '../../lib/time.ts';
import type { LaneKey } from '../deliverability/lane.ts';
import type { IncidentFacts, IncidentMessage, ProviderAnswer, SufferedLane } from './facts.ts';

/** Whose doing it is: a sign, mail that got out, an answer, Postern or a person, a lane. */
export type TimelinePart = 'sign' | 'mail' | 'answer' | 'stop' | 'person' | 'lane' | 'recovery';

export type TimelineEntry = {
  readonly at: Millis;
  /** The last time of what happened several times; undefined: it happened once. */
  readonly until: Millis | undefined;
  readonly part: TimelinePart;
  /** A sentence without its time. */
  readonly text: string;
  /** The words of a server; empty if none spoke. */
  readonly quote: string;
};

const entriesMax = 300;

/** Oldest first. */
export function incidentTimeline(facts: IncidentFacts): readonly TimelineEntry[] {
  const entries = [
    ...signs(facts),
    ...sent(facts),
    ...facts.answers.map(answerEntry),
    ...facts.lanes.flatMap(laneEntries),
    ...stops(facts),
    ...acts(facts),
    ...ends(facts),
  ];
  const order = ({ part }: TimelineEntry): number => parts.indexOf(part);
  // Times of the mail log are cut to a second, so an answer may seem to be before the sign.
  const isSign = ({ part }: TimelineEntry): number => (part === 'sign' ? 1 : 0);
  return entries
    .sort(
      (one, other) => isSign(other) - isSign(one) || one.at - other.at || order(one) - order(other),
    )
    .slice(0, entriesMax);
}

const parts: readonly TimelinePart[] = [
  ...(['sign', 'mail', 'answer', 'lane'] as const),
  ...(['stop', 'person', 'recovery'] as const),
];

function entry(
  part: TimelinePart,
  at: Millis,
  text: string,
  more: { readonly until?: Millis; readonly quote?: string } = {},
): TimelineEntry {
  const until = more.until === undefined || more.until === at ? undefined : more.until;
  return { at, until, part, text, quote: more.quote ?? '' };
}

function signs({ incident }: IncidentFacts): readonly TimelineEntry[] {
  const [first] = incident.reasons;
  // The bad answers are the signs, and each has its own entry.
  if (incident.kind === 'replies') return [];
  const what = first === undefined ? '' : `: ${first.text}`;
  return [entry('sign', incident.since, `The first sign${what}`)];
}

const likelySent: Readonly<Record<IncidentMessage['mark'], string>> = {
  thief: 'likely sent by the thief',
  owner: 'likely sent by the owner',
  unclear: 'of which it is not clear who sent them',
};

function sent({ incident, mail }: IncidentFacts): readonly TimelineEntry[] {
  if (incident.kind === 'replies') {
    if (mail.length === 0) return [];
    const text = `${messages(mail)} of this account left`;
    const [at, until] = spanOf(mail.map((one) => one.at));
    return [entry('mail', at, text, { until })];
  }
  return (['thief', 'unclear', 'owner'] as const).flatMap((mark) => {
    const marked = mail.filter((one) => one.mark === mark);
    if (marked.length === 0) return [];
    const [at, until] = spanOf(marked.map((one) => one.at));
    return [entry('mail', at, `${messages(marked)} got out, ${likelySent[mark]}`, { until })];
  });
}

function messages(mail: readonly IncidentMessage[]): string {
  const recipients = mail.reduce((sum, { recipientCount }) => sum + recipientCount, 0);
  return `${counted(mail.length, 'message')} to ${counted(recipients, 'recipient')}`;
}

function answerEntry(answer: ProviderAnswer): TimelineEntry {
  const { count, firstAt, lastAt, name, outcome, reply } = answer;
  const did = outcome === 'deferred' ? 'put off' : 'refused';
  const who = name === '' ? 'A server' : name;
  const through = answer.filter === '' ? '' : ` (${answer.filter})`;
  const about = answer.scope === '' ? '' : `, because of ${scopeWords(answer.scope)}`;
  const what = `${counted(answer.messages, 'message')} in ${counted(count, 'attempt')}`;
  return entry('answer', firstAt, `${who}${through} ${did} ${what}${about}`, {
    until: lastAt,
    quote: reply,
  });
}

const scopes: Readonly<Record<string, string>> = {
  'our-ip': 'our address',
  'our-network': 'our network',
  'our-domain': 'our domain',
  authentication: 'authentication (SPF, DKIM, DMARC)',
  content: 'its content',
  rate: 'the rate',
  recipient: 'the recipient',
  'their-fault': 'a fault of its own',
  'policy-of-recipient': 'a rule of the recipient',
  greylist: 'greylisting',
  size: 'its size',
  tls: 'encryption',
  network: 'the network',
};

/** What an answer is about, in words. */
function scopeWords(scope: string): string {
  return scopes[scope] ?? scope;
}

function laneEntries(lane: SufferedLane): readonly TimelineEntry[] {
  const { blockedAt, name, recoveredAt, reply, share, since, state } = lane;
  const from = ourSide(lane);
  const part =
    share === undefined ? '' : `; this account made ${percent(share)} of its bad answers`;
  const turned =
    state === 'blocked' ? `${name} blocked mail from ${from}` : `${name} slowed mail from ${from}`;
  return [
    entry('lane', since, `${turned}${part}`, { quote: reply }),
    ...(blockedAt === undefined || blockedAt === since
      ? []
      : [entry('lane', blockedAt, `${name} blocked mail from ${from}`)]),
    ...(recoveredAt === undefined
      ? []
      : [entry('recovery', recoveredAt, `${name} takes mail from ${from} normally again`)]),
  ];
}

/** Our side of a lane: `192.0.2.25`, or `us by IPv4` where the address is not known. */
export function ourSide({ family, source }: Pick<LaneKey, 'family' | 'source'>): string {
  return source === '' ? `us by ${family === 'ipv6' ? 'IPv6' : 'IPv4'}` : source;
}

/** `92 %`. */
function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

function stops({ incident, stopped }: IncidentFacts): readonly TimelineEntry[] {
  const entries: TimelineEntry[] = [];
  const would = incident.observed ? 'would have ' : '';
  const did = { hold: 'held', refuse: 'refused', delay: 'put off' } as const;
  for (const [verdict, word] of Object.entries(did)) {
    const times = stopped.filter((one) => one.verdict === verdict).map(({ at }) => at);
    if (times.length === 0) continue;
    const [at, until] = spanOf(times);
    const text = `Postern ${would}${word} ${counted(times.length, 'message')}`;
    entries.push(entry('stop', at, text, { until }));
  }
  const { by, loginClosed, queuedHeld, suspendedAt } = incident;
  if (suspendedAt === undefined) return entries;
  const who = by === 'guard' ? 'Postern' : by;
  const queue =
    queuedHeld === 0 ? [] : [`${counted(queuedHeld, 'message')} in the mail queue held`];
  const login = loginClosed ? ['its login closed and its sessions ended'] : [];
  const more = [...queue, ...login].join(', ');
  const text = incident.observed
    ? `${who} would have suspended the account (mode observe: no mail was stopped)`
    : `${who} suspended the account${more === '' ? '' : `: ${more}`}`;
  return [...entries, entry(by === 'guard' ? 'stop' : 'person', suspendedAt, text)];
}

/** Told by the incident itself. */
const toldElsewhere: ReadonlySet<string> = new Set(['suspend', 'would-suspend']);

const actions: Readonly<Record<string, string>> = {
  release: 'released the account',
  hijacked: 'said that the account was hijacked',
  'release-held': 'released held mail',
  allow: 'exempted the account',
  expect: 'announced a mailing',
  import: 'imported contacts',
  dkim: 'changed its DKIM keys',
};

function acts({ acts: all, held }: IncidentFacts): readonly TimelineEntry[] {
  const told = all
    .filter(({ action }) => !toldElsewhere.has(action))
    .map(({ action, at, by, detail }) => {
      const who = by === 'guard' ? 'Postern' : by;
      const what = actions[action] ?? action;
      const text = `${who} ${what}${detail === '' ? '' : `: ${detail}`}`;
      return entry(by === 'guard' ? 'stop' : 'person', at, text);
    });
  const moved = new Map<string, Millis[]>();
  for (const { by, changedAt, state } of held) {
    if (state !== 'released' && state !== 'dropped') continue;
    const key = JSON.stringify([by, state]);
    moved.set(key, [...(moved.get(key) ?? []), changedAt]);
  }
  const moves = [...moved].map(([key, times]) => {
    const [by = '', state = ''] = JSON.parse(key) as readonly string[];
    const [at, until] = spanOf(times);
    const who = by === 'guard' ? 'Postern' : by;
    const text = `${who} ${state} ${counted(times.length, 'held message')}`;
    return entry(by === 'guard' ? 'stop' : 'person', at, text, { until });
  });
  return [...told, ...moves];
}

function ends({ acts: all, incident, lanes }: IncidentFacts): readonly TimelineEntry[] {
  const { endedAt, endedBy, kind } = incident;
  if (endedAt === undefined) return [];
  if (kind === 'replies') {
    const isTold = lanes.length > 0 && lanes.every((one) => one.recoveredAt !== undefined);
    if (isTold) return [];
    return [entry('recovery', endedAt, 'No lane suffers from this account any more')];
  }
  // The release is in the audit trail, except where that was not kept.
  if (all.some(({ action, at }) => action === 'release' && at === endedAt)) return [];
  const who = endedBy === 'guard' ? 'Postern' : endedBy;
  const part = endedBy === 'guard' ? 'stop' : 'person';
  return [entry(part, endedAt, `${who} released the account`)];
}

function spanOf(times: readonly Millis[]): readonly [Millis, Millis] {
  const first = times.reduce((least, one) => Math.min(least, one) as Millis);
  const last = times.reduce((most, one) => Math.max(most, one) as Millis);
  return [first, last];
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
