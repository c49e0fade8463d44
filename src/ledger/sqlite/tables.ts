/** All tables of a ledger, their statements prepared. */
import { type AccountTable, accountTable } from './tables/accounts.ts';
import { type AuthorTable, authorTable } from './tables/authors/may-write-as.ts';
import { type ChecklistTable, checklistTable } from './tables/checklist/checklist.ts';
import { type DkimKeyTable, dkimKeyTable } from './tables/dkim-keys.ts';
import { type HandoverTable, handoverTable } from './tables/handovers.ts';
import { type HeldTable, heldTable } from './tables/held.ts';
import { type CorrespondentTable, correspondentTable } from './tables/inbound/correspondents.ts';
import { type InboundTable, inboundTable } from './tables/inbound/inbound.ts';
import { type IncidentTable, incidentTable } from './tables/incidents.ts';
import { type LaneTable, laneTable } from './tables/lanes/lanes.ts';
import { type ImportTable, importTable } from './tables/mailings/imports.ts';
import { type MailingTable, mailingTable } from './tables/mailings/mailings.ts';
import { type MessageTable, messageTable } from './tables/messages.ts';
import {
  type AuditTable,
  auditTable,
  type ExemptionTable,
  exemptionTable,
  type MetaTable,
  metaTable,
  type NoticeTable,
  noticeTable,
} from './tables/operators.ts';
import { type RollupTable, rollupTable } from './tables/rollups.ts';
import { type ScriptTable, scriptTable } from './tables/scripts.ts';
import { type SendingDomainTable, sendingDomainTable } from './tables/sending-domains.ts';
import type { Statements } from './tables/statements.ts';
import { type StoryTable, storyTable } from './tables/stories.ts';
import { type WeakPasswordTable, weakPasswordTable } from './tables/weak-passwords.ts';

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
  readonly handovers: HandoverTable;
  readonly weakPasswords: WeakPasswordTable;
  readonly authors: AuthorTable;
  readonly lanes: LaneTable;
  readonly inbound: InboundTable;
  readonly correspondents: CorrespondentTable;
  readonly checklist: ChecklistTable;
  readonly mailings: MailingTable;
  readonly imports: ImportTable;
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
    handovers: handoverTable(make),
    weakPasswords: weakPasswordTable(make),
    authors: authorTable(make),
    lanes: laneTable(make),
    inbound: inboundTable(make),
    correspondents: correspondentTable(make),
    checklist: checklistTable(make),
    mailings: mailingTable(make),
    imports: importTable(make),
  };
}
