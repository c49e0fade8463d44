/**
 * A message that the sendmail door handed to the mail server, met again: its first field says
 * which. That field, and every one that looks like it, is taken out and shown to nobody. Only in
 * mail of this machine: what came by SMTP is a stranger's.
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

  /** Looks at a field. Answers whether it is one of ours, and to be shown to nobody. */
  takes(
    bytes: Buffer,
    at: { readonly start: number; readonly nameEnd: number; readonly end: number },
  ): boolean {
    const first = !this.#begun;
    this.#begun = true;
    if (!isSubmissionField(bytes.toString('latin1', at.start, at.nameEnd))) return false;
    this.#occurrences++;
    // Only Postern writes above what its user wrote.
    if (first) this.#known(parseSubmissionField(bytes.toString('latin1', at.nameEnd + 1, at.end)));
    return true;
  }

  #known(field: SubmissionField | undefined): void {
    if (field === undefined) return;
    this.#script = this.#submissions.submitterOf(field.token);
    if (this.#script !== undefined) this.#field = field;
  }

  /** Who handed it in; undefined: nobody did. */
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
   * At the message's end: whether it counts, and what its script wrote. Undefined: nobody handed it
   * in.
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
 * The submission with what its script wrote, where one handed it in; a copy of one that came
 * already vanishes.
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
