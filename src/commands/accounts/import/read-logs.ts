/** Reads old mail logs: the recipients of each login. */
import { noCeilings } from '../../../core/account/policy.ts';
import type { Account } from '../../../core/account-name.ts';
import { usualHeldMax } from '../../../core/verdict.ts';
import { type LoggedContacts, openLoggedContacts } from '../../../flow/imports/logged-contacts.ts';
import { replayLogs } from '../../replay/log.ts';
import { mustBeUnderstood, type ReadReport } from '../../replay/read-report.ts';

export type ReadLogs = ReturnType<LoggedContacts['result']> & { readonly report: ReadReport };

/** Ends with `replay-nothing` (65) if no line was understood. */
export async function readLogs(
  files: readonly string[],
  how: {
    readonly defaultDomain: string;
    readonly only: Account | undefined;
    readonly unusual: boolean;
  },
): Promise<ReadLogs> {
  const { defaultDomain, only, unusual } = how;
  const policy = { ...noCeilings, heldMax: usualHeldMax };
  const logged = openLoggedContacts({ policy, only, unusual });
  const { replay } = logged;
  const report = await replayLogs({ files, defaultDomain, replay, verdict: () => undefined });
  mustBeUnderstood(report);
  return { ...logged.result(), report };
}
