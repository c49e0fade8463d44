/** What attempts on all lanes added since it was last written: intervals and kinds of replies. */
import { type LaneKey, laneId } from '../../core/deliverability/lane.ts';
import type { Attempt } from '../../core/fate/attempt.ts';
import type { ClassifiedReply } from '../../core/replies/classified.ts';
import { addScore } from '../../core/stats/sketch.ts';
import { type Millis, minuteMs } from '../../lib/time.ts';
import type { LaneReplyRow, LaneSampleRow } from '../../ports/lanes.ts';

/** An interval of the charts. */
const intervalMs = 10 * minuteMs;
/** The sketch is finest from 0.1 on: a second, in tens of seconds. */
export const delayUnitSeconds = 10;
/** Kinds of replies until the next write: strangers choose the texts. */
const repliesMax = 1_000;
const exampleMax = 1_000;

export type LaneOutcome = 'sent' | 'deferred' | 'bounced';

export class LaneCounts {
  #samples = new Map<string, { -readonly [Name in keyof LaneSampleRow]: LaneSampleRow[Name] }>();
  #replies = new Map<string, { -readonly [Name in keyof LaneReplyRow]: LaneReplyRow[Name] }>();

  get isEmpty(): boolean {
    return this.#samples.size === 0;
  }

  add(lane: LaneKey, outcome: LaneOutcome, { at, delaySeconds }: Attempt): void {
    const start = (Math.floor(at / intervalMs) * intervalMs) as Millis;
    const key = `${laneId(lane)} ${start}`;
    let sample = this.#samples.get(key);
    if (sample === undefined) {
      sample = { ...lane, at: start, sent: 0, deferred: 0, bounced: 0, delays: new Map() };
      this.#samples.set(key, sample);
    }
    sample[outcome] += 1;
    if (outcome === 'sent') addScore(sample.delays, delaySeconds / delayUnitSeconds);
  }

  reply(lane: LaneKey, shape: string, at: Millis, reply: string, as: ClassifiedReply): void {
    const key = `${laneId(lane)} ${shape}`;
    const known = this.#replies.get(key);
    const example = reply.slice(0, exampleMax);
    if (known !== undefined) {
      known.count += 1;
      known.example = example;
      if (at > known.lastAt) known.lastAt = at;
      return;
    }
    if (this.#replies.size >= repliesMax) return;
    const { cure, rule, scope = '', severity = '' } = as;
    this.#replies.set(key, {
      ...lane,
      shape,
      example,
      rule,
      scope,
      severity,
      cure,
      count: 1,
      firstAt: at,
      lastAt: at,
    });
  }

  /** Hands over what was counted, and begins anew. */
  take(): {
    readonly samples: readonly LaneSampleRow[];
    readonly replies: readonly LaneReplyRow[];
  } {
    const taken = { samples: [...this.#samples.values()], replies: [...this.#replies.values()] };
    this.#samples = new Map();
    this.#replies = new Map();
    return taken;
  }
}
