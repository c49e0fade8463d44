/** What operators see and do about mail that comes in. The audit trail has what they did. */
import { isAllowable } from '../../../core/inbound/allowed.ts';
import { countByDay } from '../../../core/inbound/day-counts.ts';
import type { JudgePolicy } from '../../../core/inbound/greylist/judgement.ts';
import { clientNetworkOf } from '../../../core/inbound/greylist/names.ts';
import { lateAfterMs } from '../../../core/inbound/kept.ts';
import { addressKey } from '../../../formats/message/address.ts';
import { faultText } from '../../../lib/error-text.ts';
import { dayMs, type Millis } from '../../../lib/time.ts';
import type {
  AllowedRow,
  InboundAdmin,
  InboundLedger,
  InboundResult,
  InboundRow,
} from '../../../ports/inbound/inbound.ts';
import type { Change } from '../../../ports/ledger.ts';
import type { World } from '../../../ports/world.ts';
import { detailed, writtenResult } from '../../admin/result.ts';
import type { Journal } from '../../journal/journal.ts';
import type { AllowedSenders } from './allowed-senders.ts';
import type { KnownSenders } from './known-senders.ts';
import type { WaitingInbound } from './waiting-inbound.ts';

export type InboundAdminDeps = {
  readonly journal: Pick<Journal, 'add' | 'committed'>;
  readonly ledger: InboundLedger;
  readonly known: KnownSenders;
  readonly allowed: AllowedSenders;
  readonly waiting: WaitingInbound;
  readonly policy: () => Pick<JudgePolicy, 'stance' | 'waitMs'>;
  readonly organisationOf: (domain: string) => string | undefined;
  readonly world: World;
};

/** Ids named in one entry of the audit trail. */
const namedMax = 50;
const farFuture = Number.MAX_SAFE_INTEGER as Millis;
/** What an import may take over at once. */
const learnedMax = 500_000;

export function openInboundAdmin(deps: InboundAdminDeps): InboundAdmin {
  const { allowed, known, ledger, waiting } = deps;
  const lateBefore = (): Millis => (deps.world.clock.now() - lateAfterMs) as Millis;
  return {
    status: () => ({
      stance: deps.policy().stance,
      waitMs: deps.policy().waitMs,
      waiting: waiting.waiting,
      quarantined: waiting.quarantined,
      known: known.size,
      atRisk: ledger.countNotBack(lateBefore()),
    }),
    list(filter) {
      const { about, limit, since = 0, state } = filter;
      if (state !== 'waiting' && state !== 'quarantined') return ledger.inboundMail(filter);
      const found = waiting.all(state).filter((row) => {
        return row.at >= since && (about === undefined || isAbout(row, about));
      });
      return found.slice(0, limit);
    },
    byDay(days) {
      const now = deps.world.clock.now();
      const sums = ledger.inboundByDay((now - days * dayMs) as Millis);
      return countByDay(sums, { days, now });
    },
    show: (queueId) => waiting.get(queueId) ?? ledger.inboundOne(queueId),
    atRisk: ({ all, limit }) => ledger.notBack(all ? farFuture : lateBefore(), limit),
    allowed: () => allowed.all(),
    async allow(what, note, by) {
      const name = nameOf(what);
      if (!isAllowable(name)) return notAllowable(what);
      const row: AllowedRow = { what: name, note, by, at: deps.world.clock.now() };
      const kept = await deps.journal.committed([
        allowed.set(row),
        audit(deps, by, 'inbound-allow', detailed(name, note)),
      ]);
      return writtenResult(kept, `mail of ${name} never waits`, 1);
    },
    async forget(what, by) {
      const name = nameOf(what);
      if (!isAllowable(name)) return notAllowable(what);
      for (const kind of ['domain', 'network', 'missed', 'spam-domain', 'spam-network'] as const) {
        for (const one of learnedNames(name, deps.organisationOf)) known.forget(kind, one);
      }
      known.forget('written-to', name);
      const kept = await deps.journal.committed([
        ...allowed.remove(name),
        audit(deps, by, 'inbound-forget', name),
      ]);
      return writtenResult(kept, `what was learned about ${name} is forgotten`, 1);
    },
    async learn(pairs, by) {
      for (const { kind, name, at } of pairs.slice(0, learnedMax)) known.see(kind, name, at);
      const count = Math.min(pairs.length, learnedMax);
      const text = `${count} names were taken over`;
      const kept = await deps.journal.committed([audit(deps, by, 'inbound-import', text)]);
      return writtenResult(kept, text, count);
    },
    release: (ids, by) => move(deps, ids, 'released', by),
    drop: (ids, by) => move(deps, ids, 'dropped', by),
  };
}

/** The names under which mail of a domain or a network counts. */
function learnedNames(
  name: string,
  organisationOf: InboundAdminDeps['organisationOf'],
): readonly string[] {
  if (name.startsWith('@')) {
    const domain = name.slice(1);
    return [domain, organisationOf(domain) ?? domain];
  }
  return name.includes('@') ? [] : [clientNetworkOf(name.replace(/\/.*$/, ''))];
}

function notAllowable(what: string): InboundResult {
  return { ok: false, text: `${what} is no address, no @domain and no network` };
}

/** As the ledger searches. */
function isAbout(row: InboundRow, about: string): boolean {
  const sought = about.toLowerCase();
  const texts = [row.sender, row.subject, ...row.recipients];
  if (texts.some((text) => text.toLowerCase().includes(sought))) return true;
  return row.client === sought || row.queueId.toLowerCase() === sought;
}

function nameOf(what: string): string {
  const text = what.trim().toLowerCase();
  // A domain has no local part, so it is no address.
  return text.lastIndexOf('@') > 0 ? addressKey(text) : text;
}

async function move(
  deps: InboundAdminDeps,
  ids: readonly string[],
  state: 'released' | 'dropped',
  by: string,
): Promise<InboundResult> {
  const rows = ids.map((id) => deps.waiting.get(id)).filter((row) => row !== undefined);
  if (rows.length === 0) {
    return {
      ok: false,
      text: 'no such message waits or is in quarantine',
      hint: 'postern quarantine list',
      isUnknown: true,
    };
  }
  let done: ReadonlySet<string>;
  try {
    done = await deps.waiting.byHand(rows, state, by);
  } catch (fault) {
    return { ok: false, text: faultText(fault), hint: 'see what Postfix has: postqueue -p' };
  }
  // A person said that it is wanted: its sender need not wait again.
  if (state === 'released') {
    for (const { queueId, sender } of rows) {
      if (done.has(queueId) && sender !== '') {
        deps.known.see('written-to', addressKey(sender), deps.world.clock.now());
      }
    }
  }
  const left = [...new Set(ids)].filter((id) => !done.has(id));
  const moved = `${done.size} ${done.size === 1 ? 'message' : 'messages'} ${state}`;
  const what =
    left.length === 0
      ? moved
      : `${moved}; not there any more: ${left.slice(0, namedMax).join(' ')}`;
  const detail = detailed(what, [...done].slice(0, namedMax).join(' '));
  const kept = await deps.journal.committed([audit(deps, by, `quarantine-${state}`, detail)]);
  const result = writtenResult(kept, what, done.size);
  if (!result.ok || done.size > 0) return result;
  return { ok: false, text: result.text, hint: 'see what Postfix has: postqueue -p' };
}

function audit(deps: InboundAdminDeps, by: string, action: string, detail: string): Change {
  const row = { at: deps.world.clock.now(), by, action, account: '', detail };
  return { kind: 'audit', row };
}
