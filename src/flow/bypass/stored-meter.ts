/** What the bypass meter keeps in the ledger over a restart. */
import type { BypassedWay } from '../../core/bypass.ts';
import type { Millis } from '../../lib/time.ts';

export type StoredMeter = {
  readonly since: Millis;
  readonly messages: number;
  readonly inRow: number;
  /** The trouble that is set; empty without one. */
  readonly why: string;
  /** Times of the latest, oldest first. */
  readonly times: readonly Millis[];
  /** The latest last. */
  readonly ways: readonly BypassedWay[];
  /** Addresses elsewhere that get copies of mail that comes in. */
  readonly copies: readonly string[];
};

export const storedMeterKey = 'bypass-meter';

export function encodeMeter(meter: StoredMeter): string {
  return JSON.stringify(meter);
}

/** Undefined without one, or if it cannot be read: then the meter begins anew. */
export function decodeMeter(text: string | undefined): StoredMeter | undefined {
  if (text === undefined) return undefined;
  try {
    const value = JSON.parse(text) as Partial<StoredMeter>;
    const { copies, inRow, messages, since, times, ways, why } = value;
    if (!isNumber(since) || !isNumber(messages) || !isNumber(inRow)) return undefined;
    if (!Array.isArray(times) || !Array.isArray(ways) || !Array.isArray(copies)) return undefined;
    return {
      since,
      messages,
      inRow,
      why: typeof why === 'string' ? why : '',
      times: times.filter(isNumber),
      ways: ways.filter(isWay),
      copies: copies.filter((one) => typeof one === 'string'),
    };
  } catch {
    return undefined;
  }
}

function isNumber(value: unknown): value is Millis {
  return typeof value === 'number' && Number.isFinite(value);
}

function isWay(value: unknown): value is BypassedWay {
  if (typeof value !== 'object' || value === null) return false;
  const { client, first, last, leftBy, login, messages, service, uid } =
    value as Partial<BypassedWay>;
  const texts = [client, leftBy, login, service].every((one) => typeof one === 'string');
  const numbers = [first, last, messages].every(isNumber);
  return texts && numbers && (uid === undefined || isNumber(uid));
}
