/**
 * Gives messages that Postern writes to the mail server. Notices do not go this way: they are data
 * and have their own queue.
 */
import { createTransport } from 'nodemailer';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';

export type Outbox = {
  /** Throws OperatorError `mail-refused` if the server did not accept the message. */
  send(message: {
    readonly to: readonly string[];
    readonly subject: string;
    readonly body: string;
  }): Promise<void>;
};

/** Marks a text as one address; nodemailer would split `joe,eve@elsewhere` into two. */
const addressee = (address: string): { name: string; address: string } => ({ name: '', address });

const deadlineMs = 20_000;

export function openOutbox(server: {
  readonly host: string;
  readonly port: number;
  readonly from: string;
}): Outbox {
  const transport = createTransport({
    host: server.host,
    port: server.port,
    ignoreTLS: true,
    connectionTimeout: deadlineMs,
    greetingTimeout: deadlineMs,
    socketTimeout: deadlineMs,
  });
  return {
    async send({ to, subject, body }) {
      try {
        await transport.sendMail({
          from: { name: 'Postern', address: server.from },
          to: to.map(addressee),
          subject,
          text: body,
          headers: { 'Auto-Submitted': 'auto-generated' },
          disableFileAccess: true,
          disableUrlAccess: true,
        });
      } catch (cause) {
        throw new OperatorError(
          'mail-refused',
          `${server.host}:${server.port} did not accept mail`,
          {
            cause,
            hint: 'check notices.mail_server in postern.toml, and that this server accepts mail',
            exit: sysexits.unavailable,
          },
        );
      }
    },
  };
}
