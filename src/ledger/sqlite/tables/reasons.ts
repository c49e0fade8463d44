/** Reads the reasons of a story or an incident. */
import type { StoredReason } from '../../../core/reason.ts';
import { list, type Row } from './statements.ts';

/**
 * The reasons in a row. One damaged reason must not hide the row, and not the list with it: what
 * is no reason is left out, and a number that cannot be read is 0.
 */
export function storedReasons(row: Row): readonly StoredReason[] {
  return list<unknown>(row, 'reasons').filter(isReason).map(withNumbers);
}

function isReason(value: unknown): value is StoredReason {
  if (typeof value !== 'object' || value === null || !('signal' in value)) return false;
  return typeof value.signal === 'string' && (!('text' in value) || typeof value.text === 'string');
}

function withNumbers(reason: StoredReason): StoredReason {
  const { saw, usual, weight } = reason;
  return { ...reason, saw: number(saw), usual: number(usual), weight: number(weight) };
}

function number(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}
