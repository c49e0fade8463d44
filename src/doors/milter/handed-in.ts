/**
 * Recognises a message that the sendmail door handed to the mail server, by its first field. That
 * field, and every field that looks like it, is removed and shown to no reader. Only mail of this
 * machine is looked at: in mail that came by SMTP a stranger may have written the field.
 */

import type { Submission } from '../../core/event.ts';
import type { ScriptMail, ScriptSubmitter } from '../../core/script-mail.ts';
import {
  isSubmissionField,
  parseSubmissionField,
  type SubmissionField,
  submissionFieldName,
} from '../../core/scripts/submission-field.ts';
import { scriptAccount } from '../../core/scripts/submitter.ts';
import type { Claim, Submissions } from '../../ports/handover.ts';
import type { HeaderEdit, Submitter } from '../../ports/message.ts';
import type { AwaitedOutcome } from './awaited.ts';

export class HandedIn {
  readonly #submissions: Submissions;
  #field: SubmissionField | undefined;
  #script: ScriptSubmitter | undefined;
  #occurrences = 0;
  #begun = false;
  #counts = false;

  constructor(submissions: Submissions) {
    this.#submissions = submissions;
  }

  /** Looks at a field. Answers whether it is one of ours, which no reader may see. */
  takes(
    bytes: Buffer,
    at: { readonly start: number; readonly nameEnd: number; readonly end: number },
  ): boolean {
    const first = !this.#begun;
    this.#begun = true;
    if (!isSubmissionField(bytes.toString('latin1', at.start, at.nameEnd))) return false;
    this.#occurrences++;
    // Only Postern can write above what the user wrote.
    if (first) this.#known(parseSubmissionField(bytes.toString('latin1', at.nameEnd + 1, at.end)));
    return true;
  }

  #known(field: SubmissionField | undefined): void {
    if (field === undefined) return;
    this.#script = this.#submissions.submitterOf(field.token);
    if (this.#script !== undefined) this.#field = field;
  }

  /** The script that handed the message over; undefined if none did. */
  get submitter(): Submitter | undefined {
    if (this.#script === undefined) return undefined;
    return { account: scriptAccount(this.#script), by: 'local' };
  }

  get edits(): readonly HeaderEdit[] {
    return Array.from({ length: this.#occurrences }, (_, nth) => ({
      kind: 'remove',
      name: submissionFieldName,
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
      answer(undefined);
      return;
    }
    this.#submissions.claim(field.token, field.attempt, (claim: Claim) => {
      this.#counts = claim.kind === 'counts';
      if (claim.kind !== 'counts') answer(claim.kind === 'copy' ? 'copy' : undefined);
      else answer({ submitter, sender: claim.sender, recipients, ...claim.written });
    });
  }

  /** The answer was sent. */
  answered(): void {
    if (this.#counts && this.#field !== undefined) this.#submissions.answered(this.#field.token);
  }
}

export function handedInTo(submissions: Submissions | undefined): HandedIn | undefined {
  return submissions === undefined ? undefined : new HandedIn(submissions);
}

/**
 * Judges the submission, with what its script wrote if a script handed it over. A copy of a message
 * that came before is discarded.
 */
export function claimed(
  handedIn: HandedIn | undefined,
  submission: Submission,
  answer: (outcome: AwaitedOutcome) => void,
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
      judge({ ...submission, ...(script === '' ? {} : { script }), handed: mail });
    }
  });
}
