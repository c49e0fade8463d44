/**
 * Sends mail to a user of this server through the Postfix on this machine. The sender of the
 * envelope is empty, so that nothing ever answers it (RFC 3834 section 3.3).
 */
import { createTransport } from 'nodemailer';
import type { UserMail } from '../../ports/mail-server.ts';

const deadlineMs = 20_000;

export function userMail(of: {
  readonly port: number;
  readonly from: string;
  readonly host: string;
  readonly newId: () => string;
}): UserMail {
  /** Message-IDs of mail that is being sent. */
  const sending = new Set<string>();
  return {
    isOurs: (messageId) => sending.has(messageId),
    async send(to, { by, subject, text }) {
      const messageId = `<postern-mail.${of.newId()}@${of.host}>`;
      const transport = createTransport({
        host: '127.0.0.1',
        port: of.port,
        secure: false,
        ignoreTLS: true,
        connectionTimeout: deadlineMs,
        greetingTimeout: deadlineMs,
        socketTimeout: deadlineMs,
      });
      sending.add(messageId);
      try {
        await transport.sendMail({
          envelope: { from: '', to: [to] },
          from: { name: by, address: of.from },
          to,
          subject,
          text,
          messageId,
          headers: { 'Auto-Submitted': 'auto-generated', Precedence: 'bulk' },
          disableFileAccess: true,
          disableUrlAccess: true,
        });
      } finally {
        sending.delete(messageId);
        transport.close();
      }
    },
  };
}
