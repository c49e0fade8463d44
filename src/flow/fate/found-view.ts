/** A found message as people see it: what Postern did, what the log says, the outcome. */

import type { Account } from '../../core/account-name.ts';
import {
  type HoldEnd,
  type LogStanding,
  type RecipientTold,
  tellFate,
} from '../../core/fate/tell.ts';
import type { ReportServer } from '../../core/incidents/report.ts';
import type { ReplyClassifier } from '../../core/replies/classified.ts';
import { addressKey } from '../../formats/message/address.ts';
import { faultText } from '../../lib/error-text.ts';
import type { Millis } from '../../lib/time.ts';
import type { FateView, FoundView } from '../../ports/asking.ts';
import type {
  FateAnswer,
  FateQuery,
  FateStore,
  FoundMessage,
  RecipientFate,
} from '../../ports/fate.ts';
import type { Lanes } from '../../ports/lanes.ts';
import type { HeldRow, IncidentRow, Ledger, MessageRow, StoryRow } from '../../ports/ledger.ts';

/** What is read of the ledger, live or from its file. */
export type AskedLedger = Pick<
  Ledger,
  | 'audit'
  | 'held'
  | 'heldOne'
  | 'incidents'
  | 'loadAccount'
  | 'message'
  | 'meta'
  | 'stories'
  | 'story'
>;

export type ViewDeps = {
  readonly live: AskedLedger;
  readonly log: () => LogStanding;
};

export type AskingDeps = ViewDeps & {
  readonly fates: Pick<FateStore, 'find'>;
  /** The account that a person names. */
  readonly named: (name: string) => Account;
  readonly now: () => Millis;
  /** Why its password counts as weak; empty if it does not. */
  readonly weakPassword: (account: Account) => string;
  /** The incident with its latest counts. */
  readonly asOfNow: (incident: IncidentRow) => IncidentRow;
  readonly incidents: IncidentSources;
};

/** What only incidents are told with. */
export type IncidentSources = {
  readonly replies: Pick<ReplyClassifier, 'classify' | 'shape'>;
  /** Of all lanes, oldest first. */
  readonly laneChanges: Lanes['changes'];
  readonly server: ReportServer;
  /** RFC 3339, UTC. */
  readonly iso: (at: Millis) => string;
};

/** Addresses shown with a message of a list. */
const shownMax = 50;

/** What the day files have. Where they cannot be searched, `partial` says why. */
export async function foundOrWhy(
  { fates }: Pick<AskingDeps, 'fates'>,
  query: FateQuery,
): Promise<FateAnswer> {
  try {
    return await fates.find(query);
  } catch (error) {
    return { found: [], partial: faultText(error), days: 0 };
  }
}

/** Why something is missing, as a sentence. */
export function asSentence(why: string): string {
  return `${why.charAt(0).toUpperCase()}${why.slice(1)}${/[.!?]$/.test(why) ? '' : '.'}`;
}

/**
 * `recipient`: only the outcome for this address, where that can be told. `namedMax`: addresses of
 * recipients in the answer.
 */
