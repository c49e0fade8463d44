/**
 * Sends notices to the operator by mail, through an SMTP server. This is the local Postfix, or a
 * server elsewhere that still works if mail from here is blocked. sendmail(1) is not used, because
 * it is setgid, which Postern's unit forbids.
 */
import { createTransport } from 'nodemailer';
import type { Notice } from '../../core/notice.ts';
import { type OwnCommand, ownCommands, usualCommand } from '../../core/own-command.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import type { NoticeChannel } from '../../ports/mail-server.ts';
import { noticeText } from './text.ts';

export type NoticeMailOptions = {
  readonly to: readonly string[];
  readonly from: string;
  readonly host: string;
  readonly port: number;
  /** none: no TLS. starttls: the server must offer it. tls: from the first byte. */
  readonly security?: 'none' | 'starttls' | 'tls';
  readonly user?: string;
  readonly password?: string;
  readonly deadlineMs?: number;
  /** How commands are written. Without it, as for an installed guard. */
  readonly own?: OwnCommand;
};

/** The Message-Id of a notice, by which the gate recognizes and passes its own notices. */
export function noticeMessageId(notice: { readonly id: string; readonly host: string }): string {
  return `<postern-notice.${notice.id}@${notice.host}>`;
}

export function noticeMail(options: NoticeMailOptions): NoticeChannel {
  const { security = 'none', deadlineMs = 20_000, own = usualCommand } = options;
  return {
    name: 'mail',
    async send(notice: Notice, signal: AbortSignal) {
      const transport = createTransport({
        host: options.host,
        port: options.port,
        secure: security === 'tls',
        ignoreTLS: security === 'none',
        requireTLS: security === 'starttls',
        connectionTimeout: deadlineMs,
        greetingTimeout: deadlineMs,
        socketTimeout: deadlineMs,
        ...(options.user === undefined
          ? {}
          : { auth: { user: options.user, pass: options.password ?? '' } }),
      });
      const { subject, body } = noticeText(notice);
      const sent = transport.sendMail({
        from: { name: 'Postern', address: options.from },
        to: [...options.to],
        subject,
        text: ownCommands(body, own),
        messageId: noticeMessageId(notice),
        headers: { 'Auto-Submitted': 'auto-generated', 'X-Postern-Event': notice.event },
        disableFileAccess: true,
        disableUrlAccess: true,
      });
      try {
        await orAborted(sent, AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]));
      } catch (cause) {
        throw new OperatorError(
          'notice-mail',
          `${options.host}:${options.port} did not take the notice for ${options.to.join(', ')}`,
          { cause, exit: sysexits.unavailable },
        );
      } finally {
        transport.close();
      }
    },
  };
}

/** Waits for the outcome; rejects when the signal aborts. */
async function orAborted(outcome: Promise<unknown>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const { promise: stopped, reject } = Promise.withResolvers<never>();
  const stop = (): void => reject(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  outcome.catch(() => undefined); // after an abort nobody waits for it
  try {
    await Promise.race([outcome, stopped]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
