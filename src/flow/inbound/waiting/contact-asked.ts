/**
 * Answers the policy door about a stranger's recipient (RCPT), where the operator wants a 451 there
 * and not after the message. Without DKIM and content less is known, so more honest mail waits than
 * at the end of DATA. Whatever is late or fails, the answer is DUNNO.
 */
import { deferUntil } from '../../../core/inbound/deferring/deferral.ts';
import type { InboundFacts } from '../../../core/inbound/greylist/facts.ts';
import { judgeMessage } from '../../../core/inbound/greylist/judge.ts';
import { clientNetworkOf } from '../../../core/inbound/greylist/names.ts';
import { answeredLater } from '../../../formats/dns/question.ts';
import { listedIn } from '../../../formats/spf/address-lists.ts';
import { evaluateSpf } from '../../../formats/spf/evaluate.ts';
import { secondMs } from '../../../lib/time.ts';
import type { Answer, PolicyRequest } from '../../../ports/message.ts';
import type { Resolver, World } from '../../../ports/world.ts';
import { openQuestions } from '../dns-questions.ts';
import { logFailed } from '../inbound-log.ts';
import { aboutDeferred } from './incoming-row.ts';
import type { KnownSenders } from './known-senders.ts';
import { isOnLists, type JudgeSettings, laterAnswer } from './message-judged.ts';

export type ContactDeps = {
  readonly known: KnownSenders;
  readonly resolve: Resolver;
  readonly mayRelay: (client: string) => boolean;
  readonly host: string;
  readonly world: World;
  readonly settings: JudgeSettings;
};

/** A recipient does not wait longer for the DNS. */
const deadlineMs = 3 * secondMs;
/** Recipients that wait for the DNS at the same time. */
const askedMax = 500;
const dunno: Answer = { kind: 'pass' };

export type ContactAsked = {
  /** Answers exactly once; at once where this is off. */
  ask(request: PolicyRequest, answer: (answer: Answer) => void): void;
};

export function openContactAsked(deps: ContactDeps): ContactAsked {
  let asked = 0;
  return {
    ask(request, answer) {
      const { known, mayRelay, settings, world } = deps;
      const isWanted = settings.policy.stance === 'defer' && settings.defersAt === 'rcpt';
      const isKnown = (): boolean =>
        known.find('missed', clientNetworkOf(request.client)) !== undefined;
      if (!isWanted || asked >= askedMax || mayRelay(request.client) || isKnown()) {
        answer(dunno);
        return;
      }
      asked++;
      const said = (what: Answer): void => {
        asked--;
        answer(what);
      };
      judged(deps, request).then(said, (fault: unknown) => {
        logFailed(world.log, request.queueId, fault);
        said(dunno);
      });
    },
  };
}

async function judged(deps: ContactDeps, request: PolicyRequest): Promise<Answer> {
  const { host, known, resolve, settings, world } = deps;
  const { client, sender, helo } = request;
  const questions = openQuestions({ resolve, world, deadlineMs });
  const at = world.clock.now();
  const atSeconds = Math.floor(at / secondMs);
  const [spf, bad, good] = await Promise.all([
    answeredLater(
      evaluateSpf({ ip: client, sender, helo, receiver: host, atSeconds }),
      questions.ask,
    ),
    answeredLater(listedIn(client, settings.dnsbl), questions.ask),
    answeredLater(listedIn(client, settings.dnswl), questions.ask),
  ]).finally(() => questions.close());
  // Slow DNS: nothing is known against it.
  if (questions.late) return dunno;
  const facts: InboundFacts = {
    at,
    client,
    clientName: request.clientName,
    reverseName: request.reverseName,
    helo,
    sender,
    recipients: [request.recipient],
    spf: spf.result === 'temperror' ? undefined : spf.result,
    spfDomain: spf.domain,
    dnsbl: isOnLists(bad, settings.dnsbl),
    dnswl: isOnLists(good, settings.dnswl),
    badRecipients: 0,
    signers: [],
    answers: [],
    isProvenReturn: undefined,
    saysCode: false,
    likeness: undefined,
  };
  const judgement = judgeMessage(facts, known, settings.policy);
  if (judgement.would === 'pass') return dunno;
  const books = known.deferralBooks(aboutDeferred(facts, judgement, ''));
  const until = deferUntil(facts, judgement.points, books, settings.policy.organisationOf);
  if (until === undefined) return dunno;
  // What passes here is counted at the end of its message.
  world.count('postern_inbound_judged_total', 1, 'defer');
  return laterAnswer(until - at);
}