export function fateView(
  found: FoundMessage,
  deps: ViewDeps,
  {
    recipient,
    namedMax = shownMax,
  }: { readonly recipient?: string | undefined; readonly namedMax?: number } = {},
): FateView {
  const { judged, logged } = found;
  const ids = [judged?.queueId ?? logged?.queueId ?? '', ...(logged?.otherIds ?? [])];
  const [id = '', ...otherIds] = ids;
  const at = judged?.at ?? logged?.at ?? firstAttempt(found.recipients);
  const about = recipient === undefined ? [] : meant(found.recipients, recipient);
  const recipients = about.length > 0 ? about : found.recipients;
  const kept = found.recipients.length + found.moreRecipients;
  const counted = Math.max(logged?.recipientCount ?? 0, kept);
  const held = holdEnd(ids, deps);
  const told = tellFate({
    at,
    verdict: judged?.verdict,
    isObserved: id !== '' && deps.live.story(id)?.observed === true,
    held,
    recipientCount: about.length > 0 ? about.length : counted - found.moreRecipients,
    moreRecipients: about.length > 0 ? 0 : found.moreRecipients,
    recipients,
    log: deps.log(),
  });
  const named = found.recipients.filter((one) => one.recipient !== '');
  const message: FoundView = {
    id,
    otherIds,
    at,
    account: judged?.account ?? logged?.account ?? '',
    client: (judged?.client ?? '') || (logged?.client ?? ''),
    sender: (judged?.sender ?? '') || (logged?.sender ?? ''),
    headerFrom: judged?.headerFrom ?? '',
    subject: judged?.subject ?? '',
    fingerprint: judged?.fingerprint ?? '',
    messageId: (judged?.messageId ?? '') || (logged?.messageId ?? ''),
    script: judged?.script ?? '',
    verdict: judged?.verdict,
    recipientCount: counted,
    recipients: named.slice(0, namedMax).map((one) => one.recipient),
    unnamed: counted - named.length - found.moreRecipients,
    state: told.state,
    became: held?.state === 'released' ? `released, ${told.brief}` : told.brief,
  };
  return { message, told };
}

function firstAttempt(recipients: readonly RecipientFate[]): FoundView['at'] {
  const times = recipients.flatMap(({ attempts }) => attempts.map(({ at }) => at));
  // Not spread: a message may have more attempts than a call has arguments.
  return times.reduce(
    (first, at) => Math.min(first, at) as Millis,
    Number.POSITIVE_INFINITY as Millis,
  );
}

/** The recipient that was looked for. Without clear text, the first is that one. */
function meant(recipients: readonly RecipientFate[], address: string): readonly RecipientTold[] {
  const key = addressKey(address);
  const named = recipients.filter(
    (one) =>
      one.recipient === key ||
      one.attempts.some(({ original, recipient }) => original === key || recipient === key),
  );
  return named.length > 0 ? named : recipients.slice(0, 1);
}

function holdEnd(ids: readonly string[], { live }: ViewDeps): HoldEnd | undefined {
  const row = heldRowOf(ids, live);
  return row === undefined ? undefined : { state: row.state, changedAt: row.changedAt };
}

/** The row of the message under any of its ids. */
export function heldRowOf(
  ids: readonly string[],
  live: Pick<AskedLedger, 'heldOne'>,
): HeldRow | undefined {
  for (const id of ids) {
    const row = id === '' ? undefined : live.heldOne(id);
    if (row !== undefined) return row;
  }
  return undefined;
}

/** A message of which the ledger has the reasons, as the day files would have it. */
export function storedStory(story: StoryRow): FoundMessage {
  const { account, at, client, id, subject, verdict } = story;
  const judged = { ...nothingKept, queueId: id, at, account, verdict, client, subject };
  return {
    judged,
    logged: undefined,
    recipients: unattempted(story.sample, story.recipients),
    moreRecipients: 0,
  };
}

/** A message that the ledger lists. */
export function storedRow(row: MessageRow): FoundMessage {
  const { queueId, at, account, verdict, client, sender, messageId } = row;
  const judged = { ...nothingKept, queueId, at, account, verdict, client, sender, messageId };
  return {
    judged,
    logged: undefined,
    recipients: unattempted([], row.recipients),
    moreRecipients: 0,
  };
}

const nothingKept = {
  isWatched: false,
  sender: '',
  headerFrom: '',
  messageId: '',
  subject: '',
  fingerprint: '',
  script: '',
};

function unattempted(named: readonly string[], count: number): readonly RecipientFate[] {
  return Array.from({ length: Math.max(count, named.length) }, (_, nth) => ({
    recipient: named[nth] ?? '',
    mark: String(nth),
    attempts: [],
  }));
}
