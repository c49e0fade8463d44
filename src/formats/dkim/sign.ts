/**
 * Signs a message while it passes: header fields, then the body in pieces, then one signature for
 * each key over the same hashes (RFC 6376 section 5; RSA and Ed25519 together, RFC 8463).
 * Signatures are relaxed/relaxed. They have no `l=`, which would let anyone append text, and no
 * `z=`. They have `x=` only on request, because a queue or greylisting may delay mail for long.
 */
import { type BodyHash, openBodyHash } from './body-hash.ts';
import { canonicalHeader, type HeaderField, headerKey } from './header-canonical.ts';
import { breakLongLines } from './line-break.ts';
import { printSignature, type SignatureTags, withoutSignature } from './signature-print.ts';
import { signedHeaders, timesListed } from './signed-headers.ts';
import type { SigningKey } from './signing-key.ts';

export type SignerOptions = {
  /**
   * The length at which the sending program breaks lines (line-break.ts): Postfix's
   * `smtp_line_length_limit`. 0 if lines are sent as they are.
   */
  readonly lineLengthLimit: number;
};

export type SignRequest = {
  readonly keys: readonly SigningKey[];
  /** Milliseconds since 1970. */
  readonly now: number;
  /** `i=`: an address in the key's domain or below it. */
  readonly identity?: string;
  /** `x=`: seconds until the signature expires. */
  readonly expiresInSeconds?: number | undefined;
};

/**
 * Receives header fields to put on top of the message. `value` begins with a space and is folded
 * with LF and a tab.
 */
export type SignDone = (fault: Error | undefined, fields: readonly HeaderField[]) => void;

export type Signer = {
  /** `value` is everything after the colon, with the leading space; one octet a character. */
  header(name: string, value: string): void;
  body(bytes: Buffer, start: number, end: number): void;
  /** Ends the message and signs it. Calls back once, later unless there is nothing to do. */
  sign(request: SignRequest, done: SignDone): void;
};

/**
 * The most octets of signed fields, five times what Postfix allows for one field
 * (`header_size_limit`, 102,400). A message with more is not signed.
 */
const signedHeaderOctetsMax = 512_000;
/** The most signed fields. Each may be as short as `To:`, and `h=` names all of them. */
export const signedHeaderFieldsMax = 500;

export function openSigner(options: SignerOptions): Signer {
  return new MessageSigner(options.lineLengthLimit);
}

class MessageSigner implements Signer {
  readonly #limit: number;
  readonly #body: BodyHash;
  /** Canonical fields by key, in the order of the message. */
  readonly #fields = new Map<string, string[]>();
  #octets = 0;
  #count = 0;

  constructor(lineLengthLimit: number) {
    this.#limit = lineLengthLimit;
    this.#body = openBodyHash({ canonicalization: 'relaxed', lineLengthLimit });
  }

  header(name: string, value: string): void {
    const key = headerKey(name);
    if (!signedHeaders.has(key)) return;
    this.#octets += name.length + value.length;
    this.#count++;
    if (this.#isTooLarge()) return;
    const sent = breakLongLines(value, this.#limit, name.length + 1);
    const field = canonicalHeader('relaxed', { name, value: sent });
    const fields = this.#fields.get(key);
    if (fields === undefined) this.#fields.set(key, [field]);
    else fields.push(field);
  }

  body(bytes: Buffer, start: number, end: number): void {
    this.#body.update(bytes, start, end);
  }

  sign(request: SignRequest, done: SignDone): void {
    const fault = this.#fault();
    if (fault !== undefined || request.keys.length === 0) {
      done(fault, []);
      return;
    }
    const { names, text } = this.#signedText();
    const bodyHash = this.#body.digest().hash.toString('base64');
    signWithEach(request, names, text, bodyHash, done);
  }

  #isTooLarge(): boolean {
    return this.#octets > signedHeaderOctetsMax || this.#count > signedHeaderFieldsMax;
  }

  #fault(): Error | undefined {
    if (this.#isTooLarge()) {
      return new Error(
        'its header is too large to sign: ' +
          `at most ${signedHeaderOctetsMax} octets in ${signedHeaderFieldsMax} fields`,
      );
    }
    // RFC 6376 section 5.4: From must be signed, so it must be there.
    return this.#fields.has('from') ? undefined : new Error('it has no From field');
  }

  /**
   * The names for `h=` and the canonical fields in the same order. Of fields with the same name,
   * the last in the message comes first.
   */
  #signedText(): { readonly names: readonly string[]; readonly text: string } {
    const names: string[] = [];
    let text = '';
    for (const [key, header] of signedHeaders) {
      const fields = this.#fields.get(key) ?? [];
      for (let i = fields.length - 1; i >= 0; i--) text += `${fields[i]}\r\n`;
      for (let i = timesListed(header, fields.length); i > 0; i--) names.push(header.name);
    }
    return { names, text };
  }
}

function signWithEach(
  { keys, now, identity, expiresInSeconds }: SignRequest,
  headers: readonly string[],
  text: string,
  bodyHash: string,
  done: SignDone,
): void {
  const fields: HeaderField[] = [];
  let left = keys.length;
  let failed: Error | undefined;
  const signedAt = Math.floor(now / 1_000);
  for (const [index, key] of keys.entries()) {
    const tags: SignatureTags = {
      algorithm: key.algorithm,
      domain: key.domain,
      selector: key.selector,
      headers,
      bodyHash,
      signedAt,
      identity,
      expiresAt: expiresInSeconds === undefined ? undefined : signedAt + expiresInSeconds,
    };
    const unsigned = withoutSignature(tags);
    const own = canonicalHeader('relaxed', { name: signatureName, value: unsigned });
    key.sign(Buffer.from(text + own, 'latin1'), (fault, signature) => {
      if (fault !== undefined) {
        failed ??= new Error(`selector ${key.selector} of ${key.domain}: ${fault.message}`);
      } else fields[index] = { name: signatureName, value: printSignature(unsigned, signature) };
      left--;
      if (left === 0) done(failed, failed === undefined ? fields : []);
    });
  }
}

const signatureName = 'DKIM-Signature';
