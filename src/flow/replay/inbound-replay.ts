/**
 * Judges recorded inbound mail on its own clock, with what is known in memory and the judgement of
 * the running guard. One JSON object a line; `rcpt`, `data` and `due` get one answer each.
 */

import { type DeferralBooks, deferUntil } from '../../core/inbound/deferring/deferral.ts';
import type { InboundFacts } from '../../core/inbound/greylist/facts.ts';
import { judgeDue, judgeMessage, rememberMessage } from '../../core/inbound/greylist/judge.ts';
import type { JudgePolicy, Stance } from '../../core/inbound/greylist/judgement.ts';
import {
  type Deferral,
  type Deferrals,
  ownMessageName,
} from '../../core/inbound/greylist/knowledge.ts';
import { openKnowledgeTable } from '../../core/inbound/greylist/knowledge-table.ts';
import { addressKey, domainOf } from '../../formats/message/address.ts';
import { spfResults } from '../../formats/spf/evaluate.ts';
import { RecentMap } from '../../lib/recent-map.ts';
import { dayMs, type Millis, secondMs } from '../../lib/time.ts';

export type InboundReplayOptions = {
  readonly stance: Stance;
  readonly waitMs: number;
  /** The content filter's limit: from this score on it calls a message spam. */
  readonly spamScore: number;
  readonly organisationOf: JudgePolicy['organisationOf'];
  /** Milliseconds since 1970 of a time as text. */
  readonly readTime: (text: string) => number;
};

export type InboundAnswer = {
  readonly action: string;
  readonly seconds?: number;
  readonly why?: string;
};
export type InboundReplay = {
  apply(line: Readonly<Record<string, unknown>>): InboundAnswer | undefined;
};

/** Names that are remembered, messages that wait, and senders that were put off. */
const namesMax = 1_000_000;
const waitingMax = 100_000;
const deferralsMax = 500_000;
/** A sender that was never seen says something after this time. */
const learnsMs = 7 * dayMs;

export function openInboundReplay(options: InboundReplayOptions): InboundReplay {
  const { readTime } = options;
  const knowledge = openKnowledgeTable(namesMax, 0x706f7374);
  const waiting = new RecentMap<string, InboundFacts>(waitingMax);
  const books: DeferralBooks = { knowledge, messages: deferrals(), senders: deferrals() };
  let ours = new Set<string>();
  let policy: JudgePolicy = {
    ...options,
    learningUntil: 0 as Millis,
    isOurs: (domain) => ours.has(domain),
  };
  const likeness = (line: Readonly<Record<string, unknown>>): number | undefined => {
    const { score } = line;
    return typeof score === 'number' && Number.isFinite(score)
      ? score / options.spamScore
      : undefined;
  };
  return {
    apply(line) {
      const at = readTime(text(line['at'])) as Millis;
      switch (line['type']) {
        case 'hello':
          ours = new Set(texts(line['local_domains']).map((domain) => domain.toLowerCase()));
          policy = {
            ...policy,
            learningUntil: (readTime(text(line['start'])) + learnsMs) as Millis,
          };
          return undefined;
        case 'sent':
          for (const name of sentTo(text(line['recipient']), options.organisationOf)) {
            knowledge.see('written-to', name, at);
          }
          knowledge.see(
            'message-id',
            ownMessageName(text(line['message_id']), text(line['sender'])),
            at,
          );
          return undefined;
        case 'rcpt':
          return { action: 'dunno' };
        case 'data': {
          const facts = factsOf(line, at, likeness(line));
          const judged = judgeMessage(facts, knowledge, policy);
          const isPutOff =
            judged.action === 'defer' &&
            (deferUntil(facts, judged.points, books, options.organisationOf) ?? 0) > at;
          if (!isPutOff) rememberMessage(facts, knowledge, policy);
          const why = [...judged.suspicions.map((one) => one.text), ...judged.passes].join('; ');
          // The Junk folder counts as kept back: the message is asked about again at once.
          if (judged.action === 'junk') return { action: 'hold', seconds: 0, why };
          if (judged.action === 'wait') {
            waiting.set(text(line['instance']), facts);
            return { action: 'hold', seconds: judged.waitMs / secondMs, why };
          }
          return { action: isPutOff ? 'defer' : 'dunno', why };
        }
        case 'due': {
          const facts = waiting.get(text(line['instance']));
          if (facts === undefined) return { action: 'quarantine' };
          const dnsbl = typeof line['dnsbl'] === 'boolean' ? line['dnsbl'] : undefined;
          const due = { at, dnsbl, likeness: likeness(line) };
          const { action, why } = judgeDue(facts, due, knowledge, policy);
          return { action: action === 'release' ? 'deliver' : 'quarantine', why };
        }
        default:
          return undefined;
      }
    },
  };
}

function deferrals(): Deferrals {
  const all = new RecentMap<string, Deferral>(deferralsMax);
  return { find: (key) => all.get(key), put: (key, one) => void all.set(key, one) };
}

/** Under which names it is remembered that someone here has written to an address. */
function sentTo(
  recipient: string,
  organisationOf: JudgePolicy['organisationOf'],
): readonly string[] {
  const key = addressKey(recipient);
  const domain = domainOf(key);
  return domain === '' ? [key] : [key, `@${organisationOf(domain) ?? domain}`];
}

function factsOf(
  line: Readonly<Record<string, unknown>>,
  at: Millis,
  likeness: number | undefined,
): InboundFacts {
  const sender = text(line['sender']);
  const name = (key: string): string => (line[key] === 'unknown' ? '' : text(line[key]));
  const answer = text(line['in_reply_to']);
  const helo = text(line['helo_name']);
  return {
    at,
    client: text(line['client_address']),
    clientName: name('client_name'),
    reverseName: name('reverse_client_name'),
    helo,
    sender,
    recipients: texts(line['recipients']),
    spf: oneOf(spfResults, line['spf']),
    spfDomain: sender === '' ? helo : sender.slice(sender.lastIndexOf('@') + 1),
    dnswl: oneOf(trusts, line['dnswl']) !== undefined,
    dnsbl: typeof line['dnsbl'] === 'boolean' ? line['dnsbl'] : undefined,
    badRecipients: typeof line['bad_recipients'] === 'number' ? line['bad_recipients'] : 0,
    signers: texts(line['dkim']),
    answers: answer === '' ? [] : [answer],
    isProvenReturn: false,
    saysCode: false,
    likeness,
  };
}

/** Trust levels of dnswl.org. */
const trusts = ['none', 'low', 'med', 'hi'] as const;

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const texts = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
function oneOf<Word extends string>(words: readonly Word[], value: unknown): Word | undefined {
  return words.find((word) => word === value);
}
