/**
 * Tells what became of a message: `accepted 10:02, Gmail deferred 3 times, delivered 10:41`.
 * Recipients with the same outcome at the same provider are told together. Pure: times stay
 * numbers, so that the page and the command line can print them in their own way.
 */
import type { Millis } from '../../lib/time.ts';
import { mxProvider } from '../deliverability/providers.ts';
import type { DoorVerdict } from '../verdict.ts';
import type { Attempt } from './attempt.ts';

/** What is kept of one recipient. The address is empty where it is not kept in clear text. */
export type RecipientTold = {
  readonly recipient: string;
  readonly mark: string;
  readonly attempts: readonly Omit<Attempt, 'host' | 'queueId' | 'account'>[];
};

/** What Postern did with the message in the hold queue. */
export type HoldEnd = {
  readonly state: 'held' | 'released' | 'dropped' | 'gone';
  readonly changedAt: Millis;
};

/** off: no log is configured. unread: it cannot be read now. stopped: the guard does not run. */
export type LogStanding = 'read' | 'unread' | 'off' | 'stopped';

export type FateFacts = {
  readonly at: Millis;
  /** Undefined if Postern did not judge the message. */
  readonly verdict: DoorVerdict | undefined;
  /** The verdict was not applied, because Postern only observes. */
  readonly isObserved: boolean;
  readonly held: HoldEnd | undefined;
  /** How many recipients were counted when it was handed over; 0 if that is not known. */
  readonly recipientCount: number;
  readonly recipients: readonly RecipientTold[];
  /** Further recipients, which are known but left out here. */
  readonly moreRecipients: number;
  readonly log: LogStanding;
};

export const fateStates = [
  'bounced',
  'expired',
  'refused',
  'dropped',
  'held',
  'delayed',
  'waiting',
  'handed-on',
  'unknown',
  'delivered',
] as const;
/** The outcome for a recipient. The order of `fateStates` is that of the groups: worst first. */
export type FateState = (typeof fateStates)[number];

/** A piece of the sentence, with the time that belongs behind it. */
export type FateStep = { readonly text: string; readonly at: Millis | undefined };

/** Recipients with the same outcome at the same place. */
export type FateGroup = {
  readonly state: FateState;
  /** Provider or name of the server that answered last; empty if none did. */
  readonly where: string;
  readonly mx: string;
  /** Our address from which the last attempt was made; empty if that is not known. */
  readonly from: string;
  readonly count: number;
  /** Some of them, in clear text. */
  readonly recipients: readonly string[];
  /** Those whose addresses are not kept in clear text. */
  readonly unnamed: number;
  readonly steps: readonly FateStep[];
  /** The last answer, in the words of the log. */
  readonly reply: string;
};

export type FateTold = {
  /** The worst outcome. */
  readonly state: FateState;
  /** The whole message in a few words: `delivered`, `38 delivered, 2 waiting`. */
  readonly brief: string;
  readonly steps: readonly FateStep[];
  readonly groups: readonly FateGroup[];
  /** What is not known, in sentences. */
  readonly remarks: readonly string[];
};

/** Addresses named in one group. The number says how many there are. */
const namedMax = 20;

type One = {
  readonly state: FateState;
  readonly where: string;
  readonly last: RecipientTold['attempts'][number] | undefined;
  readonly deferrals: RecipientTold['attempts'];
  readonly recipient: string;
};

export function tellFate(facts: FateFacts): FateTold {
  const all = facts.recipients.flatMap(byAddress).map((one) => outcomeOf(one, facts));
  const groups = grouped(all, facts).sort(
    (one, other) =>
      fateStates.indexOf(one.state) - fateStates.indexOf(other.state) || other.count - one.count,
  );
  const { state = stateWithout(facts) } = groups[0] ?? {};
  const brief = briefly(groups, state);
  const [only] = groups;
  const rest =
    only !== undefined && groups.length === 1
      ? only.steps
      : groups.length === 0
        ? endedHere(state, facts)
        : [{ text: brief, at: undefined }];
  return {
    state,
    brief,
    steps: [...beginning(facts), ...rest],
    groups,
    remarks: remarks(facts, groups),
  };
}

/** The sentence, with times as `clock` prints them. */
export function fateLine(steps: readonly FateStep[], clock: (at: Millis) => string): string {
  return steps.map(({ text, at }) => (at === undefined ? text : `${text} ${clock(at)}`)).join(', ');
}

const stopped: Partial<Record<DoorVerdict, FateState>> = {
  refuse: 'refused',
  delay: 'delayed',
  discard: 'dropped',
};

/** The outcome of a recipient for which no attempt is known. */
function stateWithout({ verdict, isObserved, held }: FateFacts): FateState {
  if (held?.state === 'held') return 'held';
  if (held?.state === 'dropped') return 'dropped';
  if (verdict === undefined || isObserved) return 'unknown';
  if (verdict === 'hold' && held === undefined) return 'held';
  return stopped[verdict] ?? 'unknown';
}

