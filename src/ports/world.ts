/** What every flow gets from outside: clock, DNS, log and counters. Types only. */
import type { DnsAnswer, DnsQuestion } from '../formats/dns/question.ts';
import type { Millis } from '../lib/time.ts';

export type Clock = { now(): Millis };
/**
 * Asks the DNS. Never rejects: who does not answer is a failure, and no statement about the name.
 */
export type Resolver = (question: DnsQuestion) => Promise<DnsAnswer>;
export const levels = ['debug', 'info', 'warn', 'error'] as const;
export type Level = (typeof levels)[number];
/**
 * A log line is an event name plus fields; never a body, a password, a token or a whole recipient
 * list.
 */
export type Log = (level: Level, event: string, fields?: Readonly<Record<string, unknown>>) => void;
/** Counts something for /metrics. Names and help are listed in core/metrics.ts. */
export type Count = (name: string, by?: number, label?: string) => void;
