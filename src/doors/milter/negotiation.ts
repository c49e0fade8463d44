/**
 * Negotiates the first packet of a milter connection: version, rights, and which events are sent
 * and answered. Postern asks only for bits that the mail server offered: one bit more is fatal in
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
/** No mail server in use speaks version 1. */
const versionMin = 2;

const wantedActions = action.quarantine | action.setSymbolList;

/**
 * Events that Postern does not look at are not sent. Connection, HELO, MAIL, headers and body are
 * not answered, which saves the mail server a round trip each. RCPT and the end are always
 * answered: refusals come there.
 */
const wantedProtocol =
  protocol.nrHelo |
  protocol.noUnknown |
  protocol.noData |
  protocol.noEndOfHeaders |
  protocol.nrConnect |
  protocol.nrMail |
  protocol.nrHeader |
  protocol.nrBody |
  protocol.skip;

/** The rights that readers need which edit messages: they add and remove headers. */
const editActions = action.addHeaders | action.changeHeaders;

/** Macros for each stage, instead of the mail server's defaults; other stages keep the defaults. */
const macroLists: readonly (readonly [stage: number, names: string])[] = [
  // Connection. A queue id here means mail that did not come by SMTP.
  [0, 'i j {daemon_name} {daemon_addr} {daemon_port} v _ {client_addr} {client_ptr} {client_port}'],
  // MAIL: who has logged in, and how. {mail_addr} and the like would cost Postfix a look-up each.
  [2, 'i {auth_type} {auth_authen} {tls_version} {cipher}'],
  // RCPT: how the mail will be delivered, and so whether it leaves this server.
  [3, 'i {rcpt_addr} {rcpt_host} {rcpt_mailer}'],
  // DATA and end of message.
  [4, 'i {auth_authen} {auth_type}'],
  [5, 'i {auth_authen} {auth_type}'],
];

/**
 * Reads the offer in `bytes` from `start` to `end`, and chooses from it. Throws PeerError for an
 * offer that Postern cannot accept. `edits`: some reader changes headers, if this mail server
 * allows that; see `mayEdit`.
 */
export function negotiate(
  bytes: Buffer,
  { start, end }: { readonly start: number; readonly end: number },
  edits: 'edits' | 'no edits',
): Negotiated {
  if (end - start < 12) throw new PeerError(`negotiation of ${end - start} bytes`);
  const version = Math.min(bytes.readUInt32BE(start), versionMax);
  if (version < versionMin) throw new PeerError(`milter protocol version ${version}`);
  const allowed = bytes.readUInt32BE(start + 4);
  const editing = edits === 'edits' && (allowed & editActions) === editActions;
  // Readers that verify mail need to know how many recipients do not exist.
  const wanted = editing
    ? wantedProtocol | protocol.headerLeadingSpace | protocol.refusedRecipients
    : wantedProtocol;
  const agreed = wanted & bytes.readUInt32BE(start + 8);
  return {
    version,
    actions: (editing ? wantedActions | editActions : wantedActions) & allowed,
    // Skip is an answer to a body chunk, so it cannot be used where chunks are not answered.
    protocol: (agreed & protocol.nrBody) !== 0 ? agreed & ~protocol.skip : agreed,
  };
}

/** Headers may be added and removed. */
export function mayEdit(agreed: Negotiated): boolean {
  return (agreed.actions & editActions) === editActions;
}

/** The answer to the offer. */
export function negotiationPacket(agreed: Negotiated): Buffer {
  const parts = [words(agreed.version, agreed.actions, agreed.protocol)];
  if ((agreed.actions & action.setSymbolList) !== 0) {
    for (const [stage, names] of macroLists) parts.push(words(stage), strings(names));
  }
  return packet(command.negotiate, Buffer.concat(parts));
}
