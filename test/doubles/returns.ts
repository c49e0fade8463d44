/** A judge of returned mail with one key and a memory, and mail that was signed with the key. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { type Known, ownMessageName, sentName } from '../../src/core/inbound/greylist/knowledge.ts';
import { Returns } from '../../src/flow/reflection/returned-mail.ts';
import { openSigner } from '../../src/formats/dkim/sign.ts';
import type { SigningKey } from '../../src/formats/dkim/signing-key.ts';
import { openPrivateKey } from '../../src/lib/private-key.ts';
import { quietWorld } from './world.ts';

/** A key for tests, made now. */
export function newKey(domain: string, selector: string): SigningKey {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const opened = openPrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
  assert.ok(opened.ok);
  return { domain, selector, algorithm: 'rsa-sha256', sign: opened.value.sign };
}

/** The header of a message with this key's signature in front. Lines end with LF. */
export function signedHeader(
  key: SigningKey,
  fields: readonly (readonly [name: string, value: string])[],
  body: string,
): Promise<string> {
  const signer = openSigner({ lineLengthLimit: 998 });
  for (const [name, value] of fields) signer.header(name, ` ${value}`);
  const octets = Buffer.from(body);
  signer.body(octets, 0, octets.length);
  return new Promise((resolve, reject) => {
    signer.sign({ keys: [key], now: Date.now() }, (fault, made) => {
      if (fault !== undefined) reject(fault);
      const all = [...made, ...fields.map(([name, value]) => ({ name, value: ` ${value}` }))];
      resolve(all.map(({ name, value }) => `${name}:${value}`).join('\n'));
    });
  });
}

/** Mail of `ann@ours.example`: its Message-IDs, and its recipients. */
export type ReturnsMemory = {
  readonly messageIds?: readonly string[];
  readonly sentTo?: readonly string[];
};
export const returnsTo = 'ann@ours.example';

/** Knows this key and these messages and nothing else. */
export function returnsWith(key: SigningKey, memory: ReturnsMemory = {}): Returns {
  const world = quietWorld({});
  const at = world.clock.now();
  const seen: Known = { firstAt: at, lastAt: at, times: 1 };
  const known = new Set([
    ...(memory.messageIds ?? []).map((id) => `message-id ${ownMessageName(`<${id}>`, returnsTo)}`),
    ...(memory.sentTo ?? []).map((address) => `sent ${sentName(returnsTo, address)}`),
  ]);
  return new Returns({
    world,
    journal: { add: () => undefined, live: { meta: () => undefined } },
    known: {
      find: (kind, name) => (known.has(`${kind} ${name}`) ? seen : undefined),
      see: () => undefined,
    },
    keysOf: (domain) => (domain === key.domain ? [key] : []),
    isOurs: () => false,
    setting: () => 'mark',
  });
}
