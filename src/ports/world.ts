/** What flows get from outside: clock, timers, log, counters and ids. Types only. */
import type { DnsAnswer, DnsQuestion } from '../formats/dns/question.ts';
import type { Millis } from '../lib/time.ts';

/** All of them in one object, which the daemon makes once and hands to every flow. */
export type World = {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  readonly count: Count;
  /** Makes a random id, for what has no queue id. */
  readonly newId: () => string;
};
export type Clock = { now(): Millis };
export type Timers = {
  /** Calls `tick` every `ms`, until the function that it answers with is called. */
  every(ms: number, tick: () => void): () => void;
  /** Calls `run` on the next turn of the event loop. */
  soon(run: () => void): void;
};
/**
 * Asks the DNS. Never rejects: a missing answer is a failure, which says nothing about the name.
 */
export type Resolver = (question: DnsQuestion) => Promise<DnsAnswer>;
export const levels = ['debug', 'info', 'warn', 'error'] as const;
export type Level = (typeof levels)[number];
/**
 * A log line is an event name plus fields; never a body, a password, a token or a whole recipient
 * list.
 */
export type Log = (level: Level, event: string, fields?: Readonly<Record<string, unknown>>) => void;
/** Counts something for /metrics. Names and help are listed in core/metrics/metrics.ts. */
export type Count = (name: string, by?: number, label?: string) => void;
