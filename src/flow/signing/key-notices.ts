/** Notices about DKIM keys: only what the operator must do, or what went wrong. Pure. */

import type { Notice } from '../../core/notice.ts';
import { type DkimKey, keyName, recordText } from '../../core/signing/key.ts';
import type { KeyNews } from '../../core/signing/rotation.ts';
import { txtStrings } from '../../formats/dns/record.ts';
import type { Millis } from '../../lib/time.ts';
import type { World } from '../../ports/world.ts';

export type KeyNoticeDeps = {
  readonly host: string;
  readonly world: World;
  readonly iso: (at: Millis) => string;
  readonly canSend: (domain: string) => boolean;
};

/** The notice about this news; undefined if the operator need not know. */
export function keyNotice(
  news: KeyNews,
  key: DkimKey,
  now: Millis,
  deps: KeyNoticeDeps,
): Notice | undefined {
  const texts = words(news, key, deps.canSend(key.domain));
  if (texts === undefined) return undefined;
  const at = deps.iso(now);
  const record = news === 'remove' ? '' : recordText(key, news === 'revoke' ? 'revoked' : 'key');
  const sight = key.sightText === '' ? [] : [{ signal: 'dns', text: key.sightText }];
  const strings = txtStrings(record).map((string) => `"${string}"`);
  const line = `${keyName(key)}. IN TXT ${strings.join(' ')}`;
  return {
    version: 1,
    id: deps.world.newId(),
    host: deps.host,
    at,
    since: at,
    event: news === 'lost' ? 'dkim.lost' : 'dkim.record',
    account: key.domain,
    leaked: { messages: 0, recipients: 0 },
    stopped: { messages: 0, fromQueue: 0 },
    loginClosed: false,
    reasons: [
      ...texts.map((text) => ({ signal: 'dkim', text })),
      ...sight,
      ...(record === '' ? [] : [{ signal: 'record', text: line }]),
    ],
    undo: '',
    explain: `postern dkim keys ${key.domain}`,
  };
}

function words(news: KeyNews, key: DkimKey, canSend: boolean): readonly string[] | undefined {
  const name = keyName(key);
  switch (news) {
    case 'publish':
      if (canSend) return undefined;
      return [
        `A new key for ${key.domain} is ready: publish its record.`,
        'Postern signs with it once every name server has shown the record for a while.',
      ];
    case 'stuck':
      return [`The record ${name} should be published, but not every name server shows it.`];
    case 'lost':
      return [
        `The record ${name} is missing from DNS: no name server shows it as it should be.`,
        `Signing with this key has stopped. It starts again when the record is back.`,
      ];
    case 'early':
      return [
        `The record ${name} is missing from DNS, but mail signed with its key is still on its way.`,
      ];
    case 'revoke':
      if (canSend) return undefined;
      return [
        `No mail on its way needs ${name} any more. Replace its record with this one to revoke it.`,
      ];
    case 'remove':
      return canSend ? undefined : [`The record ${name} is no longer needed: remove it.`];
    default:
      return undefined;
  }
}
