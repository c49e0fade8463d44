/** Tells the operator how providers treat us: one notice for all lanes that changed together. */
import type { LaneState } from '../../core/deliverability/lane.ts';
import { bulkRule } from '../../core/lanes/bulk.ts';
import { mostBadBy } from '../../core/lanes/memory.ts';
import type { Notice } from '../../core/notice.ts';
import { shellWords } from '../../lib/shell-words.ts';
import type { Millis } from '../../lib/time.ts';
import type { BulkRow } from '../../ports/lanes.ts';
import type { World } from '../../ports/world.ts';
import type { Notices } from '../notices/notices.ts';
import type { BulkMissing } from './bulk-missing.ts';
import type { WatchedLane } from './lane-views.ts';

export type LaneTold = {
  changed(lanes: readonly WatchedLane[]): void;
  /** These domains come near to a number from which a provider has more rules. */
  near(rows: readonly BulkRow[]): void;
};

/** Lanes and domains named in one notice. */
export const namedMax = 10;
const replyMax = 300;

const verbs: Readonly<Record<LaneState, string>> = {
  blocked: 'blocks our mail',
  slowed: 'slows our mail',
  healthy: 'takes our mail again',
  unknown: 'is not known',
};

export function openLaneNotices(deps: {
  readonly notices: Pick<Notices, 'send'>;
  readonly world: Pick<World, 'clock' | 'newId'>;
  readonly host: string;
  /** A provider's name as a person says it. */
  readonly nameOf: (provider: string) => string;
  readonly missing: BulkMissing['now'];
  readonly iso: (at: Millis) => string;
}): LaneTold {
  const { host, iso, missing, nameOf, notices, world } = deps;
  const notice = (
    more: Pick<Notice, 'event' | 'account' | 'reasons' | 'explain' | 'page'>,
    since: string,
  ): Notice => ({
    version: 1,
    id: world.newId(),
    host,
    at: iso(world.clock.now()),
    since,
    leaked: { messages: 0, recipients: 0 },
    stopped: { messages: 0, fromQueue: 0 },
    loginClosed: false,
    undo: '',
    ...more,
  });
  return {
    changed(lanes) {
      const [first] = lanes;
      if (first === undefined) return;
      const names = [...new Set(lanes.map(({ provider }) => provider))];
      const named = lanes.slice(0, namedMax);
      const more = lanes.length - named.length;
      const rest = { signal: 'more', text: `and ${more} more: postern providers list` };
      // A channel may show the first reasons only: first what happened on each lane.
      const reasons = [
        ...named.map((lane) => stateReason(lane, nameOf(lane.provider))),
        ...(more > 0 ? [rest] : []),
        ...named.flatMap(moreReasons),
      ];
      const account = names.length === 1 ? nameOf(first.provider) : '';
      const words = account === '' ? ['list'] : ['show', first.provider];
      const explain = shellWords('postern', 'providers', ...words);
      const page =
        account === '' ? '/providers' : `/providers/${encodeURIComponent(first.provider)}`;
      const about = { event: 'lane.changed' as const, account, reasons, explain, page };
      notices.send(notice(about, iso(first.memory.since)));
    },
    near(rows) {
      const [first] = rows;
      if (first === undefined) return;
      const lacksOf = missing();
      const reasons = rows.slice(0, namedMax).flatMap((row) => {
        const rule = bulkRule(row.provider);
        const text =
          `${row.domain}: ${row.today} recipients at ${nameOf(row.provider)} today; from ` +
          `${rule?.limitADay ?? 0} a day on, its rules for bulk senders apply` +
          (rule?.isForever === true ? ', and then always' : '');
        const lacks = lacksOf(row.domain).map((what) => ({
          signal: 'missing',
          text: `${row.domain}: ${what}`,
        }));
        return [{ signal: 'bulk', text }, ...lacks];
      });
      const account = rows.length === 1 ? first.domain : '';
      const explain = shellWords('postern', 'dns', 'check', first.domain, '--bulk');
      const about = { event: 'bulk.near' as const, account, reasons, explain, page: '/providers' };
      notices.send(notice(about, iso(world.clock.now())));
    },
  };
}

function stateReason(lane: WatchedLane, name: string): Notice['reasons'][number] {
  const { family, memory, source } = lane;
  const { state, why } = memory;
  const from = `${source === '' ? '' : ` from ${source}`} (${family === 'ipv6' ? 'IPv6' : 'IPv4'})`;
  return { signal: state, text: `${name} ${verbs[state]}${from}: ${why}` };
}

function moreReasons({ memory }: WatchedLane): Notice['reasons'] {
  const { decided, state } = memory;
  const reasons: { signal: string; text: string }[] = [];
  if (state === 'healthy') return reasons;
  const by = mostBadBy(memory);
  if (by !== undefined) {
    const share = Math.round(by.share * 100);
    const text = `most bad replies were for mail of ${by.account} (${share} %)`;
    reasons.push({ signal: 'caused-by', text });
  }
  if (decided === undefined) return reasons;
  reasons.push({ signal: 'reply', text: `their words: ${decided.reply.slice(0, replyMax)}` });
  if (decided.cure !== '') reasons.push({ signal: 'cure', text: `what to do: ${decided.cure}` });
  if (decided.link !== '') reasons.push({ signal: 'link', text: `where: ${decided.link}` });
  return reasons;
}
