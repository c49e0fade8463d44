/**
 * Declarations that Postern proposes from what it finds: in the set-up of another signer, in
 * Postfix, in the register of scripts. An operator confirms them; none is made silently. Pure.
 */
import { type Allowance, authorFor, type SignerSetup } from '../../formats/filters/signer-setup.ts';
import { declaredAccount, declaredAddress } from './declaration.ts';

/** One proposal: this account may write as that address. */
export type Proposal = {
  readonly account: string;
  /** `joe@example.org`, `@example.org`, or `@*.example.org` for all names below it. */
  readonly address: string;
  /** Where it was found: a phrase for the operator. */
  readonly why: string;
};

/** Most proposals at once; more cannot be read by a person, and the ledger has a limit too. */
export const proposalsMax = 1_000;

/** With more addresses, a host that may write as all of them is declared for every address. */
export const addressesPerHostMax = 5;

/** Each proposal once, as declarations are stored; the first reason counts. */
export function distinct(proposals: readonly Proposal[]): readonly Proposal[] {
  const found = new Map<string, Proposal>();
  for (const { why, ...one } of proposals) {
    const named = declaredAccount(one.account, '');
    const address = declaredAddress(one.address);
    if ('fault' in named || address === undefined) continue;
    const key = `${named.account} ${address}`;
    if (!found.has(key)) found.set(key, { account: named.account, address, why });
  }
  return [...found.values()];
}

/**
 * What keeps the rights of the clients that another signer trusts: each may write as each domain
 * that it signs.
 */
export function importProposals({
  allowed,
  froms,
  signaturesOf,
}: Pick<SignerSetup, 'allowed' | 'froms' | 'signaturesOf'>): readonly Proposal[] {
  const authors = froms
    .filter(({ host }) => host !== '*')
    .filter((from) => signaturesOf(authorFor(from)).length > 0)
    .map(({ host, user }) => `${user ?? ''}@${host}`);
  const addresses = authors.length > addressesPerHostMax ? ['*'] : authors;
  const clients = allowed.flatMap(({ networks, setting }) =>
    networks.map((network) => ({ account: clientName(network), why: setting })),
  );
  return distinct(
    clients.flatMap(({ account, why }) => addresses.map((address) => ({ account, address, why }))),
  );
}

/** The account of a client or a network as declarations name it, without brackets. */
export function clientName(network: string): string {
  return `client:${network.replace(/^\[(.*)\]/, '$1').toLowerCase()}`;
}

/** What was allowed, and what Postern does: sentences for the operator. */
export function allowanceText({ setting, allowed, here }: Allowance): string {
  return `${setting}: ${allowed}. ${here[0]?.toUpperCase()}${here.slice(1)}.`;
}
