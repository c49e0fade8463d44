/**
 * Whose mail Postern acts on while the mode is observe: `domain:a.example`, `account:x@a.example`,
 * or a share of all accounts such as `5%`. So an operator switches on step by step.
 */
import { hash53 } from '../../lib/hash.ts';
import type { Account } from '../account-name.ts';

export type Enforcement = {
  readonly domains: ReadonlySet<string>;
  readonly accounts: ReadonlySet<string>;
  /** Of all accounts, by a keyed hash of the name: the same ones after a restart. 0 to 1. */
  readonly share: number;
};

/** Entries of one list. */
export const entriesMax = 1_000;

const shareForm = /^(\d{1,3}(?:\.\d{1,3})?)\s*%$/;
const domainForm = /^domain:([\p{L}\p{N}](?:[\p{L}\p{N}.-]{0,251}[\p{L}\p{N}])?)$/u;
const accountForm = /^account:([^\p{Cc}\s]{1,320})$/u;

export function enforcementOf(entries: readonly string[]): Enforcement {
  const domains = new Set<string>();
  const accounts = new Set<string>();
  let share = 0;
  for (const entry of entries) {
    const text = entry.trim();
    const [, domain] = domainForm.exec(text) ?? [];
    const [, account] = accountForm.exec(text) ?? [];
    const [, percent] = shareForm.exec(text) ?? [];
    if (domain !== undefined) domains.add(domain.toLowerCase());
    if (account !== undefined) accounts.add(nameKey(account));
    if (percent !== undefined) share = Math.max(share, Number(percent) / 100);
  }
  return { domains, accounts, share: Math.min(1, share) };
}

/** Whether it is an entry of such a list. */
export function isEnforceEntry(entry: string): boolean {
  const text = entry.trim();
  const [, percent] = shareForm.exec(text) ?? [];
  if (percent !== undefined) return Number(percent) <= 100;
  return domainForm.test(text) || accountForm.test(text);
}

/** Whether no account whatever can be in such a list. */
export function reachesNobody({ accounts, domains, share }: Enforcement): boolean {
  return accounts.size === 0 && domains.size === 0 && share === 0;
}

/** `seed`: that of the ledger, so that nobody outside knows which accounts are in the share. */
export function isEnforced(
  { accounts, domains, share }: Enforcement,
  account: Account,
  seed: number,
): boolean {
  if (accounts.size > 0 && accounts.has(nameKey(account))) return true;
  if (domains.size > 0 && domains.has(domainOfAccount(account))) return true;
  return share > 0 && hash53(`enforce ${account}`, seed) < share * hashes;
}

/** hash53 gives numbers below this. */
const hashes = 2 ** 53;

/** The domain at the end of the account's name; empty without one. */
export function domainOfAccount(account: string): string {
  const at = account.lastIndexOf('@');
  return at < 0 ? '' : account.slice(at + 1).toLowerCase();
}

function nameKey(account: string): string {
  return account.toLowerCase();
}
