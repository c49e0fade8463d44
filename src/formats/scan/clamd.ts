/**
 * The protocol of ClamAV's clamd in a session (IDSESSION). Commands end with a NUL, a message is
 * sent in chunks with their length before, and each answer has the number of its command. Pure,
 * never throws.
 */
import { fault, ok, type Result } from '../../lib/result.ts';

/** Begins a session, whose answers are numbered from 1. */
export const clamdSession = 'zIDSESSION\0';
export const clamdEnd = 'zEND\0';
/** Size of a chunk, which clamd reads at once. */
const chunkOctets = 65_536;

/** The command INSTREAM with a whole message, in parts to send one after the other. */
export function* clamdStream(message: Buffer): Generator<Buffer> {
  yield Buffer.from('zINSTREAM\0');
  for (let at = 0; at < message.length; at += chunkOctets) {
    const chunk = message.subarray(at, at + chunkOctets);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(chunk.length);
    yield Buffer.concat([length, chunk]);
  }
  yield Buffer.alloc(4);
}

/**
 * Whether clamd has not scanned the message because of its size: it is longer than StreamMaxLength,
 * or what is in it is beyond a limit (clamd says so with AlertExceedsMax).
 */
export function isClamdTooLarge(reply: string): boolean {
  return /\bsize limit exceeded\b|: Heuristics\.Limits\.Exceeded/.test(reply.slice(0, 300));
}

/**
 * Parses `1: stream: OK` or `2: stream: Eicar-Test-Signature FOUND`. Returns the name of what was
 * found, or an empty text.
 */
export function parseClamdReply(reply: string, command: number): Result<string, string> {
  const parts = /^(\d{1,10}): stream: (.{1,300})$/s.exec(reply);
  if (parts === null) return fault(reply.slice(0, 200).replace(/[^ -~]/g, '?'));
  if (Number(parts[1]) !== command) return fault(`the answer to ${parts[1]}, not to ${command}`);
  const said = parts[2] ?? '';
  if (said === 'OK') return ok('');
  const found = /^(\S{1,200}) FOUND$/.exec(said);
  return found?.[1] === undefined ? fault(said.replace(/[^ -~]/g, '?')) : ok(found[1]);
}
