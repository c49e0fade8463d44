/**
 * Plays one strategy against one version of the guard: the history of the whole hoster, then 30
 * days in which the owner goes on and the thief writes too, and learns from what passed.
 */
import { dayMs, hourMs, type Millis } from '../../../src/lib/time.ts';
import { openDice } from '../dice.ts';
import { attackAt, attackDays, type Resident } from './small-hoster.ts';
import type { Strategy } from './strategy.ts';
import { Thief, type Tried } from './thief.ts';
import type { Line, Version } from './versions.ts';

/** Strangers reached, at most, in a day, a week and 30 days. */
export type Reached = { readonly day: number; readonly week: number; readonly month: number };
export type Outcome = {
  /** Before a message of the account was stopped, or somebody was told. */
  readonly unseen: Reached;
  /** All. */
  readonly all: number;
  /** When the first sign was, in days; undefined: there was none in 30 days. */
  readonly signDay: number | undefined;
};

/** The history as events of a version, read once. */
export type Stage = {
  readonly version: Version;
  readonly history: readonly unknown[];
  readonly victim: Resident;
  /** Lines of the owner during the attack. */
  readonly later: readonly { readonly line: Line; readonly event: unknown }[];
  /** Ids of the owner's messages that give a sign without any thief. */
  readonly usual: ReadonlySet<string>;
  /** What the version prints as the bound when the attack begins. */
  readonly bound: Reached | undefined;
};

/** Signs after which the thief gives up. */
const signsMax = 3;

/**
 * The history as a version reads it. An operator looks an hour after mail of an account was
 * stopped, and says that it was honest.
 */
export function readHistory(version: Version, lines: readonly Line[]): readonly unknown[] {
  const replay = version.open();
  const history: unknown[] = [];
  const looks: { readonly at: Millis; readonly account: unknown }[] = [];
  for (const line of lines) {
    for (let look = looks[0]; look !== undefined && look.at <= line.at; look = looks[0]) {
      looks.shift();
      const clear = version.read({ type: 'clear', ...look });
      replay.apply(clear);
      history.push(clear);
    }
    const event = version.read(line);
    if (event === undefined) continue;
    history.push(event);
    const { account } = line;
    const isStopped = (replay.apply(event)?.verdict ?? 'pass') !== 'pass';
    if (!isStopped || looks.some((look) => look.account === account)) continue;
    looks.push({ at: (line.at + hourMs) as Millis, account });
  }
  return history;
}

export function setStage(version: Version, history: readonly unknown[], victim: Resident): Stage {
  const later = victim.lines
    .filter(({ at }) => at >= attackAt)
    .flatMap((line) => {
      const event = version.read(line);
      return event === undefined ? [] : [{ line, event }];
    });
  const replay = version.open();
  for (const event of history) replay.apply(event);
  const bound = replay.bound?.(victim.account);
  const usual = new Set<string>();
  for (const { event } of later) {
    const answer = replay.apply(event);
    if (answer !== undefined && isSign(answer)) usual.add(answer.id);
  }
  return { version, history, victim, later, usual, bound };
}

function isSign({ verdict, told }: { verdict: string; told?: readonly string[] }): boolean {
  return verdict !== 'pass' || (told !== undefined && told.length > 0);
}

export function attack(stage: Stage, strategy: Strategy, seed: number): Outcome {
  return new Attack(stage, strategy, seed).run();
}

class Attack {
  readonly #stage: Stage;
  readonly #watches: boolean;
  readonly #thief: Thief;
  readonly #replay: ReturnType<Version['open']>;
  /** When each stranger was reached first, before the first sign. */
  readonly #unseen: Millis[] = [];
  readonly #reached = new Set<string>();
  readonly #held = new Map<string, readonly string[]>();
  #signAt: Millis | undefined;
  #signs = 0;
  /** After a sign the thief writes this share of what was planned. */
  #share = 1;
  #restsUntil = 0;
  #stopsToday = false;
  #isOver = false;

