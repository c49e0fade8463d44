/** What the checklist reads from the configuration and the guard besides doctor. */
import { existsSync } from 'node:fs';
import { parseDuration } from '../../config/duration.ts';
import { type Config, usualContact } from '../../config/schema.ts';
import type { SeenFinding } from '../../core/checklist/items/derive.ts';
import { keyFindings } from '../../core/checklist/items/keys.ts';
import type { SettingFacts } from '../../core/checklist/items/settings.ts';
import type { DkimKeyFacts } from '../../core/checklist/signing/dkim-keys.ts';
import { someOf } from '../../core/finding.ts';
import type { Millis } from '../../lib/time.ts';
import { systemdRuns } from '../../partners/systemctl.ts';
import type { LaneList } from '../../ports/lanes.ts';
import { guardAnswer } from '../guard/answer.ts';
import type { RunFile } from '../guard/run-file.ts';

/** systemd starts with the machine what is linked here. */
const enabledUnit = '/etc/systemd/system/multi-user.target.wants/postern.service';
const namedMax = 5;

export function settingFacts(config: Config): SettingFacts {
  const { contact, inbound, scan, sendmail, verify } = config;
  return {
    service: systemdRuns() ? existsSync(enabledUnit) : undefined,
    contact,
    usualContact,
    sendmailDoor: sendmail.door,
    verify,
    stance: inbound.stance,
    hasScanner: [scan.spamassassin, scan.rspamd, scan.clamav].some((one) => one !== 'off'),
  };
}

/** Nothing without a guard to ask. */
export async function ownKeys(
  { signing }: Config,
  live: RunFile | undefined,
  now: Millis,
): Promise<readonly SeenFinding[]> {
  if (live === undefined) return [];
  const answer = (await guardAnswer(live, '/api/dkim')) as
    | { readonly keys?: readonly DkimKeyFacts[] }
    | undefined;
  if (!Array.isArray(answer?.keys)) return [];
  const { every } = signing.rotation;
  const everyMs = every === 'never' ? undefined : parseDuration(every);
  return keyFindings({ keys: answer.keys, everyMs, now });
}

/** Domains that come near to the rules for bulk senders, and what they lack. */
export async function bulkSenders(live: RunFile | undefined): Promise<readonly SeenFinding[]> {
  if (live === undefined) return [];
  const list = (await guardAnswer(live, '/api/providers')) as LaneList | undefined;
  const near = (list?.bulk ?? []).filter(
    ({ limitADay, messagesADay, passedAt }) =>
      passedAt !== undefined || (limitADay !== undefined && messagesADay * 2 >= limitADay),
  );
  if (near.length === 0) return [];
  const id = 'providers.bulk';
  const title = 'Bulk senders';
  const names = near.map(({ domain, limitADay, messagesADay, provider }) => {
    const limit = limitADay === undefined ? '' : ` of ${limitADay}`;
    return `${domain} at ${provider}: ${messagesADay}${limit} messages on its busiest day`;
  });
  const lacks = near.flatMap(({ domain, missing }) => missing.map((one) => `${domain}: ${one}`));
  if (lacks.length === 0) {
    const found = `${someOf(names, namedMax)}; their rules are met`;
    return [{ id, kind: 'ok', title, found, wanted: '', fix: '' }];
  }
  return [
    {
      id,
      kind: 'warn',
      title,
      found: `${someOf(names, namedMax)}; ${someOf(lacks, namedMax)}`,
      wanted: 'the rules for bulk senders are met before the limit is reached',
      fix: 'postern dns check DOMAIN --bulk says what is missing',
    },
  ];
}
