/**
 * A milter door that signs, in this process, with keys of its own: an RSA and an Ed25519 key for
 * each domain, as DNS would show them in `records`. No guard: everything passes, unless `hold` says
 * otherwise.
 */

import { noRules, type SigningRules } from '../../src/core/signing/choose.ts';
import { openMilter } from '../../src/doors/milter/server.ts';
import { openSigning } from '../../src/flow/signing/message-signed.ts';
import { algorithmOf, type SigningKey } from '../../src/formats/dkim/signing-key.ts';
import { type KeyType, makeKeyPair, openPrivateKey } from '../../src/lib/private-key.ts';
import type { Millis } from '../../src/lib/time.ts';
import { acceptAll, anyAuthor, plainPath } from '../doubles/path.ts';
import { quietWorld } from '../doubles/world.ts';

export type SigningDoor = AsyncDisposable & {
  /** As Postfix wants it. */
  readonly address: string;
  readonly records: Readonly<Record<string, string>>;
  readonly counted: ReadonlyMap<string, number>;
  readonly logged: readonly string[];
};

const selectors = { rsa: 'rsa1', ed25519: 'ed1' } as const;

export async function openSigningDoor(
  domains: readonly string[],
  rules: SigningRules = noRules,
): Promise<SigningDoor> {
  const records: Record<string, string> = {};
  const keys = new Map<string, SigningKey[]>();
  for (const domain of domains) {
    for (const type of ['rsa', 'ed25519'] as const) {
      const { key, record } = await makeKey(domain, type);
      records[`${key.selector}._domainkey.${domain}`] = record;
      keys.set(domain, [...(keys.get(domain) ?? []), key]);
    }
  }
  const counted = new Map<string, number>();
  const logged: string[] = [];
  const common = {
    clock: { now: () => Date.now() as Millis },
    count: (name: string, by = 1, label = '') => {
      const key = `${name} ${label}`.trim();
      counted.set(key, (counted.get(key) ?? 0) + by);
    },
    log: (level: string, event: string, fields: unknown) => {
      if (level !== 'debug') logged.push(`${level} ${event} ${JSON.stringify(fields)}`);
    },
  };
  const signing = {
    world: quietWorld(common),
    settings: { enabled: true, rules, foreign: 'unsigned', lineLengthLimit: 998 } as const,
    keys: (domain: string) => keys.get(domain) ?? [],
    sent: () => {},
  };
  const path = plainPath(acceptAll, [openSigning(signing)], anyAuthor(signing));
  const door = await openMilter({ host: '127.0.0.1', port: 0 }, { ...common, path });
  const { address } = door;
  return { address, records, counted, logged, [Symbol.asyncDispose]: () => door.close() };
}

async function makeKey(
  domain: string,
  type: KeyType,
): Promise<{ readonly key: SigningKey; readonly record: string }> {
  const read = openPrivateKey(await makeKeyPair(type));
  if (!read.ok) throw new Error(read.error.text);
  const { sign, publicKey } = read.value;
  return {
    key: { domain, selector: selectors[type], algorithm: algorithmOf(type), sign },
    record: `v=DKIM1; k=${type}; p=${publicKey}`,
  };
}
