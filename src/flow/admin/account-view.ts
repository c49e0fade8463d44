/** What an operator sees of one account. */
import { evidenceNow } from '../../core/account/judge.ts';
import { type AccountProfile, today } from '../../core/account/profile.ts';
import type { Account } from '../../core/account-name.ts';
import { shownReason } from '../../core/explain.ts';
import { toldLately } from '../../core/telling/lately.ts';
import type { AccountView } from '../../ports/admin.ts';
import { observes } from '../settings.ts';
import { accountBound } from './account-bound.ts';
import type { AdminDeps } from './admin.ts';

/** One account, as it is now. */
export function accountView(
  deps: AdminDeps,
  account: Account,
  profile: AccountProfile,
): AccountView {
  const now = deps.world.clock.now();
  const why = deps.weakPasswords.why(account);
  const { evidence, reasons } = evidenceNow(profile, deps.accounts.context.baseline, now, why);
  const { messages, recipients } = today(profile, now);
  const until = deps.exemptions.until(account);
  const suspended = profile.state === 'suspended';
  const acts = !suspended && !observes(deps.settings, account);
  const wroteFirst = deps.correspondents?.writersTo(account);
  const incident = suspended
    ? deps.journal.live.incidents({ account, open: true, limit: 1 })[0]
    : undefined;
  return {
    account,
    state: profile.state,
    observed: incident?.observed === true,
    evidence: suspended ? Math.max(evidence, profile.evidence) : evidence,
    reasons: (incident?.reasons ?? reasons).map(shownReason),
    lastSeen: profile.at,
    messagesToday: messages,
    recipientsToday: recipients,
    knownRecipients: Math.max(profile.book.size, profile.bookSize),
    ...(wroteFirst === undefined ? {} : { wroteFirst }),
    exemptUntil: until > now ? until : undefined,
    expected: deps.mailings.of(account, now),
    importedRecipients: deps.imports.count(account),
    weakPassword: why,
    probation: ownKeysText(deps, account, profile),
    held: deps.journal.live.heldSum(account),
    heldMax: deps.accounts.context.policy.heldMax,
    waitsSince: profile.lockedAt > 0 && acts ? profile.lockedAt : undefined,
    hijackedAt: profile.hijackedAt > 0 ? profile.hijackedAt : undefined,
    told: toldLately(profile, now),
    bound: accountBound(profile, {
      at: now,
      policy: deps.accounts.context.policy,
      isExempt: until > now,
      weakPassword: why,
      expected: deps.mailings.of(account, now)?.left ?? 0,
    }),
  };
}

/** Which keys of its own sign for the account. */
export function ownKeysText(deps: AdminDeps, account: Account, profile: AccountProfile): string {
  const { state, firstSeen } = profile;
  const hasWeakPassword = deps.weakPasswords.why(account) !== '';
  return deps.probation.text(account, { state, firstSeen, hasWeakPassword });
}
