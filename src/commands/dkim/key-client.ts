/**
 * The admin of DKIM keys: that of the running guard. If no guard runs, this opens the ledger
 * itself, so that keys can be made before the first start. Only one program at a time may write the
 * ledger.
 */
import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Config } from '../../config/schema.ts';
import { openWorld } from '../../daemon/base/timers.ts';
import { keysFolder, openKeys } from '../../daemon/readers/keys.ts';
import { openJournal } from '../../flow/journal/journal.ts';
import { OperatorError } from '../../lib/operator-error.ts';
import type { AdminResult, KeyAdmin, KeyView } from '../../ports/admin.ts';
import type { Ledger } from '../../ports/ledger.ts';
import type { Timers, World } from '../../ports/world.ts';
import { loadConfig } from '../config/load-config.ts';
import { usualConfig } from '../config/usual-config.ts';
import { connectToGuard, type GuardClient, notDone, operator } from '../guard/client.ts';
import { becomeOwnerOf } from '../guard/owner.ts';
import { isNotRunning, makeState, stateDirectory } from '../guard/run-file.ts';

export type KeyAdminOptions = { readonly state?: string; readonly config?: string };

/** Like KeyAdmin, but throws OperatorError `not-done` if the admin did nothing. */
export type KeyAdminClient = {
  readonly folder: string;
  list(domain?: string): Promise<readonly KeyView[]>;
  make(wanted: Parameters<KeyAdmin['make']>[0]): Promise<ActionDone>;
  rotate(domain: string): Promise<ActionDone>;
  retire(
    ...how: Parameters<KeyAdmin['retire']> extends [infer K, infer H, string] ? [K, H] : never
  ): Promise<ActionDone>;
  use(key: Parameters<KeyAdmin['use']>[0], note: string): Promise<ActionDone>;
  adopt(keys: Parameters<KeyAdmin['adopt']>[0], note: string): Promise<AdminResult>;
};
type ActionDone = Extract<AdminResult, { ok: true }>;

/**
 * Runs `work` with the admin. `reads`: true if it changes nothing; then no ledger is created or
 * opened for writing.
 */
export async function askKeyAdmin<Value>(
  options: KeyAdminOptions,
  how: { readonly reads: boolean; readonly warn: (text: string) => void },
  work: (admin: KeyAdminClient) => Promise<Value>,
): Promise<Value> {
  const state = stateDirectory(options.state);
  becomeOwnerOf(state);
  let live: GuardClient;
  try {
    live = await connectToGuard(options.state);
  } catch (error) {
    if (!isNotRunning(error)) throw error;
    // The guard may run, and this user may not be allowed to reach it.
    const { cause } = error;
    if (cause instanceof Error && 'code' in cause && cause.code === 'EACCES') throw error;
    if (how.reads && !existsSync(join(state, 'ledger.db'))) throw error;
    how.warn(`postern: not running; using its ledger (${join(state, 'ledger.db')})\n`);
    const { config } = loadConfig(options.config ?? usualConfig());
    return withOwn({ state, config, reads: how.reads }, work);
  }
  return work(await liveAdmin(live));
}

async function liveAdmin({ read, act }: GuardClient): Promise<KeyAdminClient> {
  type Answer = { readonly folder: string; readonly keys: readonly KeyView[] };
  const { folder } = await read<Answer>('/dkim');
  return {
    folder,
    async list(domain) {
      const { keys } = await read<Answer>('/dkim');
      return keys.filter((key) => domain === undefined || key.domain === domain);
    },
    make: ({ selector, ...wanted }) =>
      act('/dkim/new', { ...wanted, ...(selector === undefined ? {} : { selector }) }),
    rotate: (domain) => act('/dkim/rotate', { domain }),
    retire: ({ domain, selector }, { compromised }) =>
      act('/dkim/retire', { domain, selector, compromised }),
    use: ({ domain, selector }, note) => act('/dkim/use', { domain, selector, note }),
    async adopt(keys, note) {
      try {
        return await act('/dkim/adopt', { keys, note });
      } catch (error) {
        if (!(error instanceof OperatorError) || error.code !== 'not-done') throw error;
        return { ok: false, text: error.message };
      }
    },
  };
}

const soon = (run: () => void): void => void setImmediate(run);

async function withOwn<Value>(
  {
    state,
    config,
    reads,
  }: { readonly state: string; readonly config: Config; readonly reads: boolean },
  work: (admin: KeyAdminClient) => Promise<Value>,
): Promise<Value> {
  using scope = new DisposableStack();
  const ledger = await openOwnLedger(state, reads);
  scope.defer(() => ledger.close());
  const log = (): void => {};
  // No timers run here: the guard does the periodic steps when it runs.
  const timers: Timers = { every: () => () => {}, soon };
  const world: World = { ...openWorld({ log, count: log }), timers };
  const journal = openJournal({ ledger, world, onState: log });
  scope.defer(() => journal.close());
  const keys = openKeys({
    config,
    state,
    journal,
    world: { ...world, timers: { ...timers, soon: () => {} } },
    notices: undefined,
    host: hostname(),
    iso: (at) => new Date(at).toISOString(),
  });
  scope.defer(() => keys.close());
  const { admin } = keys;
  const by = operator();
  return await work({
    folder: keysFolder(config, state),
    list: async (domain) => admin.list(domain),
    make: async (wanted) => yes(await admin.make(wanted, by)),
    rotate: async (domain) => yes(await admin.rotate(domain, by)),
    retire: async (key, how) => yes(await admin.retire(key, how, by)),
    use: async (key, note) => yes(await admin.use(key, note, by)),
    adopt: (named, note) => admin.adopt(named, note, by),
  });
}

async function openOwnLedger(state: string, readOnly: boolean): Promise<Ledger> {
  const { openLedger } = await import('../../ledger/sqlite/open.ts');
  if (!readOnly) makeState(state);
  return openLedger(join(state, 'ledger.db'), { readOnly });
}

function yes(done: AdminResult): ActionDone {
  if (done.ok) return done;
  throw notDone(done);
}
