/**
 * Looks after the DKIM keys. Every few minutes it looks at DNS, lets core/signing/rotation.ts
 * decide, and writes the decision down; only then it signs with a key, stops signing, or changes a
 * record. A restart continues from what was written, and what DNS does not show yet is asked for
 * again.
 *
 * One lock guards the keys. A command holds it once. The periodic step takes it to decide and again
 * for each action. DNS lookups run without the lock, because they can take minutes, and a stolen
 * key must be retired at once.
 */
import { type DkimKey, inOrder, keyName, newKey, type Sighting } from '../../core/signing/key.ts';
import {
  noProbation,
  type ProbationPlan,
  type ProbationPolicy,
  planProbation,
} from '../../core/signing/probation/plan.ts';
import { type KeyAction, type RotationPolicy, step, toAsk } from '../../core/signing/rotation.ts';
import type { SigningKey } from '../../formats/dkim/signing-key.ts';
import { faultText } from '../../lib/error-text.ts';
import { SerialQueue } from '../../lib/serial.ts';
import { type Millis, minuteMs } from '../../lib/time.ts';
import type { NewKeys, SentRecord } from '../../ports/admin.ts';
import type { KeyFiles, KeyZone } from '../../ports/keys.ts';
import type { Change } from '../../ports/ledger.ts';
import type { World } from '../../ports/world.ts';
import type { Journal } from '../journal/journal.ts';
import type { Notices } from '../notices/notices.ts';
import { isAudited, isOvertaken, recordAfter } from './key-actions.ts';
import { KeyHolders } from './key-holders.ts';
import { keyNotice } from './key-notices.ts';
import { OpenedKeys } from './opened-keys.ts';
import { datedSelector, randomSelector } from './selectors.ts';

export type SigningKeysDeps = {
  readonly journal: Journal;
  readonly files: KeyFiles;
  readonly zone: KeyZone;
  /** Undefined: nobody is told but the operator who runs the command. */
  readonly notices: Notices | undefined;
  readonly world: World;
  /** As configured now. */
  readonly policy: () => Omit<RotationPolicy, 'heldSince'>;
  /** Probation keys, as configured now. Without: none are made, and those that exist retire. */
  readonly probation?: () => ProbationPolicy;
  readonly host: string;
  readonly iso: (at: Millis) => string;
};

/** What the commands for keys (key-admin.ts) work with. Each command holds the lock once. */
export type KeyKeeper = {
  /** The keys that sign for exactly this domain, at most one of each algorithm. Never waits. */
  of(domain: string): readonly SigningKey[];
  /** The probation key with this selector, if it may sign now. Never waits. */
  own(domain: string, selector: string): SigningKey | undefined;
  /** A probation key of this domain that no account has. Never waits. */
  spare(domain: string): SigningKey | undefined;
  readonly holders: KeyHolders;
  /** Runs a whole step, or waits for the one that is under way. Do not hold the lock. */
  stepNow(): Promise<void>;
  /** Reads the key files again. */
  reload(): void;
  close(): void;
  /** The keys as the ledger has them: what could not be written has not happened. */
  readonly keys: readonly DkimKey[];
  find(domain: string, selector: string): DkimKey | undefined;
  /** Why a key that should sign cannot; empty if it can. */
  fault(key: DkimKey): string;
  /**
   * What the zone was last asked for, and what it answered; undefined if nothing since the start.
   */
  update(key: DkimKey): SentRecord | undefined;
  /** Holds the lock of the keys while the work runs. */
  locked<Value>(work: () => Promise<Value>): Promise<Value>;
  /** Runs a step that looks only at these keys. Hold the lock. */
  step(concerns: (key: DkimKey) => boolean): Promise<void>;
  /** The same without the lock, which it takes only to decide and to act. */
  lookAt(concerns: (key: DkimKey) => boolean): Promise<void>;
  /** Makes keys and writes them down; or answers with why it could not. */
  make(wanted: WantedKeys, by: string): Promise<readonly DkimKey[] | string>;
  /**
   * Writes changed keys, and who changed their state. They count from then on. False: the ledger
   * cannot be written, and nothing has changed.
   */
  keep(rows: readonly DkimKey[], by: string, more?: readonly Change[]): Promise<boolean>;
  /** Carries out actions. Hold the lock. True: keys were made, and another round is needed. */
  act(actions: readonly KeyAction[]): Promise<boolean>;
};

