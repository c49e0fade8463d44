/**
 * What a delisting form or an abuse desk asks for, from the facts of an incident only. What is not
 * known is left out, or said to be unknown. Recipients are never named. Pure.
 */
import type { Millis } from '../../lib/time.ts';
import type { IncidentFacts, IncidentMessage, ProviderAnswer, SufferedLane } from './facts.ts';
import type { TimelineEntry } from './timeline.ts';

export const reportReaders = ['provider', 'abuse'] as const;
/** provider: who slowed or blocked us. abuse: the network from which the thief connected. */
export type ReportReader = (typeof reportReaders)[number];

export type ReportServer = {
  readonly host: string;
  readonly contact: string;
  /** Our addresses with the names that the DNS has for them; empty: it has none. */
  readonly addresses: readonly {
    readonly address: string;
    /** Undefined: it was not found out. */
    readonly names: readonly string[] | undefined;
  }[];
};

/** An address from which the account sent, and what came from there. */
export type ReportClient = {
  readonly address: string;
  readonly messages: number;
  readonly firstAt: string;
  readonly lastAt: string;
};

export type ReportSample = {
  readonly at: string;
  readonly queueId: string;
  readonly messageId: string;
  readonly envelopeSender: string;
  readonly from: string;
  readonly subject: string;
  readonly client: string;
};

/** Times are RFC 3339, UTC. */
export type IncidentReport = {
  readonly version: 1;
  readonly to: ReportReader;
  readonly incident: string;
  readonly writtenAt: string;
  readonly server: ReportServer;
  readonly account: string;
  readonly from: string;
  /** When the account was suspended, or the last message got out. */
  readonly until: string;
  /** A person said that it was hijacked; undefined: nobody said so. */
  readonly hijackConfirmed: { readonly at: string; readonly by: string } | undefined;
  readonly reasons: readonly string[];
  readonly gotOut: {
    readonly messages: number;
    readonly recipients: number;
    readonly likelyThief: number;
    readonly likelyOwner: number;
    readonly unclear: number;
  };
  readonly stoppedMessages: number;
  readonly measures: readonly { readonly at: string; readonly until?: string; text: string }[];
  /** When the last message of the account left; undefined: none did, or it is not kept. */
  readonly quietSince: string | undefined;
  readonly state: 'suspended' | 'observed' | 'released' | 'never suspended';
  readonly released: { readonly at: string; readonly by: string } | undefined;
  /** Only for a provider. */
  readonly answers: readonly (Pick<
    ProviderAnswer,
    'provider' | 'name' | 'outcome' | 'count' | 'messages' | 'reply' | 'mx' | 'messageId'
  > & {
    readonly ourAddress: string;
    readonly queueId: string;
    readonly firstAt: string;
    readonly lastAt: string;
  })[];
  readonly lanes: readonly (Pick<SufferedLane, 'name' | 'source' | 'family' | 'state'> & {
    readonly since: string;
    readonly blockedAt: string | undefined;
    readonly recoveredAt: string | undefined;
  })[];
  readonly clients: readonly ReportClient[];
  readonly scripts: readonly string[];
  readonly samples: readonly ReportSample[];
};

type Iso = (at: Millis) => string;

const samplesMax = 5;
const clientsMax = 20;
const answersMax = 10;

export function incidentReport(
  facts: IncidentFacts,
  timeline: readonly TimelineEntry[],
  about: {
    readonly to: ReportReader;
    /** Only answers of this provider; undefined: of all. */
    readonly provider: string | undefined;
    readonly server: ReportServer;
    readonly now: Millis;
    /** RFC 3339, UTC. */
    readonly iso: Iso;
  },
): IncidentReport {
  const { iso, now, provider, server, to } = about;
  const { incident } = facts;
  const theirs = thiefs(facts);
  const said = facts.acts.find(({ action }) => action === 'hijacked');
  const isMeant = (one: { readonly provider: string }): boolean =>
    provider === undefined || one.provider === provider;
  // A recipient that does not exist is nothing that a provider holds against us.
  const against = facts.answers.filter((one) => one.isAgainstUs || one.scope === '');
  const answers = to === 'provider' ? against.filter(isMeant).slice(0, answersMax) : [];
  const last = latest(facts.mail.map(({ at }) => at));
  // What was only observed went on.
  const suspendedAt = incident.observed ? undefined : incident.suspendedAt;
  const until = suspendedAt ?? last ?? incident.endedAt ?? now;
  const marked = (mark: IncidentMessage['mark']): number =>
    facts.mail.filter((one) => one.mark === mark).length;
  return {
    version: 1,
    to,
    incident: incident.id,
    writtenAt: iso(now),
    server: withUsed(server, facts),
    account: incident.account,
    from: iso(incident.since),
    until: iso(until),
    hijackConfirmed: said === undefined ? undefined : { at: iso(said.at), by: said.by },
    reasons: incident.reasons.map(({ text }) => text),
    gotOut: {
      messages: incident.leakedMessages,
      recipients: incident.leakedRecipients,
      likelyThief: marked('thief'),
      likelyOwner: marked('owner'),
      unclear: marked('unclear'),
    },
    stoppedMessages: incident.stoppedMessages + incident.queuedHeld,
    measures: timeline
      .filter(({ part }) => part === 'stop' || part === 'person')
      .map(({ at, text, until: end }) => ({
        at: iso(at),
        ...(end === undefined ? {} : { until: iso(end) }),
        text,
      })),
    quietSince: last === undefined ? undefined : iso(last),
    state: stateOf(facts),
    released:
      incident.kind === 'suspension' && incident.endedAt !== undefined
        ? { at: iso(incident.endedAt), by: incident.endedBy }
        : undefined,
    answers: answers.map((one) => answerOf(one, iso)),
    lanes: to === 'provider' ? facts.lanes.filter(isMeant).map((one) => laneOf(one, iso)) : [],
    clients: clientsOf(theirs, iso),
    scripts: [...new Set(theirs.map(({ script }) => script))].filter((one) => one !== ''),
    samples: theirs.slice(0, samplesMax).map((one) => sampleOf(one, iso)),
  };
}

