/**
 * The keys that sign, for whoever signs; their life goes on by itself (key-keeper.ts) and by
 * commands (key-desk.ts).
 */
import type { SigningKey } from '../../formats/dkim/signing-key.ts';
import type { KeyAdmin } from '../../ports/admin.ts';
import { openKeyAdmin } from './key-admin.ts';
import { openKeeper, type SigningKeysDeps } from './key-keeper.ts';

export type SigningKeys = {
  /** The keys that sign for exactly this domain, one of an algorithm; empty: none. Never waits. */
  of(domain: string): readonly SigningKey[];
  /** One step now, with all that is to be looked at. */
  stepNow(): Promise<void>;
  /** Key files are looked at again. */
  reload(): void;
  readonly admin: KeyAdmin;
  close(): void;
};

export function openSigningKeys(deps: SigningKeysDeps): SigningKeys {
  const keeper = openKeeper(deps);
  return {
    of: (domain) => keeper.of(domain),
    stepNow: () => keeper.stepNow(),
    reload: () => keeper.reload(),
    admin: openKeyAdmin(keeper, deps),
    close: () => keeper.close(),
  };
}
