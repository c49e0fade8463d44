/**
 * Seals a message that is forwarded (RFC 8617 section 5.1). One new instance has the results of the
 * checks (ARC-Authentication-Results), a signature over the message as it is now
 * (ARC-Message-Signature), and a seal over all sets up to this one (ARC-Seal). It uses
 * relaxed/relaxed, which survives the usual changes by mail servers.
 */

import { canonicalHeader, type HeaderField, headerKey } from '../dkim/header-canonical.ts';
import { breakLongLines } from '../dkim/line-break.ts';
import { foldedTags, printSignature } from '../dkim/signature-print.ts';
import { signedHeaders } from '../dkim/signed-headers.ts';
import type { SigningKey } from '../dkim/signing-key.ts';
import {
  type AuthenticationResults,
  printAuthenticationResults,
} from '../message/authentication-results.ts';
import { type ArcChain, type ArcSet, arcInstancesMax } from './chain.ts';

export type SealRequest = {
  readonly chain: ArcChain;
  /** Whether the chain was verified and all its signatures are good. */
  readonly valid: boolean;
  readonly results: AuthenticationResults;
  /** The fields of the message, in its order. */
  readonly fields: readonly HeaderField[];
  /**
   * The length at which the sending program breaks lines (dkim/line-break.ts); 0 if it does not.
   */
  readonly lineLengthLimit: number;
  /** Hash of the relaxed body, as it will be sent. */
  readonly bodyHash: Buffer;
  readonly key: SigningKey;
  /** Milliseconds since 1970. */
  readonly now: number;
};

/**
 * Receives the fields to put on top of the message, in this order: seal, signature, results. Empty
 * if the message must not be sealed.
 */
export type SealDone = (fault: Error | undefined, fields: readonly HeaderField[]) => void;

/** Seals the message and calls back once. */
export function sealArc(request: SealRequest, done: SealDone): void {
  const { chain, key } = request;
  const instance = nextInstance(chain);
  if (instance === undefined) {
    done(undefined, []);
    return;
  }
  const start = ` i=${instance};`;
  const printed = printAuthenticationResults(request.results, `${resultsName}:${start}`);
  const results: HeaderField = { name: resultsName, value: start + printed };
  const { names, text } = covered(request);
  const unsigned = foldedTags(`${messageName}: `, [
    ...[`i=${instance};`, ` a=${key.algorithm};`, ' c=relaxed/relaxed;'],
    ...keyTags(request),
    ...names.map(
      (name, at) => `${at === 0 ? ' h=' : ''}${name}${at < names.length - 1 ? ':' : ';'}`,
    ),
    ` bh=${request.bodyHash.toString('base64')};`,
  ]);
  key.sign(octets(text + canonical(messageName, unsigned)), (fault, signature) => {
    if (fault !== undefined) {
      done(fault, []);
      return;
    }
    const message = { name: messageName, value: printSignature(unsigned, signature) };
    seal(request, { instance, results, message }, done);
  });
}

function seal(
  { chain, valid, key, now }: SealRequest,
  set: { readonly instance: number; readonly results: HeaderField; readonly message: HeaderField },
  done: SealDone,
): void {
  const { instance, results, message } = set;
  const good = chain.kind === 'whole' && valid;
  const claim = chain.kind === 'none' ? 'none' : good ? 'pass' : 'fail';
  const unsigned = foldedTags(`${sealName}: `, [
    ...[`i=${instance};`, ` a=${key.algorithm};`, ` cv=${claim};`],
    ...keyTags({ key, now }),
  ]);
  // The seal of a broken chain covers only its own set (section 5.1.2).
  const before = good ? chain.sets.map(setText).join('') : '';
  const text = before + line(results) + line(message) + canonical(sealName, unsigned);
  key.sign(octets(text), (fault, signature) => {
    const field = { name: sealName, value: printSignature(unsigned, signature) };
    done(fault, fault === undefined ? [field, message, results] : []);
  });
}

const resultsName = 'ARC-Authentication-Results';
const messageName = 'ARC-Message-Signature';
const sealName = 'ARC-Seal';

function keyTags({ key, now }: Pick<SealRequest, 'key' | 'now'>): readonly string[] {
  return [` d=${key.domain};`, ` s=${key.selector};`, ` t=${Math.floor(now / 1_000)};`];
}

/**
 * The fields that the signature covers: those that DKIM signs, and the DKIM signatures that came
 * with the message. Of fields with the same name the last comes first. Authentication-Results is
 * not covered, because other servers remove it; nor are seals (section 4.1.2).
 */
function covered({ fields, lineLengthLimit }: SealRequest): {
  readonly names: readonly string[];
  readonly text: string;
} {
  const names: string[] = [];
  let text = '';
  for (const field of fields.toReversed()) {
    const key = headerKey(field.name);
    const name = key === signatureKey ? 'DKIM-Signature' : signedHeaders.get(key)?.name;
    if (name === undefined) continue;
    names.push(name);
    const value = breakLongLines(field.value, lineLengthLimit, field.name.length + 1);
    text += line({ name: field.name, value });
  }
  return { names, text };
}

const signatureKey = 'dkim-signature';

/**
 * The next instance. Undefined if an earlier server ended the chain, or if it has the maximum
 * length.
 */
function nextInstance(chain: ArcChain): number | undefined {
  if (chain.kind === 'ended') return undefined;
  const instances =
    chain.kind === 'none' ? 0 : chain.kind === 'whole' ? chain.sets.length : chain.instances;
  return instances < arcInstancesMax ? instances + 1 : undefined;
}

/** The three fields of a set as the seals cover them. */
export function setText(set: Pick<ArcSet, 'results' | 'message' | 'seal'>): string {
  return line(set.results) + line(set.message) + line(set.seal);
}

function line({ name, value }: HeaderField): string {
  return `${canonical(name, value)}\r\n`;
}

function canonical(name: string, value: string): string {
  return canonicalHeader('relaxed', { name, value });
}

function octets(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}
