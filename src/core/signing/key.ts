/**
 * A DKIM key as Postern keeps track of it. Its private half lies in a file; here is what it is,
 * where it stands in its life, and what DNS showed of it.
 *
 *   made ─▶ published ─▶ seen ─▶ signing ─▶ retiring ─▶ revoked ─▶ gone
 *               ▲─────────────────┘  ▲──────────┘
 *               lost from DNS        its successor was lost
 */

import type { DkimAlgorithm } from '../../formats/dkim/signing-key.ts';
import type { Millis } from '../../lib/time.ts';

/**
 * made: the file is there. published: its record was sent to DNS, or the operator asked for it.
 * seen: every authoritative server shows it. signing: mail is signed with it. retiring: it signs no
 * more, but mail on its way still needs the record. revoked: the record says so (an empty `p=`).
 * gone: there is no record, and no private key (a `file` is still to be deleted).
 */
export const keyStates = [
  'made',
  'published',
  'seen',
  'signing',
  'retiring',
  'revoked',
  'gone',
] as const;
export type KeyState = (typeof keyStates)[number];

/**
 * What the authoritative servers show at a key's name. everywhere: all of them this key, and
 * nothing else. nowhere: all of them nothing. partly: some of them this key. revoked: all that show
 * something, an empty `p=`. other: something else. unknown: at least one did not answer, so that
 * nothing can be said. unasked: not yet.
 */
export const sightKinds = [
  'everywhere',
  'partly',
  'nowhere',
  'revoked',
  'other',
  'unknown',
  'unasked',
] as const;
export type SightKind = (typeof sightKinds)[number];

export type Sighting = {
  readonly kind: SightKind;
  /**
   * How long a resolver may go on believing what was there before: negative answers, or another
   * record.
   */
  readonly cachedMs: number;
  /** For people: which server said what. Empty for `everywhere`. */
  readonly text: string;
};

export type DkimKey = {
  /** In lower case, A-labels. With the selector: never used twice. */
  readonly domain: string;
  readonly selector: string;
  readonly algorithm: DkimAlgorithm;
  readonly bits: number;
  /** As in the record: base64 of what stands behind `p=`. */
  readonly publicKey: string;
  /** The private key, below the folder of keys; empty once it is deleted. */
  readonly file: string;
  readonly state: KeyState;
  /** When it came into each state, the last time that it did. */
  readonly times: Readonly<Partial<Record<KeyState, Millis>>>;
  /**
   * DNS was last seen without it: resolvers may remember that. Undefined: never, as with a key that
   * was taken over.
   */
  readonly absentAt: Millis | undefined;
  /** For how long they may. */
  readonly cachedMs: number;
  /**
   * It signs, and DNS has not shown it since then; or it signs no more for that, and no other has
   * taken its place.
   */
  readonly lostSince: Millis | undefined;
  /** A retiring one signs again if its successor is lost. */
  readonly returns: boolean;
  /** When the operator was last told of something that he is to do with it. */
  readonly toldAt: Millis | undefined;
  readonly sight: SightKind;
  readonly sightAt: Millis | undefined;
  readonly sightText: string;
  /** Who made it or where it came from. */
  readonly note: string;
};

/** The name of its record. */
export function keyName({ domain, selector }: Pick<DkimKey, 'domain' | 'selector'>): string {
  return `${selector}._domainkey.${domain}`;
}

/** Has it ever signed? Then mail with its signature may be on its way. */
export function hasSigned(key: DkimKey): boolean {
  return key.times.signing !== undefined;
}

/** Will it sign if all goes well? */
export function isWaiting({ state }: DkimKey): boolean {
  return state === 'made' || state === 'published' || state === 'seen';
}

/** Keys of which one replaces the other. */
export function sameLine(one: DkimKey, other: Pick<DkimKey, 'domain' | 'algorithm'>): boolean {
  return one.domain === other.domain && one.algorithm === other.algorithm;
}

/**
 * The younger one is the one to sign with; a total order, so that two never replace each other in
 * turn.
 */
export function isOlder(one: DkimKey, than: DkimKey): boolean {
  const a = one.times.made ?? 0;
  const b = than.times.made ?? 0;
  return a === b ? one.selector < than.selector : a < b;
}

/** The order of lists: by domain, then by age. */
export function inOrder(one: DkimKey, other: DkimKey): number {
  if (one.domain !== other.domain) return one.domain < other.domain ? -1 : 1;
  return isOlder(one, other) ? -1 : 1;
}

const label = '[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?';
const labels = new RegExp(`^${label}(?:\\.${label})*$`);

/**
 * A domain or a selector as we take it: a name of DNS in A-labels, and harmless as the name of a
 * file.
 */
export function isKeyName(text: string): boolean {
  return text.length <= 191 && labels.test(text);
}

/** The word of `k=`. */
export function keyType({ algorithm }: Pick<DkimKey, 'algorithm'>): 'rsa' | 'ed25519' {
  return algorithm === 'rsa-sha256' ? 'rsa' : 'ed25519';
}

/** The text of its record (RFC 6376 section 3.6.1); revoked: the same without the key. */
export function recordText(
  key: Pick<DkimKey, 'algorithm' | 'publicKey'>,
  how: 'key' | 'revoked' = 'key',
): string {
  return `v=DKIM1; k=${keyType(key)}; p=${how === 'key' ? key.publicKey : ''}`;
}
