/**
 * Recognises a message that the sendmail door handed to the mail server, by a field with a token
 * that nobody can guess. Other milters may have put fields above it. That field, and every field
 * that looks like it, is removed and shown to no reader. Only mail of this machine is looked at: in
 * mail that came by SMTP a stranger may have written the field.
 */

import type { Submission, Traits } from '../../core/event.ts';
import type { ScriptMail, ScriptSubmitter } from '../../core/script-mail.ts';
import {
  type HandoverField,
  handoverFieldName,
  isHandoverField,
  parseHandoverField,
} from '../../core/scripts/handover-field.ts';
import { scriptAccount } from '../../core/scripts/submitter.ts';
import type { HandoverLookup, HandoverMatch } from '../../ports/handover.ts';
import type { DoorOutcome, HeaderEdit, Submitter } from '../../ports/message.ts';

export class HandedIn {
  readonly #handovers: HandoverLookup;
  #field: HandoverField | undefined;
  #script: ScriptSubmitter | undefined;
  #occurrences = 0;
  #counts = false;

  constructor(handovers: HandoverLookup) {
    this.#handovers = handovers;
  }

  /** Looks at a field. Answers whether it is one of ours, which no reader may see. */
  takes(
    bytes: Buffer,
    at: { readonly start: number; readonly nameEnd: number; readonly end: number },
  ): boolean {
    if (!isHandoverField(bytes.toString('latin1', at.start, at.nameEnd))) return false;
    this.#occurrences++;
    // Postern wrote its field above all that the user wrote: of two known tokens the first counts.
    if (this.#field === undefined) {
      this.#known(parseHandoverField(bytes.toString('latin1', at.nameEnd + 1, at.end)));
    }
    return true;
  }

  #known(field: HandoverField | undefined): void {
    if (field === undefined) return;
    this.#script = this.#handovers.submitterOf(field.token);
    if (this.#script !== undefined) this.#field = field;
  }

  /** Whether Postern's field was seen. */
  get isFound(): boolean {
    return this.#field !== undefined;
  }

  /** How many of the fields that look like ours Postern did not write. */
  get forged(): number {
    return this.#occurrences - (this.#field === undefined ? 0 : 1);
  }

  /** The script that handed the message over; undefined if none did. */
  get submitter(): Submitter | undefined {
    if (this.#script === undefined) return undefined;
    return { account: scriptAccount(this.#script), by: 'local' };
  }

  get edits(): readonly HeaderEdit[] {
    return Array.from({ length: this.#occurrences }, (_, nth) => ({
      kind: 'remove',
      name: handoverFieldName,
      occurrence: nth + 1,
    }));
  }

  /**
   * Asks at the end of the message whether it counts, and what its script wrote. `copy`: it came
   * before. Undefined: no script handed it over.
   */
  claim(
    recipients: readonly string[],
    answer: (claimed: ScriptMail | 'copy' | undefined) => void,
  ): void {
    const [field, submitter] = [this.#field, this.#script];
    if (field === undefined || submitter === undefined) {
      this.#handovers.unmarked();
      answer(undefined);
      return;
    }
    this.#handovers.recognise(field.token, field.attempt, (match: HandoverMatch) => {
      this.#counts = match.kind === 'counts';
      if (match.kind !== 'counts') answer(match.kind === 'copy' ? 'copy' : undefined);
      else answer({ submitter, sender: match.sender, recipients, ...match.written });
    });
  }

  /** The answer was sent. */
  answered(): void {
    if (this.#counts && this.#field !== undefined) this.#handovers.answered(this.#field.token);
  }
}

export function handedInTo(handovers: HandoverLookup | undefined): HandedIn | undefined {
  return handovers === undefined ? undefined : new HandedIn(handovers);
}

/**
 * Judges the submission, with what its script wrote if a script handed it over. A copy of a message
 * that came before is discarded.
 */
export function claimed(
  handedIn: HandedIn | undefined,
  submission: Submission,
  answer: (outcome: DoorOutcome) => void,
  judge: (submission: Submission) => void,
): void {
  if (handedIn === undefined) {
    judge(submission);
    return;
  }
  handedIn.claim([...submission.outside, ...submission.local], (mail) => {
    if (mail === 'copy') answer({ kind: 'discard' });
    else if (mail === undefined) judge(submission);
    else {
      const { script } = mail.submitter;
      const traits = writtenTraits(submission.traits, mail);
      judge({
        ...submission,
        ...(script === '' ? {} : { script }),
        ...(traits === undefined ? {} : { traits }),
        handed: mail,
      });
    }
  });
}

/** Traits of what the script wrote. Where it wrote no Date or Message-ID, the mail server did. */
function writtenTraits(traits: Traits | undefined, { header }: ScriptMail): Traits | undefined {
  if (traits === undefined) return undefined;
  const wrote = (field: string): boolean =>
    header.some(({ name }) => name.length === field.length && name.toLowerCase() === field);
  const [hasDate, hasId] = [wrote('date'), wrote('message-id')];
  if (hasDate && hasId) return traits;
  return {
    ...traits,
    zone: hasDate ? (traits.zone ?? '') : '',
    messageIdForm: hasId ? (traits.messageIdForm ?? '') : '',
  };
}
