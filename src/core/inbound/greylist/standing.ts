/** What is known about a sender from its earlier mail: how much was liked, how much was spam. */
import { dayMs, hourMs, type Millis } from '../../../lib/time.ts';
import type { InboundFacts } from './facts.ts';
import type { InboundKnowledge } from './knowledge.ts';
import { clientNetworkOf, plainName, senderDomain } from './names.ts';

/**
 * `strange`: no liked mail, or only today's. `mixed`: liked mail and spam, as from a provider with
 * many customers. `seen`: liked mail, hardly any spam. `welcome`: the same for some time.
 */
export type Trust = 'strange' | 'mixed' | 'seen' | 'welcome';

/** Under which names a sender's mail is remembered. */
export type SenderNames = {
  /** Domains that SPF or DKIM proved, as their owners registered them. */
  readonly proved: readonly string[];
  /** One of these is the domain of the envelope sender: nobody else wrote that address. */
  readonly provesSender: boolean;
  readonly network: string;
  /** For mail that proves no domain: its network and HELO name together. */
  readonly machine: string;
};

export type SenderStanding = {
  readonly level: Trust;
  /** The network has delivered liked mail before: what its machines look like is no news. */
  readonly isKnownNetwork: boolean;
  /**
   * Messages of this sender that the filter called spam; 0 if none came in the last hours, or if
   * they are few of its mail.
   */
  readonly recentSpam: number;
};

/** A sender is known a day after its first liked mail: a wave of spam is over by then. */
const knownAfterMs = dayMs;
/** Liked messages from which on a sender may be welcome. */
const welcomeFrom = 3;
/** Up to this share of spam in its mail a sender counts as one that sends none. */
const cleanShare = 0.02;
/** From this share on a sender is strange again. */
const spamShareMax = 0.35;
/** How long spam of a sender counts against its other mail. */
const recentMs = 6 * hourMs;
/** And from which share in all of its mail. */
const waveShare = 0.25;

export function senderNames(
  facts: InboundFacts,
  organisationOf: (domain: string) => string | undefined,
): SenderNames {
  const whole = (name: string): string => organisationOf(plainName(name)) ?? plainName(name);
  const named = [...(facts.spf === 'pass' ? [facts.spfDomain] : []), ...facts.signers];
  const network = clientNetworkOf(facts.client);
  const proved = [...new Set(named.filter((name) => name !== '').map(whole))];
  return {
    proved,
    provesSender: facts.sender !== '' && proved.includes(whole(senderDomain(facts.sender))),
    network,
    machine: `${network} ${plainName(facts.helo)}`,
  };
}

export function senderStanding(
  names: SenderNames,
  knowledge: InboundKnowledge,
  at: Millis,
): SenderStanding {
  const { proved, network, machine } = names;
  const isMachineKnown = proved.length === 0 && !isForgotten(names, knowledge);
  const records = [
    ...proved.map((name) => recordOf(knowledge, 'domain', name, at)),
    ...(isMachineKnown ? [recordOf(knowledge, 'network', machine, at)] : []),
  ];
  const own = recordOf(knowledge, 'network', network, at);
  return {
    level: records.map(({ level }) => level).reduce(better, 'strange'),
    isKnownNetwork: own.level !== 'strange',
    recentSpam: Math.max(0, ...[...records, own].map(({ recentSpam }) => recentSpam)),
  };
}

/** An operator has forgotten the network since: the names of its machines cannot be listed. */
function isForgotten({ machine, network }: SenderNames, knowledge: InboundKnowledge): boolean {
  const own = knowledge.find('network', machine);
  if (own === undefined) return false;
  const all = knowledge.find('network', network);
  return all === undefined || all.firstAt > own.firstAt;
}

function recordOf(
  knowledge: InboundKnowledge,
  kind: 'domain' | 'network',
  name: string,
  at: Millis,
): { readonly level: Trust; readonly recentSpam: number } {
  const liked = knowledge.find(kind, name);
  const spam = knowledge.find(kind === 'domain' ? 'spam-domain' : 'spam-network', name);
  const isRecent = spam !== undefined && spam.lastAt > at - recentMs;
  const share = (spam?.times ?? 0) / ((spam?.times ?? 0) + (liked?.times ?? 0));
  return {
    level: levelOf(liked?.times ?? 0, spam?.times ?? 0, at - (liked?.firstAt ?? at)),
    recentSpam: isRecent && share >= waveShare ? spam.times : 0,
  };
}

function levelOf(liked: number, spam: number, sinceMs: number): Trust {
  if (liked === 0 || sinceMs < knownAfterMs) return 'strange';
  // One message may be a mistake of the filter.
  const share = Math.max(0, spam - 1) / (liked + spam);
  if (share >= spamShareMax) return 'strange';
  if (share > cleanShare) return 'mixed';
  return liked >= welcomeFrom ? 'welcome' : 'seen';
}

const order: readonly Trust[] = ['strange', 'mixed', 'seen', 'welcome'];

function better(one: Trust, other: Trust): Trust {
  return order.indexOf(one) > order.indexOf(other) ? one : other;
}

/** Remembers a message: liked by the content filter, or called spam by it. */
export function remember(
  names: SenderNames,
  how: 'liked' | 'spam',
  knowledge: InboundKnowledge,
  at: Millis,
): void {
  const { proved, network, machine } = names;
  for (const name of proved) knowledge.see(how === 'liked' ? 'domain' : 'spam-domain', name, at);
  if (isForgotten(names, knowledge)) {
    for (const kind of ['network', 'spam-network'] as const) knowledge.forget(kind, machine);
  }
  const kind = how === 'liked' ? 'network' : 'spam-network';
  knowledge.see(kind, network, at);
  if (proved.length === 0) knowledge.see(kind, machine, at);
}
