/**
 * What the mail server tells about a connection, a message and a recipient beside the events
 * themselves. Names come bare (`i`) or in braces (`{auth_authen}`); no value comes as nothing
 * (Postfix) or as an empty one (Sendmail).
 *
 * Each belongs to its stage and ends with it: a login must not outlive its message, nor a transport
 * its recipient.
 */

import { command, stringEnd } from '../../formats/milter/packet.ts';
import { peerText } from '../../lib/peer-text.ts';

const nul = 0;

export class Macros {
  // Of the connection.
  daemonName = '';
  /** Known at the connection only where no SMTP took place. */
  queueIdAtConnect = '';
  // Of the message.
  queueId = '';
  login = '';
  // Of the recipient.
  rcptMailer = '';
  rcptAddress = '';
  /** The macros of the next connection, of the next MAIL, are here already: they come before it. */
  #connectSeen = false;
  #mailSeen = false;

  /** Takes the data of one macro packet, for the event that follows it. */
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

  /** Nothing is known of any connection. */
  connection(): void {
    this.daemonName = '';
    this.queueIdAtConnect = '';
    this.#connectSeen = false;
    this.message();
  }

  /** A client has connected: only what was said right before is about it. */
  connect(): void {
    if (!this.#connectSeen) this.connection();
    this.#connectSeen = false;
  }

  /** MAIL has come: only what was said right before it is about this message. */
  mail(): void {
    if (!this.#mailSeen) this.message();
    this.#mailSeen = false;
  }

  /** The message is over. */
  message(): void {
    this.queueId = '';
    this.login = '';
    this.#mailSeen = false;
    this.recipient();
  }

  /** The recipient is dealt with. */
  recipient(): void {
    this.rcptMailer = '';
    this.rcptAddress = '';
  }

  #set(
    stage: number,
    bytes: Buffer,
    { at, nameEnd, valueEnd }: { at: number; nameEnd: number; valueEnd: number },
  ): void {
    if (valueEnd <= nameEnd + 1) return;
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
      case 'rcpt_mailer':
        this.rcptMailer = bytes.toString('latin1', nameEnd + 1, valueEnd);
        return;
      case 'rcpt_addr':
        this.rcptAddress = peerText(bytes, nameEnd + 1, valueEnd);
        return;
      case 'daemon_name':
        // At later stages Postfix's cleanup(8) gives its own.
        if (stage === command.connect) {
          this.daemonName = bytes.toString('latin1', nameEnd + 1, valueEnd);
        }
        return;
      default:
    }
  }
}
