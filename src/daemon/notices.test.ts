/** Commands in notices work where the guard runs, whatever the channel and the form. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { parseConfig } from '../config/load.ts';
import type { Notice } from '../core/notice.ts';
import type { WebhookFormat } from '../core/notice-format.ts';
import type { OwnCommand } from '../core/own-command.ts';
import { releaseCommands } from '../core/release-commands.ts';
import { noticeChannels } from './notices.ts';

const { falseAlarm, hijacked } = releaseCommands('joe@example.org');
const at = '2026-11-23T18:03:40Z';
const notice: Notice = {
  version: 1,
  event: 'account.suspended',
  id: 'n-1',
  host: 'mail.example.org',
  at,
  account: 'joe@example.org',
  since: at,
  leaked: { messages: 3, recipients: 5 },
  stopped: { messages: 2, fromQueue: 1 },
  loginClosed: true,
  reasons: [{ signal: 'next', text: 'next: postern connect postfix' }],
  undo: hijacked,
  falseAlarm,
  explain: 'postern accounts show joe@example.org',
};
const own: OwnCommand = {
  program: '/srv/mail/postern',
  options: [['--state', '/srv/state']],
  sudo: 'as-said',
};

/** The body of the request that brings the notice. */
async function sent(format: WebhookFormat): Promise<string> {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    request.setEncoding('utf8').on('data', (text: string) => bodies.push(text));
    request.on('end', () => response.writeHead(204).end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const path = format === 'telegram' ? 'botT/sendMessage?chat_id=-1' : 'topic';
    const webhook = `webhook = "http://127.0.0.1:${port}/${path}"`;
    const text = `[notices]\n${webhook}\nwebhook_format = "${format}"\n`;
    const { config } = parseConfig(text, 'test.toml');
    const [channel] = noticeChannels(config, 'mail.example.org', own);
    await channel?.send(notice, AbortSignal.timeout(60_000));
  } finally {
    server.closeAllConnections();
    server.close();
  }
  return bodies.join('');
}

// Matrix needs a file with a token, and has its text from the same function.
for (const format of ['json', 'slack', 'mattermost', 'ntfy', 'telegram'] as const) {
  test(`${format}: every command names the program and the folder of this guard`, async () => {
    const body = await sent(format);
    const ours = '/srv/mail/postern --state /srv/state accounts';
    assert.ok(body.includes(`${ours} release joe@example.org --hijacked`), body);
    assert.ok(body.includes(`${ours} release joe@example.org --false-alarm`), body);
    assert.doesNotMatch(body, /(?<!\/)postern accounts/);
  });
}
