/**
 * Parses Postfix's policy protocol: `name=value` lines and an empty line (SMTPD_POLICY_README).
 * Chunks may be cut anywhere, and one chunk may hold several requests. Everything has a limit,
 * because the bytes are not trusted yet.
 */

import { accountOf, type DefaultDomain } from '../../core/account-name.ts';
import { addressKey } from '../../formats/message/address.ts';
import { clientAddress } from '../../formats/postfix/client-address.ts';
import { parseQueueId } from '../../formats/postfix/queue-id.ts';
import { ByteBuffer } from '../../lib/byte-buffer.ts';
import { PeerError } from '../../lib/peer-error.ts';
import { peerText } from '../../lib/peer-text.ts';
import type { PolicyRequest } from '../../ports/message.ts';

/**
 * Size of a request. Postfix sends about 30 attributes, none longer than its line_length_limit.
 */
export const requestBytesMax = 65_536;
/** Bytes that may wait while a request is answered. Postfix waits for each answer anyway. */
const heldBytesMax = 1_048_576;
/** The attribute `instance` is a process id, a time and a counter. */
const instanceLengthMax = 100;
/** Names in the DNS are shorter. */
const nameLengthMax = 255;
/** SASL mechanisms and names of ciphers are shorter. */
const mannerLengthMax = 100;

const newline = 0x0a;
const equals = 0x3d;

/** Cuts a stream into requests. `take` returns false to pause. */
export class RequestReader {
  readonly #take: (request: Buffer) => boolean;
  readonly #held = new ByteBuffer();
  /**
   * How many of the held bytes were searched for the end of a request, so that a request that
   * arrives byte by byte is searched once.
   */
  #searched = 0;
  #paused = false;

  constructor(take: (request: Buffer) => boolean) {
    this.#take = take;
  }

  get partial(): boolean {
    return this.#held.length > 0 && !this.#paused;
  }

  /** Takes the next bytes of the stream. Throws PeerError if a request is too long. */
  push(chunk: Buffer): void {
    const length = this.#held.length + chunk.length;
    if (length > heldBytesMax) throw new PeerError(`${length} bytes sent instead of waiting`);
    this.#held.append(chunk);
    if (!this.#paused) this.#requests();
  }

  resume(): void {
    this.#paused = false;
    this.#requests();
  }

  #requests(): void {
    while (!this.#paused) {
      const bytes = this.#held.bytes;
      const end = bytes.indexOf('\n\n', Math.max(0, this.#searched - 1));
      const length = end < 0 ? bytes.length : end;
      if (length > requestBytesMax) throw new PeerError(`policy request of ${length} bytes`);
      if (end < 0) {
        this.#searched = bytes.length;
        return;
      }
      this.#searched = 0;
      this.#held.drop(end + 2);
      this.#paused = !this.#take(bytes.subarray(0, end + 1));
    }
  }
}

const stages: ReadonlySet<string> = new Set(['RCPT', 'DATA', 'END-OF-MESSAGE']);

/**
 * Parses one request, without its empty line. Throws PeerError if it is not one. `believesXclient`:
 * whether a login counts that the client only claims.
 */
export function parsePolicyRequest(
  bytes: Buffer,
  defaultDomain: DefaultDomain,
  believesXclient: () => boolean = () => true,
): PolicyRequest {
  const values = attributes(bytes);
  if (values.get('request') !== 'smtpd_access_policy') throw new PeerError('not a policy request');
  const stage = values.get('protocol_state') ?? '';
  const isClaimed = values.get('sasl_method') === 'XCLIENT';
  const login = isClaimed && !believesXclient() ? '' : (values.get('sasl_username') ?? '');
  return {
    stage: stages.has(stage) ? (stage as PolicyRequest['stage']) : 'other',
    instance: (values.get('instance') ?? '').slice(0, instanceLengthMax),
    queueId: parseQueueId(values.get('queue_id') ?? '') ?? '',
    account: login === '' ? undefined : accountOf(login, defaultDomain),
    client: clientAddress(values.get('client_address') ?? ''),
    clientName: knownName(values.get('client_name')),
    reverseName: knownName(values.get('reverse_client_name')),
    helo: (values.get('helo_name') ?? '').slice(0, nameLengthMax),
    sender: addressKey(values.get('sender') ?? ''),
    recipient: addressKey(values.get('recipient') ?? ''),
    recipientCount: wholeNumber(values.get('recipient_count')),
    auth: (values.get('sasl_method') ?? '').slice(0, mannerLengthMax).toUpperCase(),
    tls: tlsOf(values.get('encryption_protocol'), values.get('encryption_cipher')),
    sizeBytes: wholeNumber(values.get('size')),
  };
}

/**
 * Reads the attributes that are used. The first of a name counts; a line without `=` is an error.
 */
function attributes(bytes: Buffer): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (let at = 0; at < bytes.length; ) {
    const lineEnd = bytes.indexOf(newline, at);
    const end = lineEnd < 0 ? bytes.length : lineEnd;
    const split = bytes.indexOf(equals, at);
    if (split < 0 || split >= end) throw new PeerError('policy line without =');
    const name = bytes.toString('latin1', at, split);
    if (wanted.has(name) && !values.has(name)) values.set(name, peerText(bytes, split + 1, end));
    at = end + 1;
  }
  return values;
}

const wanted: ReadonlySet<string> = new Set([
  'request',
  'protocol_state',
  'instance',
  'queue_id',
  'sasl_method',
  'sasl_username',
  'sasl_method',
  'encryption_protocol',
  'encryption_cipher',
  'client_address',
  'client_name',
  'reverse_client_name',
  'helo_name',
  'sender',
  'recipient',
  'recipient_count',
  'size',
]);

/** Version and cipher, as the milter door has them; empty without TLS. */
function tlsOf(version = '', cipher = ''): string {
  return `${version} ${cipher}`.trim().slice(0, mannerLengthMax);
}

/** Postfix writes `unknown` where there is no name. */
function knownName(text = ''): string {
  return text === 'unknown' ? '' : text.slice(0, nameLengthMax);
}

/** A count from Postfix. Other text is 0, which Postfix also sends for an unknown count. */
function wholeNumber(text = ''): number {
  return /^\d{1,15}$/.test(text) ? Number(text) : 0;
}
