/** What was decided about a message that comes in, as rows of the ledger and as a header field. */
import type { WroteIn } from '../../../core/correspondents/wrote-in.ts';
import type { InboundFacts } from '../../../core/inbound/greylist/facts.ts';
import type { InboundJudgement } from '../../../core/inbound/greylist/judgement.ts';
import type { Millis } from '../../../lib/time.ts';
import type { InboundRow, InboundState } from '../../../ports/inbound/inbound.ts';
import type { HeaderEdit, MessageStart } from '../../../ports/message.ts';
import type { AboutDeferred } from './known-senders.ts';

/** Recipients of a message that are kept and shown. */
const recipientsMax = 50;
/** Messages that it answers, for the second judgement. */
const answersMax = 20;
/** Characters of a subject that are kept. */
const subjectMax = 500;
const fieldName = 'X-Postern-Inbound';
/** With fewer points, mail that was put off looks honest. */
const honestBelow = 9;

export function inboundRowOf(
  start: MessageStart,
  of: {
    readonly facts: InboundFacts;
    readonly judgement: InboundJudgement;
    readonly state: InboundState;
    readonly bytes: number;
    readonly subject: string;
  },
): InboundRow {
  const { bytes, facts, judgement, state, subject } = of;
  const { client, clientName, helo, sender, recipients, queueId } = start;
  return {
    queueId,
    at: facts.at,
    state,
    due: 0 as Millis,
    changedAt: facts.at,
    by: 'postern',
    client,
    clientName,
    helo: helo.slice(0, 255),
    sender: sender.slice(0, 320),
    recipients: recipients.slice(0, recipientsMax),
    recipientCount: recipients.length,
    subject: subject.slice(0, subjectMax),
    bytes,
    likeness: facts.likeness,
    points: judgement.points,
    reasons: judgement.suspicions.map(({ text }) => text),
    facts: '',
    toldAt: 0 as Millis,
    instance: '',
  };
}

/** `subject`: empty where it is not known yet. */
export function aboutDeferred(
  { client, recipients, sender }: InboundFacts,
  { points, suspicions }: InboundJudgement,
  subject: string,
): AboutDeferred {
  return {
    isHonest: points < honestBelow,
    client,
    sender,
    recipient: recipients[0] ?? '',
    subject,
    points,
    reasons: suspicions.map(({ text }) => text),
  };
}

/** What is kept of a message that waits. Rows of earlier versions have no author. */
type KeptFacts = InboundFacts & { readonly wroteIn?: WroteIn };

/** What the second judgement needs of the first: as much as a row may have. */
export function keptFacts(facts: InboundFacts, wroteIn: WroteIn | undefined): string {
  const recipients = facts.recipients.slice(0, recipientsMax);
  const answers = facts.answers.slice(-answersMax);
  const kept: KeptFacts = {
    ...facts,
    recipients,
    answers,
    ...(wroteIn === undefined ? {} : { wroteIn }),
  };
  return JSON.stringify(kept);
}

export function readFacts(text: string): KeptFacts {
  return JSON.parse(text) as KeptFacts;
}

/** Says in the message what was decided, so that a user can see it too. */
export function markOf({
  action,
  points,
  suspicions,
  would,
}: InboundJudgement): readonly HeaderEdit[] {
  if (would === 'pass' && suspicions.length === 0) return [];
  const names = suspicions.map(({ name, points: each }) => `${name} ${each}`).join(', ');
  const what = would === action ? action : `${action} (would ${would})`;
  const shown = Math.round(points * 10) / 10;
  const value = ` ${what}; points=${shown}${names === '' ? '' : `; ${names}`}`;
  return [insertField(fieldName, value)];
}

export function insertField(name: string, value: string): HeaderEdit {
  return { kind: 'insert', index: 0, name, value };
}
