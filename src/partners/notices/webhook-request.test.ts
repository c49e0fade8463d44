/** The request for each chat service: its documented shape, its limits, and text of strangers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Notice } from '../../core/notice.ts';
import { type WebhookFormat, webhookFormats } from '../../core/notice-format.ts';
import { webhookRequest } from './webhook-request.ts';

const notice: Notice = {
  version: 1,
  event: 'account.suspended',
  id: 'n/1',
  host: 'mail.example.org',
  at: '2026-11-23T18:03:40Z',
  account: 'joe@example.org',
  since: '2026-11-23T18:02:11Z',
  leaked: { messages: 3, recipients: 5 },
  stopped: { messages: 12, fromQueue: 4 },
  loginClosed: true,
  reasons: [{ signal: 'strangers', text: '25 new recipients in 30 minutes' }],
  undo: 'postern accounts release joe@example.org',
  explain: 'postern accounts show joe@example.org',
  page: 'http://127.0.0.1:9902/incidents/n-1',
};

const room = '/_matrix/client/v3/rooms/!abc:example.org/send/m.room.message';
const urls: Readonly<Record<WebhookFormat, string>> = {
  json: 'https://hooks.test/in',
  slack: 'https://hooks.slack.com/services/T0/B0/x',
  mattermost: 'https://chat.test/hooks/x',
  matrix: `https://matrix.test${room}`,
  ntfy: 'https://ntfy.test/alerts',
  telegram: 'https://api.telegram.org/?chat_id=-100123',
};

function requested(format: WebhookFormat, more: Partial<Notice> = {}, url = urls[format]) {
  const request = webhookRequest({ ...notice, ...more }, { format, url, secret: 'tok:en' });
  return { ...request, json: JSON.parse(request.body) as Readonly<Record<string, unknown>> };
}

type SlackText = { readonly type: string; readonly text: string; readonly emoji: boolean };
type SlackBlock = { readonly type: string; readonly text: SlackText };

/** Every text that a service shows. */
function shown(format: WebhookFormat, more: Partial<Notice> = {}): string {
  const { json } = requested(format, more);
  const texts = ['text', 'body', 'formatted_body', 'title', 'message'].map((key) => json[key]);
  const blocks = (json['blocks'] ?? []) as readonly SlackBlock[];
  return [...texts, ...blocks.map(({ text }) => text.text)].filter(Boolean).join('\n');
}

const chats = webhookFormats.filter((format) => format !== 'json');

test('json: the notice itself', () => {
  const { json, method, url, headers } = requested('json');
  assert.deepEqual(json, notice);
  assert.deepEqual([method, url.href], ['POST', urls.json]);
  assert.match(headers['x-postern-signature'] ?? '', /^sha256=[0-9a-f]{64}$/);
});

test('slack: a header and sections of plain text', () => {
  const { json, method, url } = requested('slack');
  assert.deepEqual([method, url.href], ['POST', urls.slack]);
  const [header, ...sections] = json['blocks'] as readonly SlackBlock[];
  assert.equal(header?.type, 'header');
  assert.match(header?.text.text ?? '', /^\[postern\] joe@example\.org suspended/);
  assert.ok(sections.length > 0);
  for (const { text } of [header, ...sections].filter((one) => one !== undefined)) {
    assert.deepEqual([text.type, text.emoji], ['plain_text', false]);
  }
  assert.equal(sections[0]?.type, 'section');
  assert.deepEqual([json['unfurl_links'], json['unfurl_media']], [false, false]);
  assert.equal(typeof json['text'], 'string');
});