type WantedKeys = NewKeys & Pick<DkimKey, 'use'>;

/** Runs work under the lock, or directly if the caller holds it already. */
type RunLocked = <Value>(work: () => Promise<Value>) => Promise<Value>;

const stepEveryMs = 10 * minuteMs;
/** Commands that may wait for the lock: far more than people type. */
const commandsMax = 1_000;
/** Names looked at together: a thousand domains take minutes, and no name server is flooded. */
const looksMax = 8;
/** The round after one that made keys publishes them. More rounds would find nothing to do. */
const roundsMax = 3;

export function openKeeper(deps: SigningKeysDeps): KeyKeeper {
  return new Keeper(deps);
}

class Keeper implements KeyKeeper {
  readonly #deps: SigningKeysDeps;
  #keys: readonly DkimKey[];
  readonly #opened: OpenedKeys;
  readonly holders: KeyHolders;
  /** By keyName. One entry at most for each key. */
  readonly #updates = new Map<string, SentRecord>();
  readonly #lock = new SerialQueue<'keys'>(commandsMax);
  #stepping: Promise<void> | undefined;
  #open = true;
  readonly #stop: () => void;

  constructor(deps: SigningKeysDeps) {
    this.#deps = deps;
    this.#keys = deps.journal.live.dkimKeys();
    this.holders = new KeyHolders(deps.journal);
    this.#opened = new OpenedKeys(deps);
    this.reload();
    this.#stop = deps.world.timers.every(stepEveryMs, () => void this.stepNow());
    deps.world.timers.soon(() => void this.stepNow());
  }

  of(domain: string): readonly SigningKey[] {
    return this.#opened.of(domain);
  }

  own(domain: string, selector: string): SigningKey | undefined {
    return this.#opened.own(domain).get(selector);
  }

  spare(domain: string): SigningKey | undefined {
    for (const key of this.#opened.own(domain).values()) {
      if (!this.holders.byKey.has(keyName(key))) return key;
    }
    return undefined;
  }