function outcomeOf({ recipient, attempts }: RecipientTold, facts: FateFacts): One {
  const inOrder = asTried(attempts);
  const last = inOrder.at(-1);
  const where = last === undefined ? '' : last.isLocal ? 'this server' : mxProvider(last.mxHost);
  return {
    state: last === undefined ? stateWithout(facts) : stateOf(last.outcome, facts),
    where,
    last,
    deferrals: inOrder.filter(({ outcome }) => outcome === 'deferred'),
    recipient,
  };
}

/**
 * The attempts in their order. A filter may hand a message back, and the message may be delivered,
 * before the line that says that the filter took it. So what came after the filter counts after
 * that line, whatever the times say.
 */
function asTried(attempts: RecipientTold['attempts']): RecipientTold['attempts'] {
  const inOrder = attempts.toSorted((one, other) => one.at - other.at || endOf(one) - endOf(other));
  const handed = inOrder.filter(({ outcome }) => outcome === 'handed-on');
  const [lastHanded] = handed.slice(-1);
  if (lastHanded === undefined) return inOrder;
  const filters = new Set(handed.map(serverOf));
  const isBefore = (one: RecipientTold['attempts'][number]): boolean =>
    one.outcome === 'handed-on' ||
    (one.outcome === 'deferred' && one.at < lastHanded.at && filters.has(serverOf(one)));
  return [...inOrder.filter(isBefore), ...inOrder.filter((one) => !isBefore(one))];
}

/** Given up is the last of a second: the log does not say how long it took. */
const endOf = ({ outcome }: RecipientTold['attempts'][number]): number =>
  outcome === 'expired' ? 1 : 0;

const serverOf = ({ mxAddress, mxHost }: RecipientTold['attempts'][number]): string =>
  `${mxHost} ${mxAddress}`;

function stateOf(outcome: Attempt['outcome'], { held }: FateFacts): FateState {
  if (outcome === 'sent') return 'delivered';
  if (outcome !== 'deferred') return outcome;
  // Taken from the queue while it waited for its next try.
  if (held?.state === 'held') return 'held';
  return held?.state === 'dropped' ? 'dropped' : 'waiting';
}

/** An alias leads to several addresses, each with an outcome of its own. */
function byAddress(one: RecipientTold): readonly RecipientTold[] {
  const inOrder = asTried(one.attempts);
  const addresses = new Set(inOrder.map(({ recipient }) => recipient));
  if (addresses.size < 2) return [one];
  const parts = [...addresses].map((address) => ({
    ...one,
    recipient: address === '' ? one.recipient : address,
    attempts: inOrder.filter(({ recipient }) => recipient === address),
  }));
  // A filter got the alias, and what came back has the addresses behind it.
  const ended = parts.filter(({ attempts }) => attempts.at(-1)?.outcome !== 'handed-on');
  return ended.length > 0 ? ended : parts;
}

const nobody: RecipientTold = { recipient: '', mark: '', attempts: [] };

