/** The brake as operators see it: whether it is on, why, and what helps. */
import { dayMs, during, hourMs, type Millis, utcMinute } from '../../lib/time.ts';
import type { Account } from '../account-name.ts';
import { type Brake, stoppedAccounts } from './brake.ts';
import type { BrakeMemory, Episode, Sign } from './memory.ts';
import { type Common, commonText } from './shared-causes.ts';

export type BrakeView = {
  readonly on: boolean;
  /** When it came on last, who pulled it (`guard` or an operator), and when it ended; 0: never. */
  readonly startedAt: Millis;
  readonly startedBy: string;
  readonly endedAt: Millis;
  readonly endedBy: string;
  /** Most accounts stopped within an hour then, and how many may be newly stopped now. */
  readonly stopped: number;
  readonly usual: number;
  readonly common: readonly Common[];
  /** What the stops have in common, and what was odd before them: a sentence each. */
  readonly why: readonly string[];
  /** Accounts that were stopped in the last hour, and those that were suspended before it. */
  readonly accounts: readonly Account[];
  readonly suspended: readonly Account[];
  /** An operator said that stops are right: it does not come on automatically before; or 0. */
  readonly offUntil: Millis;
  /** All this in one sentence. */
  readonly text: string;
};

const accountsMax = 20;
/** A ledger this young knows nobody. */
const freshMs = 3 * dayMs;
/** A sign is told as long as it may explain stops. */
const signMs = dayMs;

export function brakeView(brake: Brake, now: Millis): BrakeView {
  const { memory } = brake;
  const { episode, offUntil } = memory;
  const at = episode?.startedAt ?? now;
  const view = {
    on: brake.isOn,
    startedAt: episode?.startedAt ?? (0 as Millis),
    startedBy: episode?.startedBy ?? '',
    endedAt: episode?.endedAt ?? (0 as Millis),
    endedBy: episode?.endedBy ?? '',
    stopped: episode?.stopped ?? 0,
    usual: Math.floor(brake.usual(now)),
    common: episode?.common ?? [],
    why: episode === undefined ? [] : whyLines(memory, episode, at),
    accounts: stoppedAccounts(memory, now).slice(0, accountsMax),
    suspended: (episode?.suspended ?? []).slice(0, accountsMax),
    offUntil: offUntil > now ? offUntil : (0 as Millis),
  };
  return { ...view, text: brakeText(view) };
}

/** What the stops of an episode have in common, and the signs before it. */
export function whyLines(
  { signs, since }: Pick<BrakeMemory, 'signs' | 'since'>,
  { common, stopped }: Pick<Episode, 'common' | 'stopped'>,
  at: Millis,
): readonly string[] {
  const odd = signs.filter((sign) => sign.at <= at && at - sign.at < signMs).map(signText);
  const fresh =
    since > 0 && at - since < freshMs
      ? [`the ledger is new (first message ${utcMinute(since)}), so it knows few recipients`]
      : [];
  return [...odd, ...fresh, ...common.map((one) => commonText(one, stopped))];
}

function signText({ what, at, byMs }: Sign): string {
  const length = during(Math.round(Math.abs(byMs) / hourMs) * hourMs);
  if (what === 'clock') {
    const way = byMs < 0 ? 'back' : 'ahead';
    return `the clock of this machine jumped ${way} by ${length} (${utcMinute(at)})`;
  }
  return (
    `the ledger had no entry of the last ${length} when Postern started (${utcMinute(at)}): ` +
    'an older copy was restored, or Postern did not run'
  );
}

function brakeText({
  endedAt,
  endedBy,
  offUntil,
  on,
  startedAt,
  startedBy,
  stopped,
  usual,
}: Omit<BrakeView, 'text'>): string {
  if (on) {
    const who =
      startedBy === 'guard'
        ? `${stopped} accounts were stopped within an hour, more than ever before`
        : `${startedBy} pulled it`;
    return (
      `The brake is on since ${utcMinute(startedAt)}: ${who}. No account is suspended, and a ` +
      'message is held only if two kinds of evidence agree.'
    );
  }
  const last =
    startedAt === 0
      ? ''
      : ` It was on from ${utcMinute(startedAt)} to ${utcMinute(endedAt)} (${endedBy}).`;
  const until =
    offUntil === 0 ? '' : ` It does not come on automatically before ${utcMinute(offUntil)}.`;
  const from = `It comes on if more than ${usual} accounts are newly stopped within an hour.`;
  return `The brake is off. ${from}${last}${until}`;
}
