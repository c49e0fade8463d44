/** The brake on the gate, for operators. */
import type { BrakeView } from '../../core/brake/view.ts';

/** As of AdminResult. */
type Outcome =
  | { readonly ok: true; readonly text: string; readonly count: number }
  | {
      readonly ok: false;
      readonly text: string;
      readonly hint?: string;
      readonly isUnknown?: true;
    };

export type BrakeAdmin = {
  view(): BrakeView;
  /** `right`: the stops are right; accounts are suspended again, and for a day it stays off. */
  set(
    to: { readonly on: true } | { readonly on: false; readonly right: boolean },
    by: string,
    note: string,
  ): Promise<Outcome>;
  /** Releases held mail whose only evidence is what the stops of the last time have in common. */
  release(how: { readonly by: string; readonly dryRun: boolean }): Promise<Outcome>;
};
