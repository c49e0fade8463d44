/** The classifier of replies, with the operator's own rules, which a reload reads again. */
import { readReplyRules } from '../../config/reply-rules.ts';
import type { Config } from '../../config/schema.ts';
import type { ReplyClassifier } from '../../core/replies/classified.ts';
import { openReplyClassifier } from '../../core/replies/classifier.ts';
import { allReplyRules } from '../../core/replies/rules/all.ts';

export type DaemonReplies = {
  /** Stays the same object when the rules change. */
  readonly classifier: ReplyClassifier;
  configure(config: Config): void;
};

export function openDaemonReplies(config: Config): DaemonReplies {
  let current = opened(config);
  return {
    classifier: {
      classify: (answer) => current.classify(answer),
      shape: (reply) => current.shape(reply),
    },
    configure(changed) {
      current = opened(changed);
    },
  };
}

function opened({ providers }: Config): ReplyClassifier {
  return openReplyClassifier(allReplyRules(readReplyRules(providers.rules)));
}
