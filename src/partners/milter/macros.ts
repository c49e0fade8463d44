/**
 * The macros that the milter client sends, as Postfix sends them. For each stage these are the
 * default names, or those that the filter asked for, if they have a value. There is a queue id from
 * the second recipient on; for local mail, from the start.
 */

import { command, packet, stringEnd } from '../../formats/milter/packet.ts';
import type { ClientMessage, ClientSession } from './message.ts';

export type ClientMacros = {
  /** Macro names by command. */
  readonly lists: ReadonlyMap<number, readonly string[]>;
  readonly session: ClientSession;
};

/** The message and recipient of an event, which decide the values of macros. */
export type MacroContext = {
  readonly message: ClientMessage;
  readonly recipient?: { readonly address: string; readonly transport: string };
  /** The mail server has opened its queue file. */
  readonly queued?: boolean;
};

/** The defaults of milter_*_macros in main.cf. */
const defaults: readonly (readonly [number, string])[] = [
  [command.connect, 'j {daemon_name} {daemon_addr} v _'],
  [command.helo, '{tls_version} {cipher} {cipher_bits} {cert_subject} {cert_issuer}'],
  [command.mail, 'i {auth_type} {auth_authen} {auth_author} {mail_addr} {mail_host} {mail_mailer}'],
  [command.rcpt, 'i {rcpt_addr} {rcpt_host} {rcpt_mailer}'],
  [command.data, 'i'],
  [command.endOfMessage, 'i'],
  [command.endOfHeaders, 'i'],
];

/**
 * Replaces default names by those that the filter asked for: a stage (32 bits), names, NUL, and so
 * on.
 */
export function symbolLists(asked: Buffer): ReadonlyMap<number, readonly string[]> {
  const lists = new Map(defaults.map(([stage, names]) => [stage, names.split(' ')]));
  for (let at = 0; at + 4 < asked.length; ) {
    const end = stringEnd(asked, at + 4, asked.length);
    const stage = defaults[asked.readUInt32BE(at)]?.[0];
    const names = asked
      .toString('latin1', at + 4, end)
      .split(/[\s,]+/)
      .filter((name) => name !== '');
    if (stage !== undefined && names.length > 0) lists.set(stage, names);
    at = end + 1;
  }
  return lists;
}

/** The macro packet for an event. */
export function macroPacket(macros: ClientMacros, code: number, about: MacroContext): Buffer {
  let text = String.fromCharCode(code);
  for (const name of macros.lists.get(code) ?? []) {
    const found = value(name.replace(/^\{|\}$/g, ''), code, macros.session, about);
    if (found !== undefined) text += `${name}\0${found}\0`;
  }
  return packet(command.macros, text);
}

function value(
  name: string,
  code: number,
  session: ClientSession,
  { message, recipient, queued = false }: MacroContext,
): string | undefined {
  const local = session.local === true;
  const client = session.client ?? { name: 'client.example', address: '192.0.2.1', port: 40_000 };
  switch (name) {
    case 'i':
      return queued || local ? message.queueId : undefined;
    case 'j':
      return 'mail.example';
    case 'v':
      return 'Postfix 3.7.11';
    case 'daemon_name':
      return code === command.connect ? (session.daemonName ?? 'mail.example') : 'mail.example';
    case '_':
      return local ? 'localhost [127.0.0.1]' : `${client.name} [${client.address}]`;
    case 'client_addr':
      return local ? '127.0.0.1' : client.address;
    case 'client_port':
      return local ? '0' : String(client.port);
    case 'client_ptr':
      return local ? 'localhost' : client.name;
    case 'auth_authen':
      return local ? undefined : message.login;
    case 'auth_type':
      return local || message.login === undefined ? undefined : 'PLAIN';
    case 'mail_addr':
      return message.sender;
    case 'rcpt_addr':
      return recipient?.address;
    // cleanup(8) imitates the session for local mail, and does not know how the mail will be
    // delivered.
    case 'rcpt_mailer':
      return local ? undefined : recipient?.transport;
    case 'rcpt_host':
      return local ? undefined : recipient?.address.split('@').at(-1);
    default:
      return undefined;
  }
}
