/**
 * The first packet of a milter connection: version, what we may do to mail, what we want to hear and answer. Only bits
 * that the mail server offered are asked for: one bit more is fatal in Postfix and in Sendmail.
 */
import { PeerError } from '../../lib/peer-error.ts';
import { action, command, packet, protocol, strings, words } from './packet.ts';

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
 * Not sent to us: what we do not look at. Not answered: connection, headers and body, which saves the mail server
 * a round trip each; refusals come at MAIL, RCPT and the end, which are always answered.
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

/** Macros per stage, in place of the mail server's defaults; a stage that is not listed keeps them. */
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

/** Reads the offer in `bytes` from `start` to `end`; throws PeerError for one that we cannot speak to. */
export function negotiate(bytes: Buffer, start: number, end: number): Negotiated {
  if (end - start < 12) throw new PeerError(`negotiation of ${end - start} bytes`);
  const version = Math.min(bytes.readUInt32BE(start), versionMax);
  if (version < versionMin) throw new PeerError(`milter protocol version ${version}`);
  const offered = bytes.readUInt32BE(start + 8);
  const agreed = wantedProtocol & offered;
  return {
    version,
    actions: wantedActions & bytes.readUInt32BE(start + 4),
    // Skip is an answer to a body chunk: where chunks are not answered there is nothing to skip with.
    protocol: (agreed & protocol.nrBody) !== 0 ? agreed & ~protocol.skip : agreed,
  };
}

/** Our answer to the offer. */
export function negotiationPacket(agreed: Negotiated): Buffer {
  const parts = [words(agreed.version, agreed.actions, agreed.protocol)];
  if ((agreed.actions & action.setSymbolList) !== 0) {
    for (const [stage, names] of macroLists) parts.push(words(stage), strings(names));
  }
  return packet(command.negotiate, Buffer.concat(parts));
}
