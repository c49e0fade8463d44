/** What is known of an action of a step before it is carried out. Pure. */
import { type DkimKey, isWaiting, keyName, sameLine } from '../../core/signing/key.ts';
import type { KeyAction } from '../../core/signing/rotation.ts';

/** Has a command changed the key since this action was decided? Then it is not done. */
export function isOvertaken(action: KeyAction, keys: readonly DkimKey[]): boolean {
  if (action.kind !== 'make') {
    const { state } = action.key;
    return keys.find((key) => keyName(key) === keyName(action.key))?.state !== state;
  }
  const { domain, use } = action;
  if (use === 'probation') {
    return !keys.some((key) => key.domain === domain && key.use === undefined && signs(key));
  }
  const line = keys.filter((key) => sameLine(key, action));
  return line.some(isWaiting) || !line.some(signs);
}

function signs({ state }: DkimKey): boolean {
  return state === 'signing';
}

/** The record that each action asks the zone for. */
export const recordAfter = { publish: 'key', revoke: 'revoked', remove: 'nothing' } as const;

/** Is the change to this state kept in the audit trail? Spare keys come by the hundred. */
export function isAudited({ use, state }: DkimKey): boolean {
  return use === undefined || state === 'revoked' || state === 'retiring';
}
