/**
 * Keeps what the mail server tells about a connection, a message and a recipient in macros, beside
 * the events. Names come bare (`i`) or in braces (`{auth_authen}`). A macro without a value is left
 * out (Postfix) or empty (Sendmail).
 *
 * Each macro belongs to a stage and ends with it: a login must not outlive its message, nor a
 * transport its recipient.
 */

import { command, stringEnd } from '../../formats/milter/packet.ts';
import { peerText } from '../../lib/peer-text.ts';

const nul = 0;
/** Octets kept of a value: what Postern uses are names and addresses. */
const valueBytesMax = 4_096;

export class Macros {
  // Of the connection.
  daemonName = '';
  daemonAddress = '';
  daemonPort = '';
  /** Known at the connection only if no SMTP took place. */
  queueIdAtConnect = '';
  // Of the message.
  queueId = '';
  login = '';
  /** SASL mechanism; `XCLIENT` if the client only says that somebody has logged in. */
  authType = '';
  /** Of the connection at the time of the message; empty without TLS. */
  tlsVersion = '';
  cipher = '';
  // Of the recipient.
  rcptMailer = '';
  rcptAddress = '';
  /** The macros of the next connection, or of the next MAIL, have come: they precede the event. */
  #connectSeen = false;
  #mailSeen = false;

  /** Takes the data of one macro packet, which is about the event that follows. */
  take(bytes: Buffer, start: number, end: number): void {
    const stage = bytes[start] ?? nul;
    if (start >= end) return;
    if (stage === command.connect) {
      this.connection();
      this.#connectSeen = true;
    }
    if (stage === command.mail) {
      this.message();
      this.#mailSeen = true;
    }
    let at = start + 1;
    while (at < end) {
      const nameEnd = stringEnd(bytes, at, end);
      const valueEnd = stringEnd(bytes, nameEnd + 1, end);
      this.#set(stage, bytes, { at, nameEnd, valueEnd });
      at = valueEnd + 1;
    }
  }

  /** Forgets the connection. */
  connection(): void {
    this.daemonName = '';
    this.daemonAddress = '';
    this.daemonPort = '';
    this.queueIdAtConnect = '';
    this.#connectSeen = false;
    this.message();
  }

  /** A client has connected: only macros that came right before are about it. */
  connect(): void {
    if (!this.#connectSeen) this.connection();
    this.#connectSeen = false;
  }

  /** MAIL has come: only macros that came right before are about this message. */
  mail(): void {
    if (!this.#mailSeen) this.message();
    this.#mailSeen = false;
  }

  /** Forgets the message. */
  message(): void {
    this.queueId = '';
    this.login = '';
    this.authType = '';
    this.tlsVersion = '';
    this.cipher = '';
    this.#mailSeen = false;
    this.recipient();
  }

  /** Forgets the recipient. */
  recipient(): void {
    this.rcptMailer = '';
    this.rcptAddress = '';
  }

  #set(
    stage: number,
    bytes: Buffer,
    { at, nameEnd, valueEnd: end }: { at: number; nameEnd: number; valueEnd: number },
  ): void {
    if (end <= nameEnd + 1) return;
    const valueEnd = Math.min(end, nameEnd + 1 + valueBytesMax);
    const braced = bytes[at] === 0x7b && bytes[nameEnd - 1] === 0x7d;
    const name = braced
      ? bytes.toString('latin1', at + 1, nameEnd - 1)
      : bytes.toString('latin1', at, nameEnd);
    switch (name) {
      case 'i':
        if (stage === command.connect) {
          this.queueIdAtConnect = bytes.toString('latin1', nameEnd + 1, valueEnd);
        } else this.queueId = bytes.toString('latin1', nameEnd + 1, valueEnd);
        return;
      case 'auth_authen':
        this.login = peerText(bytes, nameEnd + 1, valueEnd);
        return;
      case 'auth_type':
        this.authType = bytes.toString('latin1', nameEnd + 1, valueEnd);
        return;
      case 'tls_version':
        if (stage === command.mail) {
          this.tlsVersion = bytes.toString('latin1', nameEnd + 1, valueEnd);
        }
        return;
      case 'cipher':
        if (stage === command.mail) this.cipher = bytes.toString('latin1', nameEnd + 1, valueEnd);
        return;
      case 'rcpt_mailer':
        this.rcptMailer = bytes.toString('latin1', nameEnd + 1, valueEnd);
        return;
      case 'rcpt_addr':
        this.rcptAddress = peerText(bytes, nameEnd + 1, valueEnd);
        return;
      case 'daemon_name':
        // At later stages Postfix's cleanup(8) gives a name of its own.
        if (stage === command.connect) {
          this.daemonName = bytes.toString('latin1', nameEnd + 1, valueEnd);
        }
        return;
      case 'daemon_addr':
        this.daemonAddress = bytes.toString('latin1', nameEnd + 1, valueEnd);
        return;
      case 'daemon_port':
        this.daemonPort = bytes.toString('latin1', nameEnd + 1, valueEnd);
        return;
      default:
    }
  }
}
