/**
 * The DKIM keys, for everything that signs. Their life goes on automatically (key-keeper.ts) and by
 * commands (key-admin.ts).
 */
import { noProbation } from '../../core/signing/probation/plan.ts';
import type { SigningKey } from '../../formats/dkim/signing-key.ts';
import type { KeyAdmin } from '../../ports/admin.ts';
import { openKeyAdmin } from './key-admin.ts';
import { openKeeper, type SigningKeysDeps } from './key-keeper.ts';
import { openProbation, type Probation, type ProbationDeps } from './probation.ts';

export type SigningKeys = {
  /** The keys that sign for exactly this domain, at most one of each algorithm. Never waits. */
  of(domain: string): readonly SigningKey[];
  /** Runs one step now that looks at every key that is due. */
  stepNow(): Promise<void>;
  /** Reads the key files again. */
  reload(): void;
  readonly admin: KeyAdmin;
  /** Keys of single accounts. Call it once. */
  probation(of: Pick<ProbationDeps, 'standing' | 'troubles'>): Probation;
  close(): void;
};

export function openSigningKeys(deps: SigningKeysDeps): SigningKeys {
  const keeper = openKeeper(deps);
  return {
    of: (domain) => keeper.of(domain),
    stepNow: () => keeper.stepNow(),
    reload: () => keeper.reload(),
    admin: openKeyAdmin(keeper, deps),
    probation: (of) =>
      openProbation(keeper, {
        ...of,
        world: deps.world,
        policy: () => deps.probation?.() ?? noProbation,
        canSend: (domain) => deps.zone.canSend(domain),
      }),
    close: () => keeper.close(),
  };
}
