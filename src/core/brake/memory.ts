/** What the brake remembers, as plain data: it is stored as one text, and survives a restart. */
import { dayMs, type Millis } from '../../lib/time.ts';
import type { Account } from '../account-name.ts';
import { type Activity, noActivity } from './activity.ts';
import type { Common } from './shared-causes.ts';
import type { EvidenceKind, Stop } from './stop.ts';

export type KeptStop = Pick<Stop, 'kinds' | 'facts' | 'maker'> & {
  /** When it was stopped for the first time in a day without a stop before. */
  firstAt: Millis;
  /** When a message last added evidence. */
  lastAt: Millis;
};

/** Something that makes the next stops doubtful, before there is one. */
export type Sign = {
  readonly what: 'clock' | 'ledger';
  readonly at: Millis;
  /** How far the clock has jumped, back if negative; how old the ledger's last word is. */
  readonly byMs: number;
};

/** A time in which the brake is on. */
export type Episode = {
  readonly startedAt: Millis;
  /** `guard`, or the operator. */
  readonly startedBy: string;
  /** 0 while the brake is on. */
  endedAt: Millis;
  endedBy: string;
  /** Accounts that had sent in the hour in which it began. */
  readonly active: number;
  /** Accounts stopped within an hour, at most, and how many there may be. */
  stopped: number;
  readonly usual: number;
  /** What the stops of that hour have in common. */
  common: readonly Common[];
  kinds: readonly EvidenceKind[];
  /** Since when no more than usual are stopped; 0: more are. */
  calmSince: Millis;
  /** What was counted meanwhile is forgotten: the fault was ours. */
  forgives: boolean;
  /** Accounts that the guard suspended in the day before it. */
  readonly suspended: readonly Account[];
};

export type BrakeMemory = {
  /** The first message that this ledger knows; 0: none. */
  since: Millis;
  tickedAt: Millis;
  readonly activity: Activity;
  /** Of each day: most accounts newly stopped within an hour, and suspended within a day. */
  readonly days: { readonly day: number; stopped: number; suspended: number }[];
  suspensions: { readonly account: Account; readonly maker?: Account; readonly at: Millis }[];
  signs: Sign[];
  /** The last one. */
  episode: Episode | undefined;
  /** It does not come on automatically before this time. */
  offUntil: Millis;
  readonly stops: Map<Account, KeptStop>;
};

/** Stops that are stored; in memory there are more. */
const storedMax = 200;
/** Days whose stops are "ever before". */
const daysMax = 28;

export function newMemory(): BrakeMemory {
  return {
    since: 0 as Millis,
    tickedAt: 0 as Millis,
    activity: noActivity(),
    days: [],
    suspensions: [],
    signs: [],
    episode: undefined,
    offUntil: 0 as Millis,
    stops: new Map(),
  };
}

export function encodeMemory({ stops, ...plain }: BrakeMemory): string {
  return JSON.stringify({ ...plain, stops: [...stops].slice(-storedMax) });
}

/** Fields that an older version did not store are as in a new one. */
export function decodeMemory(text: string): BrakeMemory {
  const { stops = [], ...stored } = JSON.parse(text) as Partial<Omit<BrakeMemory, 'stops'>> & {
    readonly stops?: readonly (readonly [Account, KeptStop])[];
  };
  return { ...newMemory(), ...stored, stops: new Map(stops) };
}

/** The entry of the day of `at`. */
export function dayOfStops(
  { days }: Pick<BrakeMemory, 'days'>,
  at: Millis,
): BrakeMemory['days'][number] {
  const day = Math.floor(at / dayMs);
  const known = days.find((one) => one.day === day);
  if (known !== undefined) return known;
  const made = { day, stopped: 0, suspended: 0 };
  days.push(made);
  if (days.length > daysMax) days.shift();
  return made;
}