  stepNow(): Promise<void> {
    this.#stepping ??= this.#step(
      () => true,
      (work) => this.locked(work),
      true,
    )
      .catch((error: unknown) => {
        this.#deps.world.log('error', 'dkim.step-failed', { error: faultText(error) });
      })
      .finally(() => {
        this.#stepping = undefined;
      });
    return this.#stepping;
  }

  reload(): void {
    this.#opened.open(this.#keys, { again: true });
  }

  close(): void {
    this.#open = false;
    this.#stop();
  }

  get keys(): readonly DkimKey[] {
    return this.#keys;
  }

  find(domain: string, selector: string): DkimKey | undefined {
    return this.#keys.find((key) => key.domain === domain && key.selector === selector);
  }

  fault(key: DkimKey): string {
    return this.#opened.fault(key);
  }

  update(key: DkimKey): SentRecord | undefined {
    return this.#updates.get(keyName(key));
  }

  locked<Value>(work: () => Promise<Value>): Promise<Value> {
    return this.#lock.run('keys', work);
  }

  async make(wanted: WantedKeys, by: string): Promise<readonly DkimKey[] | string> {
    const { files, iso } = this.#deps;
    const { clock, newId } = this.#deps.world;
    const { domain, algorithms } = wanted;
    const isTaken = (selector: string): boolean => this.find(domain, selector) !== undefined;
    const use = wanted.use === undefined ? {} : { use: wanted.use };
    const rows: DkimKey[] = [];
    const giveUp = (why: string): string => {
      for (const row of rows) files.delete(row);
      return why;
    };
    try {
      for (const algorithm of algorithms) {
        const now = clock.now();
        const selector =
          wanted.use === 'probation'
            ? randomSelector(newId, isTaken)
            : (wanted.selector ?? datedSelector(algorithm, iso(now), isTaken));
        const bits = algorithm === 'rsa-sha256' ? wanted.bits : 256;
        const facts = await files.make({ domain, selector, algorithm, bits });
        rows.push(newKey({ domain, selector, ...facts, ...use, note: `made by ${by}` }, now));
      }
    } catch (error) {
      return giveUp(faultText(error));
    }
    return (await this.keep(rows, by)) ? rows : giveUp(notWritten);
  }

  step(concerns: (key: DkimKey) => boolean): Promise<void> {
    return this.#step(concerns, (work) => work());
  }

  lookAt(concerns: (key: DkimKey) => boolean): Promise<void> {
    return this.#step(concerns, (work) => this.locked(work));
  }

  /** `plans`: also makes and retires probation keys, which takes time. */
  async #step(
    concerns: (key: DkimKey) => boolean,
    locked: RunLocked,
    plans = false,
  ): Promise<void> {
    for (let round = 0; round < roundsMax && this.#open; round++) {
      const asked = toAsk(this.#keys, this.#deps.world.clock.now()).filter(concerns);
      const sightings = await this.#look(asked);
      const actions = await locked(() => this.#decide(sightings, plans));
      let made = false;
      for (const action of actions) made = (await locked(() => this.act([action]))) || made;
      if (!made) return;
    }
  }

  /** Decides what is to be done now. Nothing, if the decision could not be written. */
  async #decide(
    seen: ReadonlyMap<DkimKey, Sighting>,
    plans: boolean,
  ): Promise<readonly KeyAction[]> {
    if (!this.#open) return [];
    const { journal, policy } = this.#deps;
    const { clock } = this.#deps.world;
    // What was seen of a key before it was changed counts no longer.
    const same = this.#keys.flatMap((key): [string, Sighting][] => {
      const sight = seen.get(key);
      return sight === undefined ? [] : [[keyName(key), sight]];
    });
    const heldSince = journal.live.oldestHeldAt();
    const now = clock.now();
    const stepped = step(this.#keys, new Map(same), now, { ...policy(), heldSince });
    const planned = plans ? this.#plan(stepped.keys) : nothingPlanned;
    const changed = new Map([...stepped.changed, ...planned.changed].map((k) => [keyName(k), k]));
    const kept = await this.keep([...changed.values()], 'postern', this.#news(stepped.actions));
    return kept ? [...stepped.actions, ...planned.make] : [];
  }

  #plan(keys: readonly DkimKey[]): ProbationPlan {
    const { probation, world, zone } = this.#deps;
    return planProbation(keys, this.holders.byKey, {
      now: world.clock.now(),
      policy: probation?.() ?? noProbation,
      canSend: (domain) => zone.canSend(domain),
    });
  }

  async #look(keys: readonly DkimKey[]): Promise<ReadonlyMap<DkimKey, Sighting>> {
    const found = new Map<DkimKey, Sighting>();
    const waiting = keys.values();
    const work = async (): Promise<void> => {
      for (const key of waiting) {
        if (!this.#open) return;
        found.set(key, await this.#deps.zone.look(key));
      }
    };
    await Promise.all(Array.from({ length: Math.min(looksMax, keys.length) }, work));
    return found;
  }

  #news(actions: readonly KeyAction[]): readonly Change[] {
    const { notices, zone } = this.#deps;
    const { clock } = this.#deps.world;
    if (notices === undefined) return [];
    const deps = { ...this.#deps, canSend: (domain: string) => zone.canSend(domain) };
    return actions.flatMap((action) => {
      if (action.kind !== 'tell') return [];
      const notice = keyNotice(action.news, action.key, clock.now(), deps);
      return notice === undefined ? [] : notices.prepare(notice);
    });
  }

  async keep(rows: readonly DkimKey[], by: string, more: readonly Change[] = []): Promise<boolean> {
    if (rows.length + more.length === 0) return true;
    const { journal } = this.#deps;
    const { clock, log } = this.#deps.world;
    if (!this.#open) return false;
    const at = clock.now();
    const moved = rows.filter((row) => this.find(row.domain, row.selector)?.state !== row.state);
    const changes: Change[] = [
      ...rows.map((row) => ({ kind: 'dkim-key', row }) as const),
      // Probation keys come and go by the hundred: what is done to an account's key is kept.
      ...moved.filter(isAudited).map(({ domain, selector, state }) => {
        const row = { at, by, action: 'dkim', account: domain, detail: `${selector}: ${state}` };
        return { kind: 'audit', row } as const;
      }),
      ...more,
    ];
    const kept = await journal.committed(changes);
    if (!kept) {
      log('error', 'dkim.not-kept', { keys: rows.map(keyName) });
      return false;
    }
    const later = new Map(rows.map((row) => [keyName(row), row]));
    const known = new Set(this.#keys.map(keyName));
    this.#keys = [
      ...this.#keys.map((key) => later.get(keyName(key)) ?? key),
      ...rows.filter((row) => !known.has(keyName(row))),
    ].sort(inOrder);
    this.#opened.open(this.#keys, { again: false });
    for (const { domain, selector, state } of moved)
      log('info', 'dkim.key', { domain, selector, state });
    return true;
  }

  async act(actions: readonly KeyAction[]): Promise<boolean> {
    const { files, zone } = this.#deps;
    const { log } = this.#deps.world;
    let made = false;
    for (const action of actions) {
      if (!this.#open) return false;
      if (isOvertaken(action, this.#keys)) continue;
      try {
        if (action.kind === 'make') {
          const { algorithm, kind: _, ...more } = action;
          const wanted = { ...more, algorithms: [algorithm], selector: undefined };
          const rows = await this.make(wanted, 'postern');
          if (typeof rows === 'string') throw new Error(rows);
          made = true;
        } else if (action.kind === 'delete-file') {
          files.delete(action.key);
          if (action.key.use === 'probation') await this.#forget(action.key);
          else await this.keep([{ ...action.key, file: '' }], 'postern');
        } else if (action.kind !== 'tell' && zone.canSend(action.key.domain)) {
          await this.#send(action.key, recordAfter[action.kind]);
        }
      } catch (error) {
        const key = 'key' in action ? keyName(action.key) : action.domain;
        log('warn', 'dkim.not-done', { what: action.kind, key, why: faultText(error) });
      }
    }
    return made;
  }

  /** Deletes the row of a probation key that is gone: there may be thousands of them in a year. */
  async #forget(key: DkimKey): Promise<void> {
    const { domain, selector } = key;
    const kept = await this.#deps.journal.committed([
      { kind: 'dkim-key-forgotten', domain, selector },
    ]);
    if (!kept) return;
    this.#keys = this.#keys.filter((one) => keyName(one) !== keyName(key));
    this.#updates.delete(keyName(key));
    this.holders.forget(key);
  }

  async #send(key: DkimKey, record: SentRecord['record']): Promise<void> {
    const { zone, world } = this.#deps;
    try {
      await zone.send(key, record);
    } catch (error) {
      this.#updates.set(keyName(key), { record, why: faultText(error) });
      throw error;
    }
    this.#updates.set(keyName(key), { record, why: '' });
    world.log('info', 'dkim.sent', { key: keyName(key), record });
  }
}

const nothingPlanned: ProbationPlan = { changed: [], make: [] };

export const notWritten = 'the ledger cannot be written: nothing was done';
