/**
 * An incident: its timeline, and what got out: each message with its recipients, its outcome, and
 * whether the thief or the owner likely sent it. The numbers of a suspension were counted while it
 * happened; if the list differs, it says why.
 */
import { type LeakEvidence, type LeakMark, leakMarks, markLeaked } from '../../core/fate/leaked.ts';
import type { IncidentFacts } from '../../core/incidents/facts.ts';
import { incidentTimeline, type TimelineEntry } from '../../core/incidents/timeline.ts';
import type { StoredReason } from '../../core/reason.ts';
import { faultText } from '../../lib/error-text.ts';
import { hash53 } from '../../lib/hash.ts';
import { dayMs, hourMs, type Millis, minuteMs } from '../../lib/time.ts';
import type { FoundView, IncidentDetail, LeakedView } from '../../ports/asking.ts';
import type { FateQuery, FoundMessage } from '../../ports/fate.ts';
import type { HeldRow, IncidentRow } from '../../ports/ledger.ts';
import type { World } from '../../ports/world.ts';
import { asItWas } from './as-it-was.ts';
import {
  type AskingDeps,
  asSentence,
  fateView,
  foundOrWhy,
  heldRowOf,
  type ViewDeps,
} from './found-view.ts';
import { type GotOut, incidentFacts } from './incident-facts.ts';
import type { AnyIncident } from './incident-list.ts';

/** Messages of one incident that are listed. */
const leakedMax = 500;
/** Recipients that are listed of one message. One answer of the day files has its own limit. */
const namedMax = 1_000;
/** Messages before the first sign that tell what is usual for the account. */
const earlierMax = 500;
const earlierMs = 30 * dayMs;
/** How long before a lane turned bad its answers are looked for. */
const causeMs = hourMs;
const onlyLast = `Only the last ${leakedMax} messages are listed.`;
/** What a suspension is told of needs less than what a person asks. */
type LeakDeps = ViewDeps & Pick<AskingDeps, 'fates' | 'now'>;
type IncidentDeps = Omit<AskingDeps, 'asOfNow' | 'named'>;

/**
 * The recipients that an incident reached: the thief's first, then those that may be. A notice that
 * cannot name them is sent without them, so this never rejects.
 */
export async function reachedBy(
  deps: LeakDeps,
  incident: IncidentRow,
  log: World['log'],
): Promise<readonly string[]> {
  let leaked: readonly LeakedView[];
  try {
    const { out } = await gatherOut(deps, {
      ...asItWas(incident, deps.live),
      kind: 'suspension',
    });
    leaked = out.map((one) => one.leaked);
  } catch (error) {
    log('warn', 'incident.not-listed', {
      account: incident.account,
      why: faultText(error),
    });
    return [];
  }
  const first = leaked.filter(({ mark }) => mark === 'thief');
  const then = leaked.filter(({ mark }) => mark === 'unclear');
  return [...new Set([...first, ...then].flatMap(({ recipients }) => recipients))];
}

export async function incidentDetail(
  deps: IncidentDeps,
  incident: AnyIncident,
): Promise<IncidentDetail> {
  const { caught, isCut, out, partial } = await gatherOut(deps, incident);
  const facts = incidentFacts(deps, incident, { out, caught });
  const leaked = out.map((one) => one.leaked);
  const differs =
    incident.kind === 'suspension'
      ? difference(incident, leaked, {
          released: out.filter(isReleased).map(({ mail }) => mail),
          isCut,
        })
      : isCut
        ? [onlyLast]
        : [];
  return {
    incident: facts.incident,
    timeline: incidentTimeline(facts),
    answers: facts.answers,
    lanes: facts.lanes,
    leaked,
    marks: sums(leaked),
    remarks: [
      ...differs,
      ...new Set(partial.filter((one) => one !== '').map(asSentence)),
      ...notKept(leaked),
    ],
  };
}

/** What a report is made from, and its timeline. */
export async function reportFacts(
  deps: IncidentDeps,
  incident: AnyIncident,
): Promise<{
  readonly facts: IncidentFacts;
  readonly timeline: readonly TimelineEntry[];
}> {
  const facts = incidentFacts(deps, incident, await gatherOut(deps, incident));
  return { facts, timeline: incidentTimeline(facts) };
}

type Out = Sent & GotOut;

async function gatherOut(
  deps: LeakDeps,
  incident: AnyIncident,
): Promise<{
  readonly out: readonly Out[];
  /** Servers answered it before it was taken back from the queue. */
  readonly caught: readonly Out[];
  readonly isCut: boolean;
  /** Why something is missing; empty texts: nothing is. */
  readonly partial: readonly string[];
}> {
  const { account, reasons } = incident;
  const { since, until } = timeOf(incident, deps.now());
  const during = await viewsOf(deps, { account, since, until, limit: leakedMax + 1 }, namedMax);
  const before = await viewsOf(deps, {
    account,
    since: (since - earlierMs) as Millis,
    until: (since - 1) as Millis,
    limit: earlierMax,
  });
  const all = during.found
    .slice(0, leakedMax + 1)
    .map((one) => ({ ...one, held: heldRowOf([one.mail.id, ...one.mail.otherIds], deps.live) }));
  const isOut = (one: Sent): boolean => isReleased(one) || gotOut(one, incident);
  const evidence: LeakEvidence = {
    since,
    networks: told(reasons, 'new-network', 'network'),
    froms: told(reasons, 'new-identity', 'from'),
    earlier: before.found.map(({ mail }) => mail),
    wasWrittenTo: writtenTo(deps, incident),
  };
  return {
    out: marked(all.filter(isOut).slice(0, leakedMax), evidence),
    caught: marked(
      all.filter((one) => !isOut(one) && wasTried(one)),
      evidence,
    ),
    isCut: during.found.length > leakedMax,
    partial: [during.partial, before.partial],
  };
}

