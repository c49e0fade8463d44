/** Opens what judges returned mail and automatic answers, with its settings. */
import type { Config } from '../../config/schema.ts';
import type { Submission } from '../../core/event.ts';
import type { InboundResults } from '../../core/inbound/results.ts';
import type { Journal } from '../../flow/journal/journal.ts';
import { Answers } from '../../flow/reflection/answers.ts';
import { OwnBounces } from '../../flow/reflection/own-bounces.ts';
import { Returns } from '../../flow/reflection/returned-mail.ts';
import type { SigningKey } from '../../formats/dkim/signing-key.ts';
import type { UserMail } from '../../ports/mail-server.ts';
import type { EditSource } from '../../ports/message.ts';
import type { Troubles } from '../../ports/troubles.ts';
import type { DaemonParts } from '../base/options.ts';
import type { DaemonWaiting } from './waiting.ts';

export type DaemonReflection = {
  readonly sources: readonly EditSource[];
  readonly returns: Returns;
  readonly answers: Answers;
  readonly ownBounces: OwnBounces;
  /** Takes the results of a message that comes in. */
  heard(results: InboundResults): void;
  /** Remembers a message of an account here that was let through. */
  wrote(message: Submission): void;
  configure(config: Config): void;
};

export function openDaemonReflection(
  { config, scope, world }: DaemonParts,
  given: {
    readonly journal: Journal;
    readonly waiting: Pick<DaemonWaiting, 'judge' | 'known' | 'wrote'>;
    /** Postern's own mail to users. */
    readonly userMail: UserMail;
    readonly keysOf: (domain: string) => readonly SigningKey[];
    readonly troubles: Troubles;
    readonly localDomains: ReadonlySet<string>;
  },
): DaemonReflection {
  let { mode, reflection, verify } = config;
  const { waiting } = given;
  const returns = new Returns({
    ...given,
    known: waiting.known,
    isOurs: (messageId) => given.userMail.isOurs(messageId),
    world,
    setting: () =>
      mode === 'observe' && reflection.bounces === 'refuse' ? 'mark' : reflection.bounces,
  });
  const answers = new Answers({
    world,
    known: waiting.known,
    observes: () => mode === 'observe',
    isJudged: () => reflection.answers === 'judge' && verify.enabled,
  });
  const limit = (): number => reflection.own_bounces_per_hour;
  const ownBounces = new OwnBounces({ ...given, world, limit });
  scope.defer(() => ownBounces.close());
  const source = (open: EditSource['open']): EditSource => ({ phase: 'after-judgement', open });
  return {
    sources: [source((start) => returns.open(start)), source((start) => answers.open(start))],
    returns,
    answers,
    ownBounces,
    heard: (results) => answers.heard(results),
    wrote(message) {
      waiting.wrote(message);
      // Without both, nobody asks.
      if (waiting.judge !== undefined || reflection.bounces !== 'off') returns.sent(message);
    },
    configure(changed) {
      ({ mode, reflection, verify } = changed);
    },
  };
}
