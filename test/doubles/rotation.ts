/** Steps of the rotation of DKIM keys, played one after another from what DNS shows. */
import {
  type DkimKey,
  keyName,
  newKey,
  type Sighting,
  type SightKind,
} from '../../src/core/signing/key.ts';
import { type RotationPolicy, step } from '../../src/core/signing/rotation.ts';
import { dayMs, hourMs, type Millis } from '../../src/lib/time.ts';

const policy: RotationPolicy = {
  everyMs: 180 * dayMs,
  settleMs: hourMs,
  withdrawAfterMs: 10 * dayMs,
  removeAfterMs: 30 * dayMs,
  heldSince: undefined,
};
export const at = (ms: number): Millis => (1_000_000_000_000 + ms) as Millis;

export const key = (selector: string, more: Partial<DkimKey> = {}): DkimKey => {
  const facts = { algorithm: 'rsa-sha256', bits: 2048, publicKey: 'AAAA' } as const;
  const name = { domain: 'example.org', selector, file: `example.org/${selector}.pem` };
  return { ...newKey({ ...name, ...facts, note: '' }, at(0)), ...more };
};

type Sights = Readonly<Record<string, SightKind | Sighting>>;
const seen = (keys: readonly DkimKey[], sights: Sights): ReadonlyMap<string, Sighting> =>
  new Map(
    keys.flatMap((one): [string, Sighting][] => {
      const sight = sights[one.selector];
      if (sight === undefined) return [];
      const whole = typeof sight === 'string' ? { kind: sight, cachedMs: 0, text: '' } : sight;
      return [[keyName(one), whole]];
    }),
  );

/** Plays looks one after another and tells what each did: states, then actions. */
export function play(
  start: readonly DkimKey[],
  looks: readonly (readonly [ms: number, sights: Sights, policy?: Partial<RotationPolicy>])[],
): readonly string[] {
  let keys = start;
  return looks.map(([ms, sights, more]) => {
    const done = step(keys, seen(keys, sights), at(ms), { ...policy, ...more });
    keys = done.keys;
    const states = keys.map(({ selector, state }) => `${selector} ${state}`).join(', ');
    const actions = done.actions.map((action) =>
      action.kind === 'tell'
        ? `tell ${action.news} ${action.key.selector}`
        : action.kind === 'make'
          ? `make ${action.domain} ${action.algorithm}`
          : `${action.kind} ${action.key.selector}`,
    );
    return [states, ...actions].join('; ');
  });
}

export const signing = (selector: string, ms = 0): DkimKey =>
  key(selector, { state: 'signing', times: { made: at(ms), signing: at(ms) } });
