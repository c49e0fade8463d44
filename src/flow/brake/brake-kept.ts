/**
 * Keeps the brake (core/brake) over restarts, reviews it every minute, and tells the log, the
 * audit trail and the operator when it comes on and goes off.
 */
import { Brake, type BrakeChange } from '../../core/brake/brake.ts';
import type { Episode } from '../../core/brake/memory.ts';
import { whyLines } from '../../core/brake/view.ts';
import type { Notice } from '../../core/notice.ts';
import { faultText } from '../../lib/error-text.ts';
import { type Millis, minuteMs } from '../../lib/time.ts';
import type { Change } from '../../ports/ledger.ts';
import type { World } from '../../ports/world.ts';
import type { Journal } from '../journal/journal.ts';
import type { Notices } from '../notices/notices.ts';

const brakeKey = 'brake';

export type BrakeDeps = {
  readonly journal: Pick<Journal, 'add' | 'commit' | 'live'>;
  readonly notices: () => Pick<Notices, 'prepare'>;
  readonly world: World;
  readonly host: string;
  /** RFC 3339. */
  readonly iso: (at: Millis) => string;
};

export type KeptBrake = {
  readonly brake: Brake;
  /** Writes what has changed. */
  save(): void;
  close(): void;
};

export function openBrake(deps: BrakeDeps): KeptBrake {
  const { journal, world } = deps;
  const brake: Brake = stored(deps, (change) => {
    const text = brake.encode();
    if (text !== undefined) changed(deps, brake, change, text);
  });
  const save = (): void => {
    const value = brake.encode();
    if (value !== undefined) journal.add({ kind: 'meta', key: brakeKey, value });
  };
  const tick = (): void => {
    brake.tick(world.clock.now());
    save();
  };
  tick();
  const stop = world.timers.every(minuteMs, tick);
  return {
    brake,
    save,
    close() {
      stop();
      save();
    },
  };
}

/** The brake as it was stored. What cannot be read is as if there was nothing. */
function stored({ journal, world }: BrakeDeps, on: (change: BrakeChange) => void): Brake {
  const text = journal.live.meta(brakeKey);
  if (text === undefined) return new Brake(on);
  try {
    return new Brake(on, text);
  } catch (error) {
    world.log('error', 'brake.unread', { why: faultText(error) });
    return new Brake(on);
  }
}

function changed(
  deps: BrakeDeps,
  brake: Brake,
  { episode, kind }: BrakeChange,
  value: string,
): void {
  const { journal, notices, world } = deps;
  const { endedBy, startedBy, stopped, usual } = episode;
  const at = world.clock.now();
  const isOn = kind === 'on';
  const by = isOn ? startedBy : endedBy;
  const why = whyLines(brake.memory, episode, at);
  world.log(isOn ? 'error' : 'warn', isOn ? 'brake.on' : 'brake.off', { by, stopped, usual, why });
  const detail = isOn
    ? `on: ${stopped} accounts stopped within an hour; usual are at most ${usual}`
    : 'off';
  const row = { at, by, action: 'brake', account: '', detail };
  const changes: Change[] = [
    { kind: 'meta', key: brakeKey, value },
    { kind: 'audit', row },
  ];
  if (isOn) {
    world.count('postern_brake_pulls_total');
    if (startedBy === 'guard') changes.push(...notices().prepare(notice(deps, why, episode)));
  }
  journal.commit(changes, () => {});
}

function notice({ host, iso, world }: BrakeDeps, why: readonly string[], of: Episode): Notice {
  const { stopped, usual } = of;
  const at = iso(world.clock.now());
  return {
    version: 1,
    event: 'guard.brake',
    id: world.newId(),
    host,
    at,
    account: '',
    since: at,
    leaked: { messages: 0, recipients: 0 },
    stopped: { messages: 0, fromQueue: 0 },
    loginClosed: false,
    reasons: [
      {
        signal: 'stops',
        text: `${stopped} accounts were stopped within an hour; usual are at most ${usual}`,
      },
      ...why.map((text) => ({ signal: 'brake', text })),
    ],
    undo: 'postern brake off',
    explain: 'postern brake status',
  };
}
