/**
 * Writes a DKIM-Signature field (RFC 6376 section 3.5). It is folded with LF and a tab, as milters
 * pass fields. No line is longer than 76 octets unless a name is longer.
 */
import type { DkimAlgorithm } from './signing-key.ts';

export type SignatureTags = {
  readonly algorithm: DkimAlgorithm;
  readonly domain: string;
  readonly selector: string;
  /** `h=`, in order. */
  readonly headers: readonly string[];
  /** `bh=`, base64. */
  readonly bodyHash: string;
  /** Seconds since 1970. */
  readonly signedAt: number;
  readonly expiresAt?: number | undefined;
  readonly identity?: string | undefined;
};

/**
 * Columns of a line, counting the tab as one: the limit for base64 in RFC 2045, which also fits
 * into a terminal.
 */
const columnsMax = 76;

/**
 * The value with an empty `b=` at the end, over which the signature is made. It begins with a
 * space.
 */
export function withoutSignature(tags: SignatureTags): string {
  const { headers, identity, expiresAt } = tags;
  const plain = [
    'v=1;',
    ` a=${tags.algorithm};`,
    ' c=relaxed/relaxed;',
    ` d=${tags.domain};`,
    ` s=${tags.selector};`,
    ...(identity === undefined ? [] : [` i=${quotedIdentity(identity)};`]),
    ` t=${tags.signedAt};`,
    ...(expiresAt === undefined ? [] : [` x=${expiresAt};`]),
    ...headers.map(
      (name, i) => `${i === 0 ? ' h=' : ''}${name}${i + 1 < headers.length ? ':' : ';'}`,
    ),
    ` bh=${tags.bodyHash};`,
  ];
  return foldedTags('DKIM-Signature: ', plain);
}

/**
 * Folds tags that follow `before` (name, colon, space). Lines break between pieces when they are
 * full; an empty `b=` comes last.
 */
export function foldedTags(before: string, pieces: readonly string[]): string {
  let text = ' ';
  let column = before.length;
  for (const piece of pieces) {
    if (column + piece.length > columnsMax) {
      const bare = piece.trimStart();
      text += `\n\t${bare}`;
      column = 1 + bare.length;
    } else {
      text += piece;
      column += piece.length;
    }
  }
  return `${text}\n\tb=`;
}

/** Adds the signature to `unsigned`. */
export function printSignature(unsigned: string, signature: Buffer): string {
  const base64 = signature.toString('base64');
  // The first line already has `b=`. Folding inside b= is not signed.
  const first = columnsMax - '\tb='.length;
  let text = unsigned + base64.slice(0, first);
  for (let at = first; at < base64.length; at += columnsMax - 1) {
    text += `\n\t${base64.slice(at, at + columnsMax - 1)}`;
  }
  return text;
}

/**
 * Encodes what a tag value cannot contain as DKIM-Quoted-Printable (section 2.11). `identity` is
 * Latin-1.
 */
function quotedIdentity(identity: string): string {
  return identity.replace(
    /[^!-:<>-~]|=/g,
    (octet) => `=${octet.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}
