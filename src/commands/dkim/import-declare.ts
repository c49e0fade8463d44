/** Declarations of an import: which are open, and `--declare`, which makes them. */
import { type Proposal, proposalsMax } from '../../core/authors/proposals.ts';
import { OperatorError } from '../../lib/operator-error.ts';
import { connectToGuard } from '../guard/client.ts';
import { openReads } from '../guard/reads.ts';
import { isNotRunning } from '../guard/run-file.ts';

type State = { readonly state?: string };

/** Proposals that nobody has declared yet. Without a guard and its ledger: all. */
export async function undeclared(
  { state }: State,
  proposals: readonly Proposal[],
): Promise<readonly Proposal[]> {
  if (proposals.length === 0) return [];
  try {
    using reads = await openReads(state, () => undefined);
    const { declarations } = await reads.authors();
    const known = new Set(declarations.map(nameOf));
    return proposals.filter((one) => !known.has(nameOf(one)));
  } catch (error) {
    if (!isNotRunning(error)) throw error;
    return proposals;
  }
}

/** Declares them at the running guard. `from`: the other signer. */
export async function declareAll(
  { state }: State,
  proposals: readonly Proposal[],
  from: string,
): Promise<void> {
  if (proposals.length === 0) return;
  if (proposals.length > proposalsMax) {
    throw new OperatorError(
      'not-declared',
      `${proposals.length} declarations are more than ${proposalsMax}; none was made`,
      { hint: 'declare only the clients and domains that send; --json lists all' },
    );
  }
  const guard = await connectToGuard(state);
  const pairs = proposals.map(({ account, address }) => ({ account, address }));
  await guard.act('/authors/declare', { pairs, note: `allowed by ${from}` });
}

const nameOf = ({ account, address }: Pick<Proposal, 'account' | 'address'>): string =>
  `${account} ${address}`;
