/**
 * The HTTP request that brings a notice to a service: JSON as it is, or the message of a chat.
 * Pure.
 *
 * Names, addresses and subjects in a notice come from strangers. So chats get plain text or a block
 * of code, in which no service reads markup; links in it are made unreadable for programs, and
 * words that would call everybody in a room are changed.
 */
import { createHmac } from 'node:crypto';
import type { Notice } from '../../core/notice.ts';
import type { WebhookFormat } from '../../core/notice-format.ts';
import { type OwnCommand, ownCommands, usualCommand } from '../../core/own-command.ts';
import { type NoticeText, noticeText } from './text.ts';

export type WebhookRequest = {
  readonly method: 'POST' | 'PUT';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

export type WebhookTarget = {
  readonly format: WebhookFormat;
  readonly url: string;
  /** json: signs the body. matrix, ntfy: access token. telegram: token of the bot. */
  readonly secret: string;
  /** How commands are written in the text of a chat. Without it, as for an installed guard. */
  readonly own?: OwnCommand;
};

type Message = Pick<WebhookRequest, 'method' | 'url'> & {
  readonly headers?: Readonly<Record<string, string>>;
  readonly content: object;
};

export function webhookRequest(notice: Notice, target: WebhookTarget): WebhookRequest {
  const { headers = {}, content, ...where } = messageOf(notice, target);
  const body = JSON.stringify(content);
  const signed = target.format === 'json' ? signature(target.secret, body) : {};
  return {
    ...where,
    body,
    headers: {
      'content-type': 'application/json',
      'user-agent': 'postern',
      'x-postern-notice': notice.id,
      ...headers,
      ...signed,
    },
  };
}

function messageOf(notice: Notice, target: WebhookTarget): Message {
  const { format, own = usualCommand, secret, url: given } = target;
  const url = new URL(given);
  const { body, subject } = noticeText(notice);
  const text = harmless({ subject, body: ownCommands(body, own) }, notice.page);
  switch (format) {
    case 'json':
      return { method: 'POST', url, content: notice };
    case 'slack':
      return { method: 'POST', url, content: slack(text) };
    case 'mattermost':
      return { method: 'POST', url, content: mattermost(text) };
    case 'matrix':
      return {
        method: 'PUT',
        url: matrixUrl(url, notice.id),
        headers: bearer(secret),
        content: matrix(text),
      };
    case 'ntfy':
      return {
        method: 'POST',
        url: new URL('/', url),
        headers: bearer(secret),
        content: ntfy(text, notice, url.pathname.slice(1)),
      };
    case 'telegram':
      return { method: 'POST', url: telegramUrl(url, secret), content: telegram(text, url) };
    default:
      return format satisfies never;
  }
}

function signature(secret: string, body: string): Record<string, string> {
  if (secret === '') return {};
  const digest = createHmac('sha256', secret).update(body).digest('hex');
  return { 'x-postern-signature': `sha256=${digest}` };
}

function bearer(token: string): Record<string, string> {
  return token === '' ? {} : { authorization: `Bearer ${token}` };
}

/** `page`: the only address that stays a link, as the operator set it. */
function harmless({ body, subject }: NoticeText, page: string | undefined): NoticeText {
  const lines = body.trimEnd().split('\n');
  const safe = lines.map((line) => (line.trim() === page ? line : withoutCalls(line)));
  return { subject: withoutCalls(subject), body: safe.join('\n') };
}

/** `https[:]//`, which no program opens; and no call to everybody in a room. */
function withoutCalls(text: string): string {
  return text
    .replace(/\b([a-z][a-z0-9+.-]*):\/\//gi, '$1[:]//')
    .replace(/(?<![\w.+-])@(?=(?:all|channel|everyone|here|room)\b)/gi, '(at)');
}

/** Characters of a title where the service says no limit. An account's name is in it. */
const titleMax = 200;
/** Slack takes 150 characters in a header, 3,000 in a section, and about 13,000 in all. */
const [slackHeaderMax, slackSectionMax, slackSectionsMax] = [150, 3_000, 3];

/** Block Kit with plain text, in which Slack reads neither markup nor mentions. */
function slack({ body, subject }: NoticeText): object {
  const plainText = (text: string) => ({ type: 'plain_text', text: angles(text), emoji: false });
  const sections = piecesOf(body, slackSectionMax).slice(0, slackSectionsMax);
  return {
    // What a notification shows. Here Slack reads entities.
    text: angles(subject).replaceAll('&', '&amp;'),
    blocks: [
      { type: 'header', text: plainText(cut(subject, slackHeaderMax)) },
      ...sections.map((text) => ({ type: 'section', text: plainText(text) })),
    ],
    unfurl_links: false,
    unfurl_media: false,
  };
}

/** `<!channel>` and `<https://…|text>` begin with an angle. */
function angles(text: string): string {
  return text.replaceAll('<', '‹').replaceAll('>', '›');
}

/** Characters of a post, without the fence; older servers split longer posts at 4,000. */
const mattermostMax = 16_000;

/** A block of code: no markup, no mentions, no links. */
function mattermost({ body, subject }: NoticeText): object {
  const text = cut(`${subject}\n\n${body}`, mattermostMax).replaceAll('`', "'");
  return { text: `\`\`\`\n${text}\n\`\`\`` };
}

/** An event may have 65,536 bytes; the text is in it twice, escaped. */
const matrixBytesMax = 8_000;

/** `m.mentions` without anybody: no client calls people by words in the text. */
function matrix({ body, subject }: NoticeText): object {
  const text = cutBytes(body, matrixBytesMax);
  const title = cut(subject, titleMax);
  return {
    msgtype: 'm.text',
    body: `${title}\n\n${text}`,
    format: 'org.matrix.custom.html',
    formatted_body: `<strong>${html(title)}</strong><pre><code>${html(text)}</code></pre>`,
    'm.mentions': {},
  };
}

/** The id makes a repeated request the same event. */
function matrixUrl(url: URL, id: string): URL {
  const full = new URL(url);
  full.pathname = `${url.pathname.replace(/\/$/, '')}/${encodeURIComponent(id)}`;
  return full;
}

/** ntfy makes a file of a longer message (4,096 bytes). */
const ntfyBytesMax = 3_500;
const urgent: ReadonlySet<Notice['event']> = new Set(['account.suspended', 'ledger.failing']);
const calm: ReadonlySet<Notice['event']> = new Set(['test', 'authors.observing', 'bulk.near']);

/** Without `markdown`, so that the text is shown as it is. */
function ntfy({ body, subject }: NoticeText, { event, page }: Notice, topic: string): object {
  const priority = urgent.has(event) ? 5 : calm.has(event) ? 3 : 4;
  return {
    topic,
    title: cut(subject, titleMax),
    message: cutBytes(body, ntfyBytesMax),
    priority,
    tags: [urgent.has(event) ? 'rotating_light' : 'email'],
    ...(page === undefined ? {} : { click: page }),
  };
}

/** Telegram takes 4,096 characters when the markup is read. */
const telegramMax = 3_800;

function telegram({ body, subject }: NoticeText, url: URL): object {
  const thread = url.searchParams.get('message_thread_id');
  return {
    chat_id: url.searchParams.get('chat_id'),
    ...(thread === null ? {} : { message_thread_id: Number(thread) }),
    text: `<pre>${html(cut(subject, titleMax))}\n\n` + `${html(cut(body, telegramMax))}</pre>`,
    parse_mode: 'HTML',
    link_preview_options: { is_disabled: true },
  };
}

/** `/botTOKEN/sendMessage`; the token may be in the URL already. */
function telegramUrl(url: URL, token: string): URL {
  const path = url.pathname === '/' ? `/bot${token}/sendMessage` : url.pathname;
  return new URL(path, url);
}

/** For text between tags. */
function html(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

const more = '\n…';

function cut(text: string, charactersMax: number): string {
  return cutBy(text, charactersMax, (one) => one.length);
}

function cutBytes(text: string, bytesMax: number): string {
  return cutBy(text, bytesMax, (one) => Buffer.byteLength(one));
}

/** Cuts between characters, and says so. */
function cutBy(text: string, max: number, sizeOf: (text: string) => number): string {
  if (sizeOf(text) <= max) return text;
  let size = sizeOf(more);
  let kept = '';
  for (const character of text) {
    size += sizeOf(character);
    if (size > max) break;
    kept += character;
  }
  return `${kept.trimEnd()}${text.includes('\n') ? more : '…'}`;
}

/** Pieces of at most this many characters, of whole lines where a line fits. */
function piecesOf(text: string, charactersMax: number): readonly string[] {
  const pieces: string[] = [];
  let piece = '';
  for (const line of text.split('\n').map((one) => cut(one, charactersMax))) {
    const longer = piece === '' ? line : `${piece}\n${line}`;
    if (longer.length > charactersMax) {
      pieces.push(piece);
      piece = line;
    } else piece = longer;
  }
  return [...pieces, piece].filter((one) => one.trim() !== '');
}
