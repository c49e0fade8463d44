/**
 * Sends notices to the operator by HTTP, as a POST with JSON. Any 2xx answer is success. A redirect
 * is not followed, because it could send the notice to another server. The flow repeats failed
 * attempts; the id shows repeats.
 */
import { createHmac } from 'node:crypto';
import type { Notice } from '../../core/notice.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import type { NoticeChannel } from '../../ports/mail-server.ts';

export type WebhookOptions = {
  /** http or https. The path may contain a secret, so only the origin is ever shown. */
  readonly url: string;
  /** Signs the body: `X-Postern-Signature: sha256=…` (HMAC, hexadecimal). */
  readonly secret?: string;
  readonly deadlineMs?: number;
};

export function noticeWebhook(options: WebhookOptions): NoticeChannel {
  const { deadlineMs = 10_000 } = options;
  const url = new URL(options.url);
  return {
    name: 'webhook',
    async send(notice: Notice, signal: AbortSignal) {
      const body = JSON.stringify(notice);
      const answer = await post(url, body, {
        headers: {
          'content-type': 'application/json',
          'user-agent': 'postern',
          'x-postern-notice': notice.id,
          ...signature(options.secret, body),
        },
        signal: AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]),
      });
      await answer.body?.cancel();
      if (answer.ok) return;
      const why =
        answer.status >= 300 && answer.status < 400
          ? 'answered with a redirect, which Postern does not follow'
          : `answered ${answer.status}`;
      throw refused(url, why);
    },
  };
}

async function post(
  url: URL,
  body: string,
  more: { readonly headers: Record<string, string>; readonly signal: AbortSignal },
): Promise<Response> {
  try {
    return await fetch(url, { method: 'POST', body, redirect: 'manual', ...more });
  } catch (cause) {
    throw refused(url, more.signal.aborted ? 'did not answer in time' : 'cannot be reached', cause);
  }
}

function signature(secret: string | undefined, body: string): Record<string, string> {
  if (secret === undefined || secret === '') return {};
  const digest = createHmac('sha256', secret).update(body).digest('hex');
  return { 'x-postern-signature': `sha256=${digest}` };
}

function refused(url: URL, why: string, cause?: unknown): OperatorError {
  return new OperatorError('notice-webhook', `the webhook at ${url.origin} ${why}`, {
    ...(cause === undefined ? {} : { cause }),
    exit: sysexits.unavailable,
  });
}
