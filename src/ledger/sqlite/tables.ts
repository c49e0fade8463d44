/** All tables of a ledger, their statements prepared. */
import { type AccountTable, accountTable } from './accounts.ts';
import { type DkimKeyTable, dkimKeyTable } from './dkim-keys.ts';
import { type HeldTable, heldTable } from './held.ts';
import { type IncidentTable, incidentTable } from './incidents.ts';
import { type MessageTable, messageTable } from './messages.ts';
import {
  type AuditTable,
  auditTable,
  type ExemptionTable,
  exemptionTable,
  type MetaTable,
  metaTable,
  type NoticeTable,
  noticeTable,
} from './operators.ts';
import { type RollupTable, rollupTable } from './rollups.ts';
import { type ScriptTable, scriptTable } from './scripts.ts';
import { type SendingDomainTable, sendingDomainTable } from './sending-domains.ts';
import type { Statements } from './statements.ts';
import { type StoryTable, storyTable } from './stories.ts';
import { type SubmissionTable, submissionTable } from './submissions.ts';
import { type WeakPasswordTable, weakPasswordTable } from './weak-passwords.ts';

export type Tables = {
  readonly accounts: AccountTable;
  readonly messages: MessageTable;
  readonly stories: StoryTable;
  readonly held: HeldTable;
  readonly incidents: IncidentTable;
  readonly exemptions: ExemptionTable;
  readonly audit: AuditTable;
  readonly notices: NoticeTable;
  readonly meta: MetaTable;
  readonly dkimKeys: DkimKeyTable;
  readonly sendingDomains: SendingDomainTable;
  readonly rollups: RollupTable;
  readonly scripts: ScriptTable;
  readonly submissions: SubmissionTable;
  readonly weakPasswords: WeakPasswordTable;
};

export function tables(make: Statements): Tables {
  return {
    accounts: accountTable(make),
    messages: messageTable(make),
    stories: storyTable(make),
    held: heldTable(make),
    incidents: incidentTable(make),
    exemptions: exemptionTable(make),
    audit: auditTable(make),
    notices: noticeTable(make),
    meta: metaTable(make),
    dkimKeys: dkimKeyTable(make),
    sendingDomains: sendingDomainTable(make),
    rollups: rollupTable(make),
    scripts: scriptTable(make),
    submissions: submissionTable(make),
    weakPasswords: weakPasswordTable(make),
  };
}