/**
 * Oldest first, also what servers answered and did not take. Where nothing is likely the thief's:
 * what is not clear. Never the owner's.
 */
function thiefs({ caught, mail }: IncidentFacts): readonly IncidentMessage[] {
  const of = (mark: IncidentMessage['mark']): readonly IncidentMessage[] =>
    [...mail, ...caught].filter((one) => one.mark === mark);
  const likely = of('thief');
  const chosen = likely.length > 0 ? likely : of('unclear');
  return chosen.toSorted((one, other) => one.at - other.at);
}

function stateOf({ incident }: IncidentFacts): IncidentReport['state'] {
  if (incident.suspendedAt === undefined) return 'never suspended';
  if (incident.observed) return 'observed';
  return incident.endedAt === undefined ? 'suspended' : 'released';
}

function answerOf(answer: ProviderAnswer, iso: Iso): IncidentReport['answers'][number] {
  const { count, firstAt, from, id, lastAt, messageId, messages, mx, name } = answer;
  const { outcome, provider } = answer;
  const reply = withoutPeople(answer.reply);
  const times = { firstAt: iso(firstAt), lastAt: iso(lastAt) };
  const what = { provider, name, outcome, count, messages, reply, mx, messageId };
  return { ...what, ...times, ourAddress: from, queueId: id };
}

/** A reply may name the recipient. */
function withoutPeople(reply: string): string {
  return reply.replace(/[^\s<>@"'():;,]+@(?=[\w.-]*\w)/g, '…@');
}

function laneOf(lane: SufferedLane, iso: Iso): IncidentReport['lanes'][number] {
  const { blockedAt, family, name, recoveredAt, since, source, state } = lane;
  const when = (at: Millis | undefined): string | undefined =>
    at === undefined ? undefined : iso(at);
  const times = { blockedAt: when(blockedAt), recoveredAt: when(recoveredAt) };
  return { name, source, family, state, since: iso(since), ...times };
}

function clientsOf(mail: readonly IncidentMessage[], iso: Iso): readonly ReportClient[] {
  const clients = new Map<string, IncidentMessage[]>();
  for (const one of mail) {
    if (one.client !== '') clients.set(one.client, [...(clients.get(one.client) ?? []), one]);
  }
  return [...clients]
    .map(([address, all]) => ({
      address,
      messages: all.length,
      firstAt: iso(all[0]?.at ?? (0 as Millis)),
      lastAt: iso(all.at(-1)?.at ?? (0 as Millis)),
    }))
    .sort((one, other) => other.messages - one.messages)
    .slice(0, clientsMax);
}

function sampleOf(mail: IncidentMessage, iso: Iso): ReportSample {
  const { at, client, headerFrom, id, messageId, sender, subject } = mail;
  const names = { envelopeSender: sender, from: headerFrom, subject, client };
  return { at: iso(at), queueId: id, messageId, ...names };
}

/** The addresses that the log names; where it names none, those that are configured. */
function withUsed(server: ReportServer, { answers, lanes }: IncidentFacts): ReportServer {
  const named = [...answers.map(({ from }) => from), ...lanes.map(({ source }) => source)];
  const used = new Set(named.filter((one) => one !== ''));
  if (used.size === 0) return server;
  const addresses = [...used].map(
    (address) =>
      server.addresses.find((one) => one.address === address) ?? { address, names: undefined },
  );
  return { ...server, addresses };
}

function latest(times: readonly Millis[]): Millis | undefined {
  return times.length === 0
    ? undefined
    : times.reduce((most, one) => Math.max(most, one) as Millis);
}