test('mattermost: one block of code', () => {
  const { json, method, url } = requested('mattermost');
  assert.deepEqual([method, url.href], ['POST', urls.mattermost]);
  assert.deepEqual(Object.keys(json), ['text']);
  assert.match(String(json['text']), /^```\n\[postern\] joe@example\.org [^`]*\n```$/);
});

test('matrix: PUT with a transaction and a token; nobody is mentioned', () => {
  for (const url of [urls.matrix, `${urls.matrix}/`]) {
    const asked = requested('matrix', {}, url);
    assert.equal(asked.method, 'PUT');
    assert.equal(asked.url.href, `${urls.matrix}/n%2F1`);
    assert.equal(asked.headers['authorization'], 'Bearer tok:en');
    const { json } = asked;
    assert.deepEqual(json['m.mentions'], {});
    assert.deepEqual([json['msgtype'], json['format']], ['m.text', 'org.matrix.custom.html']);
    assert.match(String(json['body']), /^\[postern\] joe@example\.org suspended/);
    assert.match(String(json['formatted_body']), /^<strong>\[postern\].*<\/strong><pre><code>/);
  }
});

test('ntfy: JSON at the root of the server, with topic, priority and the page to open', () => {
  const { headers, json, method, url } = requested('ntfy');
  assert.deepEqual([method, url.href], ['POST', 'https://ntfy.test/']);
  assert.equal(headers['authorization'], 'Bearer tok:en');
  const { message, title, ...rest } = json;
  const click = 'http://127.0.0.1:9902/incidents/n-1';
  assert.deepEqual(rest, { topic: 'alerts', priority: 5, tags: ['rotating_light'], click });
  assert.match(String(title), /^\[postern\] joe@example\.org suspended/);
  assert.match(String(message), /looks hijacked/);
  assert.equal(requested('ntfy', { event: 'test' }).json['priority'], 3);
  assert.equal(requested('ntfy', { event: 'lane.changed' }).json['priority'], 4);
  const open = webhookRequest(notice, { format: 'ntfy', url: urls.ntfy, secret: '' });
  assert.equal(open.headers['authorization'], undefined);
});

test('telegram: the token in the path, the chat in the body, no preview of links', () => {
  const { json, method, url } = requested('telegram', {}, `${urls.telegram}&message_thread_id=7`);
  assert.deepEqual([method, url.href], ['POST', 'https://api.telegram.org/bottok:en/sendMessage']);
  const { text, ...rest } = json;
  assert.deepEqual(rest, {
    chat_id: '-100123',
    message_thread_id: 7,
    parse_mode: 'HTML',
    link_preview_options: { is_disabled: true },
  });
  assert.match(String(text), /^<pre>\[postern\] joe@example\.org suspended[^<]*<\/pre>$/);
  const known = 'https://api.telegram.org/bot1:AA/sendMessage?chat_id=@mine';
  const asked = requested('telegram', {}, known);
  assert.equal(asked.url.href, 'https://api.telegram.org/bot1:AA/sendMessage');
  assert.equal(asked.json['chat_id'], '@mine');
});

const evil =
  '<!channel> <https://evil.test|click> @channel @here @room @all *bold* `code` ``` ' +
  '[x](https://evil.test) <b>b</b> </pre></code><a href="https://evil.test">a</a> & \u202e\n# x';

test('a stranger’s text calls nobody, opens no link, and ends no block', () => {
  for (const format of chats) {
    const more = { account: evil, reasons: [{ signal: 'x', text: evil }] };
    const text = shown(format, { ...more, reached: [evil], explain: evil });
    assert.doesNotMatch(text, /https?:\/\/evil/, format);
    assert.doesNotMatch(text, /(?<![\w.])@(?:channel|here|room|all)\b/, format);
    assert.ok(!text.includes('\u202e'), format);
    assert.match(text, /evil\.test/, format);
  }
  const post = String(requested('mattermost', { account: evil }).json['text']);
  assert.equal(post.match(/```/g)?.length, 2);
  // Of what is read as HTML, only our own tags are tags.
  const { text: pre } = requested('telegram', { account: evil }).json;
  assert.match(String(pre), /^<pre>[^<>]*<\/pre>$/);
  const { formatted_body } = requested('matrix', { account: evil }).json;
  assert.match(
    String(formatted_body),
    /^<strong>[^<>]*<\/strong><pre><code>[^<>]*<\/code><\/pre>$/,
  );
  assert.doesNotMatch(shown('slack', { account: evil }), /[<>]/);
  const { text } = requested('slack', { account: evil }).json;
  assert.doesNotMatch(String(text), /[<>]|&(?!amp;)/);
});

test('the page of the operator stays an address', () => {
  for (const format of chats) {
    assert.ok(shown(format).includes('\n  http://127.0.0.1:9902/incidents/n-1'), format);
  }
});

test('no message is larger than its service takes, and no character is cut in two', () => {
  for (const character of ['x', 'ü', '漢', '😀', '&', '"', '`']) {
    const text = character.repeat(1_000);
    const reasons = Array.from({ length: 40 }, () => ({ signal: 'x', text }));
    const more = { account: text, reasons, reached: Array(5).fill(text) as string[] };
    for (const format of chats) {
      const { body, json } = requested(format, more);
      assert.ok(body.isWellFormed(), format);
      assert.doesNotMatch(body, /\\ud[89a-f]/i, format);
      if (format === 'slack') {
        const blocks = json['blocks'] as readonly SlackBlock[];
        const sizes = blocks.map(({ text: { text: one } }) => one.length);
        assert.ok(sizes[0] !== undefined && sizes[0] <= 150);
        assert.ok(sizes.every((size) => size > 0 && size <= 3_000) && blocks.length <= 4);
      }
      if (format === 'mattermost') assert.ok(String(json['text']).length <= 16_383);
      if (format === 'matrix') assert.ok(Buffer.byteLength(body) < 60_000, `${body.length}`);
      if (format === 'ntfy') {
        assert.ok(Buffer.byteLength(String(json['message'])) <= 4_096);
        assert.ok(Buffer.byteLength(body) <= 8_192);
      }
      if (format === 'telegram') {
        const read = String(json['text'])
          .replace(/<\/?pre>/g, '')
          .replace(/&\w+;/g, '_');
        assert.ok(read.length <= 4_096, `${read.length}`);
      }
    }
  }
});
