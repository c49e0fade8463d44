/** Opens what judges returned mail and automatic answers, with its settings. */
import type { Config } from '../../config/schema.ts';
import type { InboundKnowledge } from '../../core/inbound/greylist/knowledge.ts';
import type { Journal } from '../../flow/journal/journal.ts';
import { Answers } from '../../flow/reflection/answers.ts';
import { OwnBounces } from '../../flow/reflection/own-bounces.ts';
import { Returns } from '../../flow/reflection/returned-mail.ts';
import type { SigningKey } from '../../formats/dkim/signing-key.ts';
import type { EditSource } from '../../ports/message.ts';
import type { Troubles } from '../../ports/troubles.ts';
import type { DaemonParts } from '../base/options.ts';

export type DaemonReflection = {
  readonly sources: readonly EditSource[];
  readonly returns: Returns;
  readonly answers: Answers;
  readonly ownBounces: OwnBounces;
  configure(config: Config): void;
};

export function openDaemonReflection(
  { config, scope, world }: DaemonParts,
  given: {
    readonly journal: Journal;
    readonly known: Pick<InboundKnowledge, 'find' | 'see'>;
    readonly keysOf: (domain: string) => readonly SigningKey[];
    readonly troubles: Troubles;
    readonly localDomains: ReadonlySet<string>;
  },
): DaemonReflection {
  let { reflection, verify } = config;
  const returns = new Returns({ ...given, world, setting: () => reflection.bounces });
  const answers = new Answers({
    world,
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
    configure(changed) {
      ({ reflection, verify } = changed);
    },
  };
}
