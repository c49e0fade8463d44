/** What operators do with the brake: look, pull, end it, and deliver what was held by mistake. */
import type { Account } from '../../core/account-name.ts';
import { beforeMs } from '../../core/brake/brake.ts';
import { kindsOfReasons } from '../../core/brake/kinds.ts';
import type { EvidenceKind } from '../../core/brake/stop.ts';
import { brakeView } from '../../core/brake/view.ts';
import { releaseCommands } from '../../core/release-commands.ts';
import type { Millis } from '../../lib/time.ts';
import type { BrakeAdmin } from '../../ports/acting/brake.ts';
import type { AdminResult } from '../../ports/admin.ts';
import type { HeldRow } from '../../ports/ledger.ts';
import type { Accounts } from '../account/accounts.ts';
import { type HeldMailDeps, moveHeld } from '../admin/held-mail.ts';
import { detailed, writtenResult } from '../admin/result.ts';
import type { Journal } from '../journal/journal.ts';
import type { KeptBrake } from './brake-kept.ts';

const rowsMax = 10_000;
/** Accounts that an answer names. */
const namedMax = 10;

export type BrakeAdminDeps = HeldMailDeps & {
  readonly braking: KeptBrake;
  readonly accounts: Pick<Accounts, 'known'>;
  readonly journal: Pick<Journal, 'committed' | 'live'>;
};

export function openBrakeAdmin(deps: BrakeAdminDeps): BrakeAdmin {
  const { brake, save } = deps.braking;
  const { clock } = deps.world;
  const view: BrakeAdmin['view'] = () => brakeView(brake, clock.now());
  return {
    view,
    async set(to, by, note) {
      const at = clock.now();
      if (to.on === brake.isOn && (to.on || !to.right)) {
        return { ok: true, count: 0, text: `the brake is ${to.on ? 'on' : 'off'} already` };
      }
      if (to.on) brake.pullByHand(at, by);
      else brake.endByHand(at, by, to.right);
      save();
      const detail = detailed(to.on ? 'pulled' : ended(to.right), note);
      const row = { at, by, action: 'brake', account: '', detail };
      const kept = await deps.journal.committed([{ kind: 'audit', row }]);
      return writtenResult(kept, to.on ? onText : view().text, 1);
    },
    release: (how) => release(deps, how),
  };
}

const onText =
  'the brake is on until you end it (postern brake off): no account is suspended, and a message ' +
  'is held only if two kinds of evidence agree';

function ended(right: boolean): string {
  return right ? 'ended: the stops are right' : 'ended';
}

async function release(
  deps: BrakeAdminDeps,
  { by, dryRun }: { readonly by: string; readonly dryRun: boolean },
): Promise<AdminResult> {
  const { episode } = deps.braking.brake.memory;
  if (episode === undefined) {
    return { ok: false, text: 'the brake was never on', hint: 'held mail: postern held list' };
  }
  const until = episode.endedAt === 0 ? deps.world.clock.now() : episode.endedAt;
  const rows = heldByMistake(deps, {
    from: (episode.startedAt - beforeMs) as Millis,
    until,
    kinds: episode.kinds,
  });
  const suspended = stillSuspended(deps, episode.suspended);
  if (rows.length === 0) {
    const text = `no held message has only the evidence that the stops have in common${suspended}`;
    return { ok: true, count: 0, text };
  }
  const accounts = [...new Set(rows.map(({ account }) => account))];
  if (dryRun) {
    const text =
      `${rows.length} messages of ${accounts.length} accounts would be released: ` +
      `${some(accounts)}${suspended}`;
    return { ok: true, count: rows.length, text };
  }
  const moved = await moveHeld(deps, rows, by, 'released');
  return { ...moved, text: `${moved.text}${suspended}` };
}

/** Held mail of the episode with one kind of evidence, which is one that the stops share. */
function heldByMistake(
  { journal: { live } }: BrakeAdminDeps,
  of: { readonly from: Millis; readonly until: Millis; readonly kinds: readonly EvidenceKind[] },
): readonly HeldRow[] {
  return live
    .held({ state: 'held', limit: rowsMax })
    .filter(({ at, why }) => why === 'verdict' && at >= of.from && at <= of.until)
    .filter(({ queueId }) => {
      const kinds = kindsOfReasons(live.story(queueId)?.reasons ?? []);
      return kinds.length === 1 && kinds.every((kind) => of.kinds.includes(kind));
    });
}

/** A suspension that was only observed stops nothing, so it needs no release. */
function stillSuspended(
  { accounts, journal }: Pick<BrakeAdminDeps, 'accounts' | 'journal'>,
  suspended: readonly Account[],
): string {
  const still = suspended.filter(
    (account) =>
      accounts.known(account)?.state === 'suspended' &&
      journal.live.incidents({ account, open: true, limit: 1 })[0]?.observed !== true,
  );
  const [first] = still;
  if (first === undefined) return '';
  return (
    `; suspended before the brake came on: ${some(still)}; if that was a mistake, for each: ` +
    releaseCommands(first).falseAlarm
  );
}

function some(names: readonly string[]): string {
  const more = names.length - namedMax;
  return `${names.slice(0, namedMax).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
