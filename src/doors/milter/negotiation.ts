/**
 * The first packet of a milter connection: version, what we may do to mail, what we want to hear
 * and answer. Only bits that the mail server offered are asked for: one bit more is fatal in
 * Postfix and in Sendmail.
 */

import { action, command, packet, protocol, strings, words } from '../../formats/milter/packet.ts';
import { PeerError } from '../../lib/peer-error.ts';

export type Negotiated = {
  readonly version: number;
  readonly actions: number;
  readonly protocol: number;
};

const versionMax = 6;
/** Version 1 never left Sendmail's laboratory. */
const versionMin = 2;

const wantedActions = action.quarantine | action.setSymbolList;

/**
 * Not sent to us: what we do not look at. Not answered: connection, headers and body, which saves
 * the mail server a round trip each; refusals come at MAIL, RCPT and the end, which are always
 * answered.
 */
const wantedProtocol =
  protocol.noHelo |
  protocol.noUnknown |
  protocol.noData |
  protocol.noEndOfHeaders |
  protocol.nrConnect |
  protocol.nrHeader |
  protocol.nrBody |
  protocol.skip;

/**
 * Where whole messages are read: what is signed or verified is changed by headers, and must be
 * known to the octet.
 */
const readingActions = action.addHeaders | action.changeHeaders;

/**
 * Macros per stage, in place of the mail server's defaults; a stage that is not listed keeps them.
 */
const macroLists: readonly (readonly [stage: number, names: string])[] = [
  // Connection. A queue id here means mail that did not come by SMTP.
  [0, 'i j {daemon_name} {daemon_addr} {daemon_port} v _ {client_addr} {client_ptr} {client_port}'],
  // MAIL: who has logged in. {mail_addr} and its kin would cost Postfix a look-up each.
  [2, 'i {auth_type} {auth_authen} {auth_author}'],
  // RCPT: how, and so whether here or elsewhere, it will be delivered.
  [3, 'i {rcpt_addr} {rcpt_host} {rcpt_mailer}'],
  // DATA and end of message.
  [4, 'i {auth_authen} {auth_type}'],
  [5, 'i {auth_authen} {auth_type}'],
];

/**
 * Reads the offer in `bytes` from `start` to `end`; throws PeerError for one that we cannot speak
 * to. `reading`: whole messages are to be read, if this mail server lets us change headers; see
 * `mayEdit`.
 */
export function negotiate(
  bytes: Buffer,
  { start, end }: { readonly start: number; readonly end: number },
  reading: 'reading' | 'not reading',
): Negotiated {
  if (end - start < 12) throw new PeerError(`negotiation of ${end - start} bytes`);
  const version = Math.min(bytes.readUInt32BE(start), versionMax);
  if (version < versionMin) throw new PeerError(`milter protocol version ${version}`);
  const allowed = bytes.readUInt32BE(start + 4);
  const reads = reading === 'reading' && (allowed & readingActions) === readingActions;
  // Who verifies wants to know what the client calls itself; the rest is as above.
  const wanted = reads
    ? (wantedProtocol & ~protocol.noHelo) | protocol.nrHelo | protocol.headerLeadingSpace
    : wantedProtocol;
  const agreed = wanted & bytes.readUInt32BE(start + 8);
  return {
    version,
    actions: (reads ? wantedActions | readingActions : wantedActions) & allowed,
    // Skip is an answer to a body chunk: where chunks are not answered there is nothing to skip
    // with.
    protocol: (agreed & protocol.nrBody) !== 0 ? agreed & ~protocol.skip : agreed,
  };
}

/** Headers may be put in and taken out. */
export function mayEdit(agreed: Negotiated): boolean {
  return (agreed.actions & readingActions) === readingActions;
}

/** Our answer to the offer. */
export function negotiationPacket(agreed: Negotiated): Buffer {
  const parts = [words(agreed.version, agreed.actions, agreed.protocol)];
  if ((agreed.actions & action.setSymbolList) !== 0) {
    for (const [stage, names] of macroLists) parts.push(words(stage), strings(names));
  }
  return packet(command.negotiate, Buffer.concat(parts));
}
