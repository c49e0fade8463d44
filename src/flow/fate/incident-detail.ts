/**
 * What got out in an incident: each message with its recipients, its outcome, and whether the
 * thief or the owner likely sent it. The numbers of the incident were counted while it happened; if
 * the list differs, it says why.
 */
import { withShownReasons } from '../../core/explain.ts';
import { type LeakMark, leakMarks, markLeaked } from '../../core/fate/leaked.ts';
import type { StoredReason } from '../../core/reason.ts';
import { faultText } from '../../lib/error-text.ts';
import { hash53 } from '../../lib/hash.ts';
import { dayMs, type Millis, minuteMs } from '../../lib/time.ts';
import type { FoundView, IncidentDetail, LeakedView } from '../../ports/asking.ts';
import type { FateQuery } from '../../ports/fate.ts';
import type { HeldRow, IncidentRow } from '../../ports/ledger.ts';
import type { World } from '../../ports/world.ts';
import { type AskingDeps, asSentence, fateView, foundOrWhy, heldRowOf } from './found-view.ts';

/** Messages of one incident that are listed. */
const leakedMax = 500;
/** Recipients that are listed of one message. One answer of the day files has its own limit. */
const namedMax = 1_000;
/** Messages before the first sign that tell what is usual for the account. */
const earlierMax = 500;
const earlierMs = 30 * dayMs;
/** Incidents that are looked through for an id. */
const incidentsMax = 10_000;

type IncidentDeps = Omit<AskingDeps, 'asOfNow' | 'named'>;

export function incidentNamed(
  { live, named }: Pick<AskingDeps, 'live' | 'named'>,
  id: string,
): IncidentRow | undefined {
  return (
    live.incidents({ limit: incidentsMax }).find((one) => one.id === id) ??
    live.incidents({ account: named(id), limit: 1 })[0]
  );
}

/**
 * The recipients that an incident reached: the thief's first, then those that may be. A notice that
 * cannot name them is sent without them, so this never rejects.
 */
export async function reachedBy(
  deps: IncidentDeps,
  incident: IncidentRow,
  log: World['log'],
): Promise<readonly string[]> {
  let leaked: readonly LeakedView[];
  try {
    ({ leaked } = await incidentDetail(deps, incident));
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
  incident: IncidentRow,
): Promise<IncidentDetail> {
  const { account, observed, since, suspendedAt } = incident;
  // From then on, what is held, refused or put off would fill the list.
  const until = observed ? (incident.endedAt ?? deps.now()) : suspendedAt;
  const during = await viewsOf(deps, { account, since, until, limit: leakedMax + 1 }, namedMax);
  const before = await viewsOf(deps, {
    account,
    since: (since - earlierMs) as Millis,
    until: (since - 1) as Millis,
    limit: earlierMax,
  });
  const out = during.found
    .map((mail) => ({ mail, held: heldRowOf([mail.id, ...mail.otherIds], deps.live) }))
    .filter((one) => isReleased(one) || gotOut(one, incident))
    .slice(0, leakedMax);
  const listed = out.map(({ mail }) => mail);
  const leaked = markLeaked(listed, {
    since,
    networks: told(incident.reasons, 'new-network', 'network'),
    froms: told(incident.reasons, 'new-identity', 'from'),
    earlier: before.found,
    wasWrittenTo: writtenTo(deps, incident),
  }).map(({ mail, mark, why }): LeakedView => ({ ...mail, mark, why }));
  return {
    incident: withShownReasons(incident),
    leaked,
    marks: sums(leaked),
    remarks: [
      ...difference(incident, leaked, {
        released: out.filter(isReleased).map(({ mail }) => mail),
        isCut: during.found.length > leakedMax,
      }),
      ...new Set([during.partial, before.partial].filter((one) => one !== '').map(asSentence)),
      ...notKept(leaked),
    ],
  };
}

async function viewsOf(
  deps: IncidentDeps,
  query: FateQuery,
  named?: number,
): Promise<{ readonly found: readonly FoundView[]; readonly partial: string }> {
  const { found, partial } = await foundOrWhy(deps, query);
  const how = named === undefined ? {} : { namedMax: named };
  return { found: found.map((one) => fateView(one, deps, how).message), partial };
}

/** A message of the account, and what the hold queue did with it. */
type Sent = { readonly mail: FoundView; readonly held: HeldRow | undefined };

function isReleased({ held }: Sent): boolean {
  return held?.state === 'released';
}

/** Messages that Postern let pass, less those that it caught in the queue. */
function gotOut({ mail, held }: Sent, { observed }: IncidentRow): boolean {
  if (!observed && mail.verdict !== 'pass') return false;
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
  { live }: IncidentDeps,
  { account, since }: IncidentRow,
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
  { leakedMessages, leakedRecipients }: IncidentRow,
  leaked: readonly LeakedView[],
  { isCut, released }: { readonly isCut: boolean; readonly released: readonly FoundView[] },
): readonly string[] {
  if (isCut) return [`Only the last ${leakedMax} messages are listed.`];
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
