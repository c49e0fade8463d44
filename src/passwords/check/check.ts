/**
 * Checks a new password with zxcvbn, the operator's lists, and known leaks. Only `postern passwords
 * check` loads this module, so that its dictionaries are never in the memory of an audit.
 */
import { createHash } from 'node:crypto';
import { ZxcvbnFactory } from '@zxcvbn-ts/core';
import { adjacencyGraphs, dictionary } from '@zxcvbn-ts/language-common';
import { ownWords } from '../../core/passwords/own-words.ts';
import { type PasswordVerdict, passwordVerdict } from '../../core/passwords/verdict.ts';
import { OperatorError } from '../../lib/operator-error.ts';
import { listHas } from '../candidates/list-search.ts';
import { openRangeLists } from '../candidates/range-lists.ts';

export type CheckOptions = {
  readonly lists: readonly string[];
  readonly rangeFiles: string;
  readonly rangeService: string;
  readonly scoreMin: number;
  /** Called when a list or service cannot be asked; the other checks still count. */
  readonly fault: (fault: OperatorError) => void;
};

/** zxcvbn scores only this many characters, because its time grows with the length. */
const scoredCharsMax = 128;

export type CheckPassword = (password: Buffer, account: string) => Promise<PasswordVerdict>;

/** Opens the check. It clears the buffer of each password. */
export function openCheck(options: CheckOptions): CheckPassword {
  const scorer = new ZxcvbnFactory({ dictionary, graphs: adjacencyGraphs });
  const ranges = openRangeLists(options.rangeFiles, options.rangeService);
  return async (password, account) => {
    try {
      const words = ownWords({ account, name: '', organisation: '' });
      const text = password.toString('utf8').slice(0, scoredCharsMax);
      const { score, feedback } = scorer.check(text, [account, ...words]);
      const sha1 = createHash('sha1').update(password).digest('hex');
      const facts = {
        score,
        warning: feedback.warning ?? '',
        suggestions: feedback.suggestions,
        length: password.length,
        listed: await listed(options, password),
        leaks: await forgiving(options, () => ranges.times(sha1)),
      };
      return passwordVerdict(facts, options.scoreMin);
    } finally {
      password.fill(0);
    }
  };
}

async function listed(options: CheckOptions, password: Buffer): Promise<boolean> {
  for (const list of options.lists) {
    if ((await forgiving(options, () => listHas(list, password))) === true) return true;
  }
  return false;
}

async function forgiving<Answer>(
  { fault }: CheckOptions,
  ask: () => Promise<Answer>,
): Promise<Answer | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    fault(error);
    return undefined;
  }
}
