/** Rights of accounts, for tests: own domains, and what a test allows besides. */
import type { Permission } from '../../src/core/authors/permission.ts';
import { domainOf } from '../../src/formats/message/address.ts';
import type { AuthorRights } from '../../src/ports/authors.ts';

export type ScriptedRights = AuthorRights & {
  /** Each question: the account and its addresses. */
  readonly asked: string[];
  /** Answers for `account address`, instead of what its domain says. */
  readonly allowed: Map<string, Permission['kind']>;
  /** Accounts that are declared for every address. */
  readonly forAll: Set<string>;
  /** With it, answers wait until they are called. */
  waiting: (() => void)[] | undefined;
};

export function scriptedRights(): ScriptedRights {
  const allowed = new Map<string, Permission['kind']>();
  const forAll = new Set<string>();
  const asked: string[] = [];
  const kindOf = (account: string, address: string): Permission['kind'] => {
    const own = domainOf(account) === domainOf(address) ? 'own' : 'foreign';
    return allowed.get(`${account} ${address}`) ?? own;
  };
  return {
    asked,
    allowed,
    forAll,
    waiting: undefined,
    ask(account, addresses, done) {
      asked.push(`${account} ${addresses.join(' ')}`);
      const answers = addresses.map(
        (one): Permission =>
          forAll.has(account)
            ? { kind: 'declared', source: '', isForAll: true }
            : { kind: kindOf(account, one), source: '' },
      );
      if (this.waiting === undefined) done(answers);
      else this.waiting.push(() => done(answers));
    },
  };
}
