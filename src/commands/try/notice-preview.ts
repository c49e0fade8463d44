/** The request that brings a notice to a webhook, for `postern try notice --print`. */
import type { Notice } from '../../core/notice.ts';
import type { WebhookFormat } from '../../core/notice-format.ts';
import { webhookRequest } from '../../partners/notices/webhook-request.ts';

/** Made-up targets, as each service writes them. */
const targets: Readonly<Record<WebhookFormat, string>> = {
  json: 'https://hooks.example.org/postern',
  slack: 'https://hooks.slack.com/services/T000/B000/SECRET',
  mattermost: 'https://chat.example.org/hooks/SECRET',
  matrix:
    'https://matrix.example.org/_matrix/client/v3/rooms/!room:example.org/send/m.room.message',
  ntfy: 'https://ntfy.example.org/postern-alerts',
  telegram: 'https://api.telegram.org/?chat_id=-1001234567890',
};

const sample: Notice = {
  version: 1,
  event: 'account.suspended',
  id: 'example',
  host: 'mail.example.org',
  at: '2026-11-23T18:03:40Z',
  account: 'joe@example.org',
  since: '2026-11-23T18:02:11Z',
  leaked: { messages: 3, recipients: 5 },
  reached: ['anna@example.net'],
  stopped: { messages: 12, fromQueue: 4 },
  loginClosed: true,
  reasons: [
    {
      signal: 'strangers',
      text:
        '25 new recipients in 30 minutes (nobody on this server has written to them before); ' +
        'normal here: fewer than 10',
    },
  ],
  undo: 'postern accounts release joe@example.org',
  explain: 'postern accounts show joe@example.org',
  page: 'http://127.0.0.1:9902/incidents/example',
};

export function previewText(format: WebhookFormat): string {
  const target = { format, url: targets[format], secret: 'SECRET' };
  const { body, headers, method, url } = webhookRequest(sample, target);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const pretty = JSON.stringify(JSON.parse(body), undefined, 2);
  return `${method} ${url}\n${lines.join('\n')}\n\n${pretty}\n`;
}