  constructor(stage: Stage, strategy: Strategy, seed: number) {
    this.#stage = stage;
    this.#watches = strategy.watches;
    this.#thief = new Thief(strategy, stage.victim, openDice(seed));
    this.#replay = stage.version.open();
  }

  run(): Outcome {
    for (const event of this.#stage.history) this.#replay.apply(event);
    let next = 0;
    const { later } = this.#stage;
    for (let day = 0; day < attackDays && !this.#isOver; day++) {
      const end = attackAt + (day + 1) * dayMs;
      this.#stopsToday = false;
      const part = attackAt + day * dayMs < this.#restsUntil ? 0 : this.#share;
      for (const tried of this.#thief.dayOf(day, part).sort((a, b) => a.line.at - b.line.at)) {
        for (let own = later[next]; own !== undefined && own.line.at <= tried.line.at; ) {
          this.#see(own.event, []);
          own = later[++next];
        }
        if (this.#stopsToday || this.#isOver) break;
        this.#try(tried);
      }
      for (let own = later[next]; own !== undefined && own.line.at < end; own = later[++next]) {
        this.#see(own.event, []);
      }
    }
    const most = (lengthMs: number): number => mostWithin(this.#unseen, lengthMs);
    const signAt = this.#signAt;
    return {
      unseen: { day: most(dayMs), week: most(7 * dayMs), month: most(30 * dayMs) },
      all: this.#reached.size,
      signDay: signAt === undefined ? undefined : (signAt - attackAt) / dayMs,
    };
  }

  #try({ line, strangers }: Tried): void {
    const event = this.#stage.version.read(line);
    if (event === undefined) return;
    const passed = this.#see(event, strangers, line);
    if (!passed) return;
    for (const [nth, recipient] of (line['recipients'] as readonly string[]).entries()) {
      if (!recipient.includes('.dead.')) continue;
      const at = (line.at + 2_000 + nth) as Millis;
      const reply = '550 5.1.1 <x>: user unknown';
      const bounce = { type: 'delivery', at, id: line['id'], recipient, outcome: 'bounced', reply };
      const read = this.#stage.version.read(bounce);
      if (read !== undefined) this.#replay.apply(read);
    }
  }

  /** Judges an event; says whether it is a message of the thief that passed. */
  #see(event: unknown, strangers: readonly string[], line?: Line): boolean {
    const answer = this.#replay.apply(event);
    if (answer === undefined) return false;
    for (const id of answer.left ?? []) this.#reach(this.#held.get(id) ?? []);
    const isThief = line !== undefined;
    if (isSign(answer) && (isThief || !this.#stage.usual.has(answer.id))) this.#sign(event);
    if (answer.account === 'suspended') this.#isOver = true;
    if (answer.account === 'watched' && this.#watches) this.#stopsToday = true;
    if (!isThief) return false;
    if (answer.verdict !== 'pass') {
      this.#held.set(answer.id, strangers);
      return false;
    }
    const fresh = strangers.filter((one) => !this.#reached.has(one));
    this.#reach(fresh);
    if (this.#signAt === undefined) for (const _ of fresh) this.#unseen.push(line.at);
    return true;
  }

  #reach(strangers: readonly string[]): void {
    for (const one of strangers) this.#reached.add(one);
  }

  /** The thief rests for a day, and goes on with half as much. */
  #sign(event: unknown): void {
    const { at } = event as { readonly at: Millis };
    this.#signAt ??= at;
    this.#stopsToday = true;
    this.#share /= 2;
    this.#restsUntil = at + dayMs;
    if (++this.#signs >= signsMax) this.#isOver = true;
  }
}

/** The most of these times, in ascending order, within any span of this length. */
function mostWithin(times: readonly number[], lengthMs: number): number {
  let most = 0;
  let first = 0;
  for (const [last, at] of times.entries()) {
    while ((times[first] ?? at) <= at - lengthMs) first++;
    most = Math.max(most, last - first + 1);
  }
  return most;
}
