/** What each service needs in the URL of a webhook. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type WebhookFormat, webhookFault } from './notice-format.ts';

const room = 'https://m.test/_matrix/client/v3/rooms/!a:m.test/send/m.room.message';
const telegram = 'https://api.telegram.org';

test('a URL that the service would refuse is named before the first notice', () => {
  const cases: readonly (readonly [WebhookFormat, string, boolean, RegExp | undefined])[] = [
    ['json', 'https://a.test/any?thing', false, undefined],
    ['slack', 'https://hooks.slack.com/services/T/B/x', false, undefined],
    ['mattermost', 'https://chat.test/hooks/x', false, undefined],
    ['matrix', room, true, undefined],
    ['matrix', `${room}/`, true, undefined],
    ['matrix', room, false, /needs webhook_secret_file with the access token/],
    ['matrix', 'https://m.test/hook', true, /must end with \/_matrix\//],
    ['ntfy', 'https://ntfy.sh/alerts', false, undefined],
    ['ntfy', 'https://ntfy.sh/', true, /SERVER\/TOPIC/],
    ['ntfy', 'https://ntfy.sh/a/b', true, /SERVER\/TOPIC/],
    ['telegram', `${telegram}/?chat_id=-100`, true, undefined],
    ['telegram', `${telegram}/?chat_id=-100`, false, /needs webhook_secret_file with the token/],
    ['telegram', `${telegram}/bot1:AA-b_c/sendMessage?chat_id=@x`, false, undefined],
    ['telegram', `${telegram}/bot1:AA/sendMessage`, true, /chat_id/],
    ['telegram', `${telegram}/bot1:SECRET/getMe?chat_id=1`, true, /api\.telegram\.org/],
    ['ntfy', '', false, undefined],
  ];
  for (const [format, url, hasSecret, wanted] of cases) {
    const fault = webhookFault(format, url, hasSecret);
    if (wanted === undefined) assert.equal(fault, undefined, url);
    else assert.match(fault ?? '', wanted, url);
    assert.doesNotMatch(fault ?? '', /SECRET/, 'the URL is not shown');
  }
});
