/**
 * Plans the probation keys: how many spare keys each domain has, and when a key retires. Keys are
 * made, published, revoked and removed by the same steps as all others (core/signing/rotation.ts).
 * Pure.
 *
 * What always holds: a key signs mail of one account only. A domain has probation keys only if
 * Postern can change its zone, because a suspension must be able to revoke them. The number of keys
 * has a limit.
 */
import { hourMs, type Millis } from '../../../lib/time.ts';
import type { Account } from '../../account-name.ts';
import { type DkimKey, isWaiting, keyName } from '../key.ts';
import type { KeyAction } from '../rotation.ts';
import { retired } from '../succession.ts';

export type ProbationPolicy = {
  readonly enabled: boolean;
  /** An account is new for this long after its first message. */
  readonly newForMs: number;
  /** A signature expires after this time (`x=`, RFC 6376 section 3.5). */
  readonly expiresMs: number;
  /** Keys that are ready before an account needs them, for each domain. */
  readonly spare: number;
  /** Probation keys of all domains together. */
  readonly keysMax: number;
};

export const noProbation: ProbationPolicy = {
  enabled: false,
  newForMs: 0,
  expiresMs: 0,
  spare: 0,
  keysMax: 0,
};

/** The account that a probation key belongs to. */
export type KeyHolder = {
  readonly domain: string;
  readonly selector: string;
  readonly account: Account;
  readonly givenAt: Millis;
  /** When it last signed, not more than `usedEveryMs` too early. */
  readonly usedAt: Millis;
};

/** The last use of a key is written down this often. */
export const usedEveryMs: number = hourMs;
/** Added to the expiry of signatures: for the last use, and for clocks that differ. */
const marginMs = 2 * usedEveryMs;
/** Keys that one step makes: an RSA key takes a processor up to half a second. */
const makeMax = 20;
/** Longer RSA keys take seconds to make, and these live for weeks. */
const bitsMax = 2_048;

export type ProbationPlan = {
  readonly changed: readonly DkimKey[];
  readonly make: readonly Extract<KeyAction, { kind: 'make' }>[];
};

/** `holders` by keyName. `canSend`: Postern can change the zone of the domain. */
export function planProbation(
  keys: readonly DkimKey[],
  holders: ReadonlyMap<string, KeyHolder>,
  around: {
    readonly now: Millis;
    readonly policy: ProbationPolicy;
    readonly canSend: (domain: string) => boolean;
  },
): ProbationPlan {
  const { canSend, now, policy } = around;
  const signers = policy.enabled ? domainSigners(keys, canSend) : new Map<string, DkimKey>();
  const known = new Set(keys.filter(isDomains).map(({ domain }) => domain));
  const changed: DkimKey[] = [];
  const spares = new Map<string, number>();
  let live = 0;
  for (const key of keys) {
    if (key.use !== 'probation' || !isLive(key)) continue;
    const holder = holders.get(keyName(key));
    const wanted = policy.enabled && canSend(key.domain) && known.has(key.domain);
    if (holder === undefined ? !wanted : !wanted || isIdle(holder, around)) {
      changed.push(holder === undefined ? unused(key, now) : retired(key, now, kept));
      continue;
    }
    live += 1;
    if (holder === undefined) spares.set(key.domain, (spares.get(key.domain) ?? 0) + 1);
  }
  const room = Math.min(makeMax, policy.keysMax - live);
  return { changed, make: missing(signers, spares, policy.spare, room) };
}

const kept = { compromised: false };

/** Does it sign, or will it? */
function isLive(key: DkimKey): boolean {
  return isWaiting(key) || key.state === 'signing';
}

function isDomains(key: DkimKey): boolean {
  return key.use === undefined && isLive(key);
}

/** A key that never signed needs no time for mail on its way. */
function unused(key: DkimKey, now: Millis): DkimKey {
  const { signing: _, ...times } = key.times;
  return retired({ ...key, state: 'seen', times }, now, kept);
}

/** Are all signatures of the key expired? Then its account gets another one when it needs one. */
function isIdle(
  { usedAt }: KeyHolder,
  { now, policy }: { readonly now: Millis; readonly policy: ProbationPolicy },
): boolean {
  return now - usedAt > policy.expiresMs + marginMs;
}

/** By domain, the key that tells which kind its probation keys have: RSA if there is one. */
function domainSigners(
  keys: readonly DkimKey[],
  canSend: (domain: string) => boolean,
): ReadonlyMap<string, DkimKey> {
  const signers = new Map<string, DkimKey>();
  for (const key of keys) {
    if (!isDomains(key) || key.state !== 'signing' || !canSend(key.domain)) continue;
    if (!signers.has(key.domain) || key.algorithm === 'rsa-sha256') signers.set(key.domain, key);
  }
  return signers;
}

/** Domains with fewest spare keys come first, so that each domain gets one. */
function missing(
  signers: ReadonlyMap<string, DkimKey>,
  spares: ReadonlyMap<string, number>,
  spare: number,
  room: number,
): ProbationPlan['make'] {
  const wants = [...signers.values()].flatMap(({ domain, algorithm, bits }) => {
    const has = spares.get(domain) ?? 0;
    const one = {
      kind: 'make',
      domain,
      algorithm,
      bits: Math.min(bits, bitsMax),
      use: 'probation',
    } as const;
    return Array.from({ length: Math.max(0, spare - has) }, (_, nth) => ({ at: has + nth, one }));
  });
  wants.sort((one, other) => one.at - other.at);
  return wants.slice(0, Math.max(0, room)).map(({ one }) => one);
}