function grouped(all: readonly One[], facts: FateFacts): FateGroup[] {
  const groups = new Map<string, One[]>();
  // Recipients that were counted at the hand-over, and that nothing else names: one for all of
  // them, because whoever writes into the log chooses the number.
  const missing = Math.max(0, facts.recipientCount - facts.recipients.length);
  const uncounted = outcomeOf(nobody, facts);
  for (const one of missing > 0 ? [...all, uncounted] : all) {
    const key = `${one.state} ${one.where}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [one]);
    else group.push(one);
  }
  return [...groups.values()].map((group) =>
    groupOf(group, facts, group.includes(uncounted) ? missing - 1 : 0),
  );
}

/** `more`: how many there are besides. */
function groupOf(all: readonly One[], facts: FateFacts, more: number): FateGroup {
  const latest = all.reduce((one, other) =>
    (other.last?.at ?? 0) > (one.last?.at ?? 0) ? other : one,
  );
  const { state, where, last } = latest;
  const named = all.map(({ recipient }) => recipient).filter((address) => address !== '');
  return {
    state,
    where,
    mx: last === undefined || last.isLocal ? '' : serverName(last.mxHost, last.mxAddress),
    from: last?.from ?? '',
    count: all.length + more,
    recipients: named.slice(0, namedMax),
    unnamed: all.length + more - named.length,
    steps:
      last === undefined ? endedHere(state, facts) : [...deferrals(all), ...ending(latest, all)],
    reply: last?.reply ?? '',
  };
}

function serverName(host: string, address: string): string {
  if (host === '' || address === '') return host || address;
  return `${host}[${address}]`;
}

function deferrals(all: readonly One[]): readonly FateStep[] {
  const most = all.reduce((one, other) =>
    other.deferrals.length > one.deferrals.length ? other : one,
  );
  const tries = most.deferrals.length;
  if (tries === 0) return [];
  const servers = new Set(most.deferrals.map(nameOf));
  const [server = ''] = servers;
  const who = servers.size > 1 ? 'servers' : server;
  const isEven = all.every((one) => one.deferrals.length === tries);
  const often = `${isEven ? '' : 'up to '}${times(tries)}`;
  const text = who === '' ? `no server answered ${often}` : `${who} deferred ${often}`;
  return [{ text, at: undefined }];
}

/** Empty if no server answered. */
function nameOf({ mxAddress, mxHost, reply }: One['deferrals'][number]): string {
  if (mxHost !== '' || mxAddress !== '') return mxProvider(mxHost || mxAddress);
  return /(?:^|said: )[45]\d\d\b/.test(reply) ? 'the other server' : '';
}

const times = (count: number): string =>
  count === 1 ? 'once' : count === 2 ? 'twice' : `${count} times`;

function ending({ state, where, last, deferrals: before }: One, all: readonly One[]): FateStep[] {
  const at = last?.at;
  const hadToWait = before.length > 0;
  switch (state) {
    case 'delivered': {
      const to = where === '' || (hadToWait && where !== 'this server') ? '' : placeOf(where);
      return [{ text: `delivered${to}`, at }];
    }
    case 'bounced':
      return [{ text: `refused${where === '' ? '' : ` by ${where}`} for good`, at }];
    case 'expired':
      return [{ text: 'given up', at }];
    case 'handed-on':
      return [{ text: 'handed on to a filter', at }];
    case 'waiting':
      return [{ text: 'waiting since', at: firstDeferral(all) }];
    case 'held':
      return [{ text: 'then pulled back from the queue and held', at: undefined }];
    case 'dropped':
      return [{ text: 'then deleted from the queue', at: undefined }];
    default:
      return [{ text: 'no attempt is known', at: undefined }];
  }
}

const placeOf = (where: string): string =>
  where === 'this server' ? ' on this server' : ` to ${where}`;

function firstDeferral(all: readonly One[]): Millis | undefined {
  const firsts = all.flatMap(({ deferrals: [first] }) => (first === undefined ? [] : [first.at]));
  return firsts.length === 0 ? undefined : (Math.min(...firsts) as Millis);
}

/** What happened before any attempt to deliver. */
function beginning({ at, verdict, isObserved, held }: FateFacts): FateStep[] {
  if (!isObserved && (verdict === 'refuse' || verdict === 'delay')) return [];
  const steps: FateStep[] = [{ text: 'accepted', at }];
  if (held?.state === 'released') steps.push({ text: 'held, then released', at: held.changedAt });
  return steps;
}

function endedHere(state: FateState, { at, held, verdict }: FateFacts): FateStep[] {
  switch (state) {
    case 'refused':
      return [{ text: 'refused by Postern', at }];
    case 'delayed':
      return [{ text: 'put off by Postern, so its sender keeps it', at }];
    case 'held':
      return [{ text: 'held, and nobody has decided yet', at: undefined }];
    case 'dropped':
      if (verdict === 'discard') return [{ text: 'discarded by Postern', at }];
      return [{ text: 'held, then deleted', at: held?.changedAt }];
    default:
      return [{ text: 'no attempt to deliver it is known', at: undefined }];
  }
}

const words: Readonly<Record<FateState, string>> = {
  bounced: 'bounced',
  expired: 'given up',
  refused: 'refused',
  dropped: 'deleted',
  held: 'held',
  delayed: 'put off',
  waiting: 'waiting',
  'handed-on': 'at a filter',
  unknown: 'not known',
  delivered: 'delivered',
};

function briefly(groups: readonly FateGroup[], state: FateState): string {
  const sums = new Map<FateState, number>();
  for (const group of groups) sums.set(group.state, (sums.get(group.state) ?? 0) + group.count);
  if (sums.size <= 1) return words[state];
  return [...sums].map(([one, count]) => `${count} ${words[one]}`).join(', ');
}

function remarks(facts: FateFacts, groups: readonly FateGroup[]): readonly string[] {
  const has = (state: FateState): boolean => groups.some((group) => group.state === state);
  const said: string[] = [];
  if (has('waiting')) said.push('The mail server does not say when it tries next.');
  if (has('unknown') || groups.length === 0) said.push(...unknown(facts));
  else if (has('waiting')) said.push(...missingText(facts.log));
  const unnamed = groups.reduce((sum, group) => sum + group.unnamed, 0);
  const total = groups.reduce((sum, group) => sum + group.count, 0);
  if (facts.moreRecipients > 0) {
    said.push(`${facts.moreRecipients} further recipients are left out here.`);
  }
  if (unnamed > 0) {
    said.push(`Addresses of ${unnamed} of ${total} recipients are not kept in clear text.`);
  }
  return said;
}

function missingText(log: LogStanding): readonly string[] {
  if (log === 'unread') {
    return ['The mail log cannot be read now, so the latest attempts may be missing.'];
  }
  if (log === 'stopped') return ['What was tried since the guard stopped is missing.'];
  return [];
}

function unknown({ log, verdict }: FateFacts): readonly string[] {
  if (verdict === 'refuse' || verdict === 'delay') return [];
  if (log === 'off')
    return ['No mail log is configured, so Postern sees no delivery (mail_log.source).'];
  if (log !== 'read') return missingText(log);
  return ['The mail log has said nothing about it, or what it said is no longer kept.'];
}
