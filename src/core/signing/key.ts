/**
 * A DKIM key as Postern tracks it: what it is, its state, and what DNS showed. Its private
 * half is in a file.
 *
 *   made ─▶ published ─▶ seen ─▶ signing ─▶ retiring ─▶ revoked ─▶ gone
 *               ▲─────────────────┘  ▲──────────┘
 *               lost from DNS        its successor was lost
 */
import type { DkimAlgorithm } from '../../formats/dkim/signing-key.ts';
import type { Millis } from '../../lib/time.ts';

/**
 * made: the key file exists. published: the record was sent to DNS, or the operator was asked to
 * publish it. seen: every authoritative server shows it. signing: mail is signed with the key.
 * retiring: the key no longer signs, but mail on its way still needs the record. revoked: the
 * record has an empty `p=` (RFC 6376 section 3.6.1). gone: there is no record and no private key; a
 * `file` is still to be deleted.
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
 * What the authoritative servers show at a key's name, read as a verifier reads it. everywhere: all
 * show this key. answering: all that answer show this key, and at least one does not answer.
 * nowhere: all show nothing. partly: some show this key. revoked: all that show something show an
 * empty `p=`. other: something else. unknown: at least one server did not answer. unasked: nobody
 * has looked yet.
 */
export const sightKinds = [
  'everywhere',
  'answering',
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
  /** How long a resolver may remember what was there before: a negative answer, another record. */
  readonly cachedMs: number;
  /** For people: which server said what. Empty for `everywhere`. */
  readonly text: string;
  /** Of `unknown`: a server answered, and does not show this key. */
  readonly isLacking?: true;
};

export type DkimKey = {
  /** In lower case, A-labels. With the selector: never used twice. */
  readonly domain: string;
  readonly selector: string;
  readonly algorithm: DkimAlgorithm;
  readonly bits: number;
  /** As in the record: the base64 text after `p=`. */
  readonly publicKey: string;
  /** File of the private key, below the folder of keys; empty once it is deleted. */
  readonly file: string;
  readonly state: KeyState;
  /** When it last came into each state. */
  readonly times: Readonly<Partial<Record<KeyState, Millis>>>;
  /**
   * When DNS was last seen without the record: resolvers may remember that. Undefined: never, as
   * for a key that was taken over.
   */
  readonly absentAt: Millis | undefined;
  /** How long resolvers may remember that. */
  readonly cachedMs: number;
  /**
   * Since when DNS does not show a signing key. Also set while it no longer signs for that reason
   * and no other key has taken its place.
   */
  readonly lostSince: Millis | undefined;
  /** Since when every look has found it `answering`, or found nothing out. */
  readonly answeringSince: Millis | undefined;
  /**
   * It signs by order of the operator: DNS is not asked for permission. Ends when every server
   * shows it.
   */
  readonly byOrder: boolean;
  /** A retiring key signs again if its successor is lost. */
  readonly returns: boolean;
  /** When the operator was last told that something must be done. */
  readonly toldAt: Millis | undefined;
  readonly sight: SightKind;
  readonly sightAt: Millis | undefined;
  readonly sightText: string;
  /** Who made it or where it came from. */
  readonly note: string;
  /**
   * probation: it signs mail of a single account (core/signing/probation). Without: it signs mail
   * of the whole domain.
   */
  readonly use?: 'probation';
};

/** A key that was just made or taken over: nothing is known about it in DNS. */
export function newKey(
  what: Pick<
    DkimKey,
    'domain' | 'selector' | 'note' | 'algorithm' | 'bits' | 'publicKey' | 'file' | 'use'
  >,
  now: Millis,
): DkimKey {
  return {
    ...what,
    state: 'made',
    times: { made: now },
    absentAt: now,
    cachedMs: 0,
    lostSince: undefined,
    answeringSince: undefined,
    byOrder: false,
    returns: true,
    toldAt: undefined,
    sight: 'unasked',
    sightAt: undefined,
    sightText: '',
  };
}

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

/** Can one of these keys replace the other? A probation key replaces none. */
export function sameLine(
  one: DkimKey,
  other: Pick<DkimKey, 'domain' | 'algorithm' | 'use'>,
): boolean {
  if (one.use !== undefined || other.use !== undefined) return false;
  return one.domain === other.domain && one.algorithm === other.algorithm;
}

/**
 * The younger key is to sign. A total order, so that two keys never replace each other by turns.
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

/** Is this a domain or selector that Postern takes: a DNS name in A-labels, safe as a file name? */
export function isKeyName(text: string): boolean {
  return text.length <= 191 && labels.test(text);
}

/** The value of the record's `k=` tag. */
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
