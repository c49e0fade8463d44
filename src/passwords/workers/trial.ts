/**
 * Tries a candidate on hashes that John does not load. A digest that several hashes share is
 * computed once.
 */
import { argon2Sync, createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import type { Trial } from '../../core/passwords/hash.ts';
import { unreachable } from '../../lib/assert.ts';
import { apr1, cramMd5State } from './md5.ts';

export type TrialEntry = { readonly id: number; readonly trial: Trial };

/** Hashes that differ only in the digest. */
type Bundle = {
  readonly compute: (candidate: Buffer) => string;
  /** Ids of accounts by digest. */
  readonly wanted: Map<string, number[]>;
};

/** A function that answers with the ids that a candidate fits; each id is found only once. */
export function openTrials(
  entries: readonly TrialEntry[],
): (candidate: Buffer) => readonly number[] {
  const bundles = new Map<string, Bundle>();
  for (const { id, trial } of entries) {
    const { digest, ...same } = trial;
    const key = JSON.stringify(same);
    const bundle = bundles.get(key) ?? { compute: computation(trial), wanted: new Map() };
    bundles.set(key, bundle);
    bundle.wanted.set(digest, [...(bundle.wanted.get(digest) ?? []), id]);
  }
  return (candidate) => {
    let all: readonly number[] = none;
    for (const [key, { compute, wanted }] of bundles) {
      const digest = compute(candidate);
      const ids = wanted.get(digest);
      if (ids === undefined) continue;
      all = [...all, ...ids];
      wanted.delete(digest);
      if (wanted.size === 0) bundles.delete(key);
    }
    return all;
  };
}

const none: readonly number[] = [];

function computation(trial: Trial): (candidate: Buffer) => string {
  switch (trial.kind) {
    case 'digest': {
      const { algorithm } = trial;
      const before = Buffer.from(trial.before, 'hex');
      const salt = Buffer.from(trial.salt, 'hex');
      return (candidate) => {
        const hash = createHash(algorithm);
        if (before.length > 0) hash.update(before);
        return hash.update(candidate).update(salt).digest('hex');
      };
    }
    case 'pbkdf2': {
      const { algorithm, rounds, digest } = trial;
      const salt = Buffer.from(trial.salt, 'hex');
      const bytes = digest.length / 2;
      return (candidate) => pbkdf2Sync(candidate, salt, rounds, bytes, algorithm).toString('hex');
    }
    case 'scram': {
      const { algorithm, rounds, digest } = trial;
      const salt = Buffer.from(trial.salt, 'hex');
      const bytes = digest.length / 2;
      return (candidate) => {
        const key = pbkdf2Sync(candidate, salt, rounds, bytes, algorithm);
        const client = createHmac(algorithm, key).update('Client Key').digest();
        return createHash(algorithm).update(client).digest('hex');
      };
    }
    case 'argon2': {
      const { algorithm, memory, passes, lanes, digest } = trial;
      const nonce = Buffer.from(trial.salt, 'hex');
      const costs = { memory, passes, parallelism: lanes, tagLength: digest.length / 2 };
      return (candidate) =>
        argon2Sync(algorithm, { message: candidate, nonce, ...costs }).toString('hex');
    }
    case 'apr1': {
      const { salt } = trial;
      return (candidate) => apr1(candidate, salt);
    }
    case 'cram-md5':
      return cramMd5State;
    default:
      return unreachable(trial);
  }
}
