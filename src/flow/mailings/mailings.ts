/**
 * Mailings that operators announced: how many new recipients of each account do not count now. All
 * rows are kept in memory. Whoever has the password of an account cannot announce anything: only
 * operators reach the admin.
 */
import { countRecipients } from '../../core/account/count-recipients.ts';
import { evidenceNow } from '../../core/account/judge.ts';
import { countAfresh } from '../../core/account/learn.ts';
import { nothingNew } from '../../core/account/record.ts';
import { holdAt } from '../../core/account/signals.ts';
import type { Account, DefaultDomain } from '../../core/account-name.ts';
import {
  announced,
  countedDown,
  type ExpectedMailing,
  expectedLeft,
  expectedMax,
  expectedOf,
} from '../../core/mailings/expected.ts';
import { releaseCommands } from '../../core/release-commands.ts';
import { shellWords } from '../../lib/shell-words.ts';
import { dayMs, type Millis } from '../../lib/time.ts';
import type { Ledger } from '../../ports/ledger.ts';
import type {
  AccountMailings,
  ExpectedRecipients,
  MailingResult,
  MailingWanted,
} from '../../ports/mailings/mailings.ts';
import type { World } from '../../ports/world.ts';
import type { Accounts } from '../account/accounts.ts';
import { namedAccount } from '../admin/named-account.ts';
import { detailed, writtenResult } from '../admin/result.ts';
import type { Journal } from '../journal/journal.ts';

export type MailingDeps = {
  readonly ledger: Pick<Ledger, 'mailings'>;
  readonly journal: Journal;
  readonly accounts: Accounts;
  readonly world: Pick<World, 'clock' | 'count'>;
  readonly defaultDomain: DefaultDomain;
  readonly iso: (at: Millis) => string;
};

export type Mailings = AccountMailings & ExpectedRecipients;

/** A date that was typed as the thirtieth day lasts to the end of that day. */
const untilMaxMs = expectedMax.days * dayMs + dayMs;

export function openMailings(deps: MailingDeps): Mailings {
  const { accounts, journal, world } = deps;
  const rows = new Map(deps.ledger.mailings().map((row) => [row.account, row]));
  const left = (account: Account, at: Millis): number =>
    rows.size === 0 ? 0 : expectedLeft(rows.get(account), at);
  const inForce = (account: Account, at: Millis): ExpectedMailing | undefined => {
    const row = rows.get(account);
    return row === undefined || row.until <= at ? undefined : row;
  };
  const put = (row: ExpectedMailing, by: string, action: string, detail: string) => {
    rows.set(row.account, row);
    const { account, at } = row;
    return journal.committed([
      { kind: 'mailing', row },
      { kind: 'audit', row: { at, by, action, account, detail: detailed(detail, row.note) } },
    ]);
  };
  return {
    left,
    of: inForce,
    usedBy(message) {
      const { account, at } = message;
      const room = left(account, at);
      if (room === 0) return 0;
      const { people } = accounts.context;
      return expectedOf(
        countRecipients(accounts.profile(account, at), message, people).counts,
        room,
      );
    },
    passed(account, used) {
      const row = rows.get(account);
      if (row === undefined || used === 0) return;
      const counted = countedDown(row, used);
      rows.set(account, counted);
      journal.add({ kind: 'mailing', row: counted });
      world.count('postern_expected_recipients_total', used);
    },
    admin: {
      list() {
        const at = world.clock.now();
        return [...rows.values()]
          .filter(({ until }) => until > at)
          .sort((one, other) => one.until - other.until);
      },
      async expect(text, wanted, by) {
        const at = world.clock.now();
        const refused = outOfBounds(wanted, at);
        if (refused !== undefined) return refused;
        const account = namedAccount(deps, text);
        const { fromNow, note, recipients, until } = wanted;
        const asked = { account, recipients, until, by, note, at };
        const before = inForce(account, at);
        const row = announced(asked, rows.get(account), { fromNow });
        const what = `${recipients} new recipients announced until ${deps.iso(until)}`;
        const count = row.left === recipients ? what : `${what}, ${row.left} of them left`;
        const rest =
          before === undefined
            ? count
            : `${count}; this replaces ${before.recipients} until ${deps.iso(before.until)}`;
        const profile = fromNow ? accounts.known(account) : undefined;
        if (profile !== undefined) {
          countAfresh(profile);
          accounts.changed(account, profile, nothingNew);
        }
        const kept = await put(row, by, 'expect', rest);
        return writtenResult(kept, `${account}: ${rest}${stillStopped(deps, account, at)}`, 1);
      },
      async cancel(text, note, by) {
        const at = world.clock.now();
        const account = namedAccount(deps, text);
        const row = inForce(account, at);
        if (row === undefined) {
          return { ok: false, text: `no mailing of ${account} is announced`, isUnknown: true };
        }
        const detail = `announcement taken back, ${row.left} of ${row.recipients} left`;
        const kept = await put({ ...row, until: at, note, by, at }, by, 'expect', detail);
        return writtenResult(kept, `${account}: ${detail}`, 1);
      },
    },
  };
}

function outOfBounds({ recipients, until }: MailingWanted, at: Millis): MailingResult | undefined {
  if (recipients < 1 || recipients > expectedMax.recipients) {
    return { ok: false, text: `recipients: 1 to ${expectedMax.recipients} can be announced` };
  }
  if (until <= at) return { ok: false, text: 'the end of the announcement is in the past' };
  if (until <= at + untilMaxMs) return undefined;
  return { ok: false, text: `a mailing can be announced for at most ${expectedMax.days} days` };
}

/** What of its mail an announcement does not set free. */
function stillStopped({ accounts, journal }: MailingDeps, account: Account, at: Millis): string {
  const profile = accounts.known(account);
  if (profile?.state === 'suspended') {
    return `; it is still suspended: ${releaseCommands(account).falseAlarm}`;
  }
  const { messages } = journal.live.heldSum(account);
  const release = shellWords('postern', 'held', 'release', '--account', account);
  const held = messages === 0 ? '' : `; mail that is held stays held, to deliver it: ${release}`;
  const { baseline } = accounts.context;
  const evidence = profile === undefined ? 0 : evidenceNow(profile, baseline, at).evidence;
  if (evidence < holdAt) return held;
  return `${held}; its mail is held for what it sent before: --from-now counts from now`;
}
