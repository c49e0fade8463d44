/**
 * The flow of DKIM keys over a real ledger in memory, with files, a zone and time in the test's
 * hand.
 */

import type { Notice } from '../../src/core/notice.ts';
import { noProbation, type ProbationPolicy } from '../../src/core/signing/probation/plan.ts';
import { type Journal, openJournal } from '../../src/flow/journal/journal.ts';
import { openNotices } from '../../src/flow/notices/notices.ts';
import { openSigningKeys, type SigningKeys } from '../../src/flow/signing/signing-keys.ts';
import { inMemory, openLedger } from '../../src/ledger/sqlite/open.ts';
import { OperatorError } from '../../src/lib/operator-error.ts';
import { dayMs, hourMs, type Millis, minuteMs } from '../../src/lib/time.ts';
import type { Mutable } from '../../src/lib/type-tools.ts';
import type { AdminResult, NewKeys } from '../../src/ports/admin.ts';
import type { Ledger } from '../../src/ports/ledger.ts';
import type { Timers } from '../../src/ports/world.ts';
import { ScriptedKeyFiles, ScriptedKeyZone } from '../doubles/keys.ts';
import { quietWorld } from '../doubles/world.ts';
import { ManualTime } from './manual-time.ts';

const policy = {
  everyMs: 0,
  settleMs: hourMs,
  withdrawAfterMs: 10 * dayMs,
  removeAfterMs: 30 * dayMs,
};
export const both: NewKeys = {
  domain: 'example.org',
  algorithms: ['rsa-sha256', 'ed25519-sha256'],
  selector: undefined,
  bits: 2048,
};

export type KeysRig = {
  readonly keys: SigningKeys;
  readonly files: ScriptedKeyFiles;
  readonly zone: ScriptedKeyZone;
  readonly time: ManualTime;
  readonly ledger: Ledger;
  readonly journal: Journal;
  readonly told: readonly Notice[];
  readonly logged: readonly string[];
  readonly disk: { broken: boolean };
  readonly policy: { everyMs: number };
  /** Of probation keys. */
  readonly setting: Mutable<ProbationPolicy>;
  /** Time passes with a look every so often. */
  pass(ms: number): Promise<void>;
  states(): string;
  signers(): string;
};

type From = Partial<Pick<KeysRig, 'files' | 'zone' | 'time' | 'ledger' | 'setting'>> & {
  readonly timers?: Timers;
};

export function openKeysRig(from: From = {}): KeysRig {
  const { files = new ScriptedKeyFiles(), zone = new ScriptedKeyZone() } = from;
  const time = from.time ?? new ManualTime(Date.UTC(2026, 0, 5, 10));
  const ledger = from.ledger ?? openLedger(inMemory);
  const logged: string[] = [];
  const told: Notice[] = [];
  const disk = { broken: false };
  const written: Ledger = {
    ...ledger,
    write(changes, how) {
      if (disk.broken) throw new OperatorError('ledger-write', 'the disk is full');
      ledger.write(changes, how);
    },
  };
  let ids = 0;
  const world = quietWorld({
    clock: time,
    timers: time,
    log: (level, event) => void logged.push(`${level} ${event}`),
    newId: () => `id-${++ids}`,
  });
  // Its ticks would be millions in what these tests let pass.
  const timers: Timers = from.timers ?? { every: () => () => {}, soon: (run) => time.soon(run) };
  const journal = openJournal({ ledger: written, world: { ...world, timers }, onState: () => {} });
  const channel = { name: 'mail', send: async (notice: Notice) => void told.push(notice) } as const;
  const notices = openNotices({
    world,
    journal,
    channels: [channel],
    isSuspended: () => false,
  });
  const now = { ...policy };
  const setting = from.setting ?? { ...noProbation };
  const keys = openSigningKeys({
    journal,
    files,
    zone,
    notices,
    world,
    host: 'mail.test',
    policy: () => now,
    probation: () => setting,
    iso: (at: Millis) => new Date(at).toISOString(),
  });
  return {
    keys,
    files,
    zone,
    time,
    ledger,
    journal,
    told,
    logged,
    disk,
    policy: now,
    setting,
    states: () =>
      keys.admin
        .list()
        .map(({ selector, state }) => `${selector} ${state}`)
        .join(', '),
    async pass(ms) {
      const looks = Math.min(100, Math.ceil(ms / (10 * minuteMs)));
      for (let look = 0; look < looks; look++) {
        time.jump(ms / looks);
        await keys.stepNow();
      }
      await time.pass(30_000); // for notices to go out
    },
    signers: () =>
      keys
        .of('example.org')
        .map(({ selector }) => selector)
        .join(' '),
  };
}

/** Lets the event loop turn until this has ended. */
export async function after<Value>(rig: KeysRig, what: Promise<Value>): Promise<Value> {
  let ended = false;
  void what.finally(() => {
    ended = true;
  });
  for (let turn = 0; turn < 50 && !ended; turn++) await rig.time.settle();
  return what;
}

export const words = (said: AdminResult): string => `${said.ok ? 'yes' : 'no'}: ${said.text}`;

export const rsa = (selector: string): NewKeys => ({
  ...both,
  algorithms: ['rsa-sha256'],
  selector,
});
export const named = (selector: string): { domain: string; selector: string } => ({
  domain: 'example.org',
  selector,
});
