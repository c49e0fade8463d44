/**
 * How a key enters a state, begins to sign in place of the key before it, and is retired. Pure;
 * used by the steps of the rotation and by commands.
 */
import type { Millis } from '../../lib/time.ts';
import {
  type DkimKey,
  hasSigned,
  isOlder,
  isWaiting,
  type KeyState,
  keyName,
  sameLine,
} from './key.ts';

export function entered(key: DkimKey, state: KeyState, now: Millis): DkimKey {
  return { ...key, state, times: { ...key.times, [state]: now } };
}

/**
 * The key after the operator retired it: it never signs again. `compromised`: its record is revoked
 * at once, so that nothing signed with it is believed.
 */
export function retired(
  before: DkimKey,
  now: Millis,
  how: { readonly compromised: boolean },
): DkimKey {
  if (before.state === 'gone' || before.state === 'revoked') return before;
  const key = { ...before, lostSince: undefined };
  if (how.compromised) return entered({ ...key, returns: false, toldAt: now }, 'revoked', now);
  if (key.state === 'retiring') return { ...key, returns: false };
  if (key.state === 'signing' || hasSigned(key))
    return entered({ ...key, returns: false }, 'retiring', now);
  return entered(key, 'revoked', now);
}

/**
 * A revoked probation key after a false alarm: its record comes back for mail that it signed. It
 * no longer signs.
 */
export function restored(key: DkimKey, now: Millis): DkimKey {
  return entered({ ...key, returns: false, toldAt: undefined, absentAt: now }, 'retiring', now);
}

/**
 * All keys after this one began to sign. The key that signed before it retires, and may return;
 * older keys that still wait are retired.
 */
export function begun(keys: readonly DkimKey[], key: DkimKey, now: Millis): readonly DkimKey[] {
  const name = keyName(key);
  return keys.map((other) => {
    if (keyName(other) === name) {
      return entered({ ...key, lostSince: undefined, toldAt: undefined }, 'signing', now);
    }
    if (!sameLine(other, key)) return other;
    if (other.state === 'signing') return entered({ ...other, returns: true }, 'retiring', now);
    return isWaiting(other) && isOlder(other, key)
      ? retired(other, now, { compromised: false })
      : other;
  });
}

/** All keys after the operator ordered that this one signs now, whatever DNS shows. */
export function ordered(keys: readonly DkimKey[], key: DkimKey, now: Millis): readonly DkimKey[] {
  return begun(keys, { ...key, byOrder: true }, now);
}
