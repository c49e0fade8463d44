/**
 * A test notice goes out by every channel at once, so that the operator sees which of them work.
 * The audit trail keeps what each channel said.
 */
import type { Notice } from '../../core/notice.ts';
import type { Millis } from '../../lib/time.ts';
import type { AdminResult } from '../../ports/admin.ts';
import type { AuditRow } from '../../ports/ledger.ts';
import type { World } from '../../ports/world.ts';
import type { Journal } from '../journal/journal.ts';
import type { Notices } from './notices.ts';

export type TestNoticeDeps = {
  readonly notices: Notices;
  readonly journal: Pick<Journal, 'add'>;
  readonly world: World;
  readonly host: string;
  /** RFC 3339. */
  readonly iso: (at: Millis) => string;
};

/**
 * Sends it without trying again. Not ok if a channel did not take it, or if there is no channel.
 */
export async function sendTestNotice(deps: TestNoticeDeps): Promise<AdminResult> {
  const { host, iso, journal, notices } = deps;
  const { clock, newId } = deps.world;
  if (notices.channels.length === 0) {
    return {
      ok: false,
      text: 'no channel for notices is configured',
      hint: 'set notices.mail_to or notices.webhook in postern.toml, then restart Postern',
    };
  }
  const answers = await notices.now(testNotice(newId(), host, iso(clock.now())));
  const row: AuditRow = {
    at: clock.now(),
    by: 'operator',
    action: 'test-notice',
    account: '',
    detail: answers.map(({ channel, fault }) => `${channel}: ${fault ?? 'taken'}`).join('; '),
  };
  journal.add({ kind: 'audit', row });
  if (answers.every(({ fault }) => fault === undefined)) {
    return { ok: true, count: answers.length, text: row.detail };
  }
  return { ok: false, text: row.detail, hint: 'look at the channels under [notices]' };
}

function testNotice(id: string, host: string, at: string): Notice {
  return {
    version: 1,
    event: 'test',
    id,
    host,
    at,
    account: '',
    since: at,
    leaked: { messages: 0, recipients: 0 },
    stopped: { messages: 0, fromQueue: 0 },
    loginClosed: false,
    reasons: [],
    undo: '',
    explain: 'postern status',
  };
}