function marked(sent: readonly Sent[], evidence: LeakEvidence): readonly Out[] {
  const marks = markLeaked(
    sent.map(({ mail }) => mail),
    evidence,
  );
  return marks.flatMap(({ mail, mark, why }, nth) => {
    const one = sent[nth];
    return one === undefined ? [] : [{ ...one, leaked: { ...mail, mark, why } }];
  });
}

function wasTried({ found }: Sent): boolean {
  return found.recipients.some(({ attempts }) => attempts.length > 0);
}

/** When what it sent may have got out. */
function timeOf(
  { endedAt, kind, observed, since, suspendedAt }: AnyIncident,
  now: Millis,
): { readonly since: Millis; readonly until: Millis } {
  // The answers that turned a lane bad are older than the change of its state.
  if (kind === 'replies') return { since: (since - causeMs) as Millis, until: endedAt ?? now };
  // From then on, what is held, refused or put off would fill the list.
  const until = observed ? (endedAt ?? now) : (suspendedAt ?? now);
  return { since, until };
}

async function viewsOf(
  deps: LeakDeps,
  query: FateQuery,
  named?: number,
): Promise<{ readonly found: readonly Seen[]; readonly partial: string }> {
  const { found, partial } = await foundOrWhy(deps, query);
  const how = named === undefined ? {} : { namedMax: named };
  const seen = found.map((one) => ({ found: one, mail: fateView(one, deps, how).message }));
  return { found: seen, partial };
}

type Seen = { readonly found: FoundMessage; readonly mail: FoundView };

/** A message of the account, and what the hold queue did with it. */
type Sent = Seen & { readonly held: HeldRow | undefined };

function isReleased({ held }: Sent): boolean {
  return held?.state === 'released';
}

/** Messages that Postern let pass, less those that it caught in the queue. */
function gotOut({ mail, held }: Sent, { kind, observed }: AnyIncident): boolean {
  const isPassed = mail.verdict === 'pass' || (kind === 'replies' && mail.verdict === undefined);
  if (!observed && !isPassed) return false;
  return held === undefined || held.why !== 'queue' || held.state === 'gone';
}

/** The facts of that name in the reasons. Reasons of Postern 0.1 have none. */
function told(
  reasons: readonly StoredReason[],
  signal: 'new-network' | 'new-identity',
  fact: 'network' | 'from',
): readonly string[] {
  return reasons.flatMap((reason) => {
    const value = reason.signal === signal ? (reason as Record<string, unknown>)[fact] : undefined;
    return typeof value === 'string' ? [value] : [];
  });
}

/** Had the account written to an address before the first sign? By the account's book. */
function writtenTo(
  { live }: LeakDeps,
  { account, since }: AnyIncident,
): (address: string) => boolean | undefined {
  const seed = Number(live.meta('seed'));
  const record = live.loadAccount(account);
  if (record === undefined || Number.isNaN(seed)) return () => undefined;
  const minutes = new Map<number, number>();
  for (const [nth, hash] of record.recipients.entries()) {
    minutes.set(hash, record.sinceMinutes[nth] ?? 0);
  }
  const first = Math.floor(since / minuteMs);
  return (address) => (minutes.get(hash53(address, seed)) ?? first) < first;
}

function sums(leaked: readonly LeakedView[]): Readonly<Record<LeakMark, number>> {
  const counted: Record<LeakMark, number> = { thief: 0, owner: 0, unclear: 0 };
  for (const mark of leakMarks) counted[mark] = leaked.filter((one) => one.mark === mark).length;
  return counted;
}

function difference(
  { leakedMessages, leakedRecipients }: AnyIncident,
  leaked: readonly LeakedView[],
  { isCut, released }: { readonly isCut: boolean; readonly released: readonly FoundView[] },
): readonly string[] {
  if (isCut) return [onlyLast];
  const messages = leaked.length - released.length;
  const recipients = recipientsOf(leaked) - recipientsOf(released);
  const later =
    released.length === 0
      ? []
      : [`${released.length} of the listed messages were held first and released later.`];
  if (messages === leakedMessages && recipients === leakedRecipients) return later;
  const why =
    messages < leakedMessages
      ? 'of the others nothing is kept (messages.keep, or an older version of Postern)'
      : 'the list also has what was sent after the account was only observed';
  return [
    ...later,
    `While it happened, Postern counted ${leakedMessages} messages to ${leakedRecipients} ` +
      `recipients; this list has ${messages} to ${recipients}: ${why}.`,
  ];
}

function recipientsOf(messages: readonly FoundView[]): number {
  return messages.reduce((sum, one) => sum + one.recipientCount, 0);
}

function notKept(leaked: readonly LeakedView[]): readonly string[] {
  const unnamed = leaked.reduce((sum, one) => sum + one.unnamed, 0);
  const named = leaked.reduce((sum, one) => sum + one.recipients.length, 0);
  const left = recipientsOf(leaked) - named - unnamed;
  return [
    ...(unnamed > 0
      ? [`${unnamed} recipients are not kept in clear text (messages.keep_clear).`]
      : []),
    ...(left > 0
      ? [`${left} further recipients are left out here; postern explain ID shows more of them.`]
      : []),
  ];
}
