/**
 * Sends notices to the operator by HTTP: as JSON, or as the message of a chat service. Any 2xx
 * answer is success. A redirect is not followed, because it could send the notice to another
 * server. The flow repeats failed attempts; the id shows repeats.
 */
import type { Notice } from '../../core/notice.ts';
import type { WebhookFormat } from '../../core/notice-format.ts';
import type { OwnCommand } from '../../core/own-command.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import type { NoticeChannel } from '../../ports/mail-server.ts';
import { type WebhookRequest, webhookRequest } from './webhook-request.ts';

export type WebhookOptions = {
  /** http or https. The path may contain a secret, so only the origin is ever shown. */
  readonly url: string;
  readonly format?: WebhookFormat;
  /** Signs the body, or is the token of the service (webhook-request.ts). */
  readonly secret?: string;
  readonly deadlineMs?: number;
  /** How commands are written in chats. Without it, as for an installed guard. */
  readonly own?: OwnCommand;
};

export function noticeWebhook(options: WebhookOptions): NoticeChannel {
  const { deadlineMs = 10_000, format = 'json', own, secret = '', url } = options;
  return {
    name: 'webhook',
    async send(notice: Notice, signal: AbortSignal) {
      const request = webhookRequest(notice, { format, url, secret, ...(own && { own }) });
      const within = AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]);
      const answer = await post(request, within);
      await answer.body?.cancel();
      if (answer.ok) return;
      const why =
        answer.status >= 300 && answer.status < 400
          ? 'answered with a redirect, which Postern does not follow'
          : `answered ${answer.status}`;
      throw refused(request.url, why);
    },
  };
}

async function post({ url, ...request }: WebhookRequest, signal: AbortSignal): Promise<Response> {
  try {
    return await fetch(url, { ...request, redirect: 'manual', signal });
  } catch (error) {
    // The message of fetch itself may have the whole URL; its cause says what the network did.
    const cause = error instanceof Error ? error.cause : undefined;
    throw refused(url, signal.aborted ? 'did not answer in time' : 'cannot be reached', cause);
  }
}

function refused(url: URL, why: string, cause?: unknown): OperatorError {
  return new OperatorError('notice-webhook', `the webhook at ${url.origin} ${why}`, {
    ...(cause === undefined ? {} : { cause }),
    exit: sysexits.unavailable,
  });
}
