/**
 * Tells users what is in quarantine for them: once a day at a set time, and only what is new. Only
 * addresses of this server are told. The day is written down first, so that nobody is told twice a
 * day, whenever the guard is killed.
 */
import { digestText } from '../../../core/inbound/digest.ts';
import { domainOf } from '../../../formats/message/address.ts';
import { isOwnDomain } from '../../../formats/postfix/own-domains.ts';
import { faultText } from '../../../lib/error-text.ts';
import { dayMs, type Millis, minuteMs } from '../../../lib/time.ts';
import type { InboundRow } from '../../../ports/inbound/inbound.ts';
import type { UserMail } from '../../../ports/mail-server.ts';
import type { World } from '../../../ports/world.ts';
import type { Journal } from '../../journal/journal.ts';
import type { WaitingInbound } from './waiting-inbound.ts';

export type DigestSettings = {
  /** Minutes after midnight (UTC); undefined: nobody is told. */
  readonly digestMinute: number | undefined;
  readonly contact: string;
};

export type DigestDeps = {
  readonly journal: Pick<Journal, 'committed'> & { readonly live: Pick<Journal['live'], 'meta'> };
  readonly waiting: Pick<WaitingInbound, 'all' | 'told'>;
  readonly mail: Pick<UserMail, 'send'>;
  readonly localDomains: ReadonlySet<string>;
  readonly world: World;
  readonly iso: (at: Millis) => string;
  readonly settings: DigestSettings;
};

/** Mails of one day. */
const mailsMax = 5_000;
const key = 'inbound-digest-day';

export function openDigests(deps: DigestDeps): { review(): Promise<void>; close(): void } {
  let busy = false;
  const review = async (): Promise<void> => {
    if (busy) return;
    busy = true;
    try {
      await tell(deps);
    } catch (fault) {
      deps.world.log('error', 'inbound.digest-failed', { why: faultText(fault) });
    } finally {
      busy = false;
    }
  };
  return { review, close: deps.world.timers.every(minuteMs, () => void review()) };
}

async function tell(deps: DigestDeps): Promise<void> {
  const { journal, settings, waiting, world } = deps;
  const now = world.clock.now();
  const { digestMinute } = settings;
  const today = Math.floor(now / dayMs);
  if (digestMinute === undefined || now - today * dayMs < digestMinute * minuteMs) return;
  if (Number(journal.live.meta(key) ?? 0) >= today) return;
  const fresh = waiting.all('quarantined').filter(({ toldAt }) => toldAt === 0);
  if (fresh.length === 0) return;
  if (!(await journal.committed([{ kind: 'meta', key, value: String(today) }]))) return;
  const untold = new Set<string>();
  let mails = 0;
  for (const [recipient, rows] of byRecipient(deps, fresh)) {
    const isSent = mails < mailsMax && (await send(deps, recipient, rows));
    if (isSent) mails++;
    else for (const { queueId } of rows) untold.add(queueId);
  }
  waiting.told(
    fresh.filter(({ queueId }) => !untold.has(queueId)),
    now,
  );
  world.log('info', 'inbound.told', { mails, messages: fresh.length - untold.size });
}

/** Recipients on this server, each with the messages that are new, the oldest first. */
function byRecipient(
  { localDomains }: DigestDeps,
  rows: readonly InboundRow[],
): ReadonlyMap<string, readonly InboundRow[]> {
  const found = new Map<string, InboundRow[]>();
  for (const row of rows.toReversed()) {
    for (const recipient of row.recipients) {
      if (!isOwnDomain(localDomains, domainOf(recipient))) continue;
      const known = found.get(recipient);
      if (known === undefined) found.set(recipient, [row]);
      else known.push(row);
    }
  }
  return found;
}

async function send(
  { iso, mail, settings, world }: DigestDeps,
  recipient: string,
  rows: readonly InboundRow[],
): Promise<boolean> {
  try {
    const text = digestText(recipient, rows, { contact: settings.contact, iso });
    await mail.send(recipient, { by: 'Quarantine', ...text });
    return true;
  } catch (fault) {
    world.log('warn', 'inbound.untold', { messages: rows.length, why: faultText(fault) });
    return false;
  }
}
