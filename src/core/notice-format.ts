/** Services that take a notice by webhook, and what each needs in its URL. Pure. */

export const webhookFormats = [
  'json',
  'slack',
  'mattermost',
  'matrix',
  'ntfy',
  'telegram',
] as const;
export type WebhookFormat = (typeof webhookFormats)[number];

/** A room of the Matrix client-server API; the transaction follows. */
const matrixPath = /^\/_matrix\/client\/(?:v3|r0)\/rooms\/[^/]+\/send\/m\.room\.message\/?$/;
const telegramPath = /^\/(?:bot[\w:-]+\/sendMessage)?$/;

/**
 * Why notices of this format cannot be sent to the URL; undefined if they can. The text never has
 * a part of the URL, which may be a secret.
 */
export function webhookFault(
  format: WebhookFormat,
  text: string,
  hasSecret: boolean,
): string | undefined {
  const url = URL.parse(text);
  if (url === null) return undefined; // another message says so
  switch (format) {
    case 'matrix':
      if (!matrixPath.test(url.pathname)) {
        return 'must end with /_matrix/client/v3/rooms/ROOM-ID/send/m.room.message';
      }
      return hasSecret ? undefined : 'needs webhook_secret_file with the access token';
    case 'ntfy':
      return /^\/[\w-]{1,64}$/.test(url.pathname) ? undefined : 'must be https://SERVER/TOPIC';
    case 'telegram':
      if (!url.searchParams.has('chat_id')) return 'must have ?chat_id=ID';
      if (!telegramPath.test(url.pathname)) return 'must be https://api.telegram.org/?chat_id=ID';
      if (url.pathname !== '/' || hasSecret) return undefined;
      return 'needs webhook_secret_file with the token of the bot';
    default:
      return undefined;
  }
}
