/** Declarations of authors that say yes to everything, and note what they were asked. */
import type { AuthorAdmin, AuthorsView } from '../../src/ports/authors.ts';

export const notObserved: AuthorsView['observation'] = {
  from: undefined,
  until: undefined,
  isRunning: false,
};

export function agreeableAuthors(calls: string[], view: Partial<AuthorsView> = {}): AuthorAdmin {
  const yes = async (call: string, count = 1) => {
    calls.push(call);
    return { ok: true as const, text: 'done', count };
  };
  return {
    view: () => ({ declarations: [], observation: notObserved, suggestions: [], ...view }),
    observation: () => notObserved,
    isDeclared: () => false,
    declare: (pairs, { isDry, note }, by) =>
      yes(
        `declare ${pairs.map((pair) => `${pair.account} as ${pair.address}`).join()} ${note} ` +
          `${isDry ? 'dry' : 'done'} by ${by}`,
        pairs.length,
      ),
    remove: (pairs, by) =>
      yes(`remove ${pairs.map((pair) => `${pair.account} as ${pair.address}`).join()} by ${by}`),
    observe: (ms, by) => yes(`observe ${ms} by ${by}`),
  };
}
