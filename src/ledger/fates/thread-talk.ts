/** What the store and its thread say to each other. Types only. */

import type { Millis } from '../../lib/time.ts';
import type { FateAnswer, FateQuery, IncidentMail } from '../../ports/fate.ts';
import type { RoundDone } from './retention.ts';
import type { Keeping, Wrote } from './writer.ts';

export type ThreadData = { readonly folder: string; readonly keeping: Keeping };

export type Asked =
  /** `facts`: JSON, which is faster to hand over than objects. */
  | { readonly kind: 'write'; readonly facts: string; readonly now: Millis }
  | { readonly kind: 'configure'; readonly keeping: Keeping }
  | {
      readonly kind: 'round';
      readonly now: Millis;
      readonly sinceStartMs: number;
      readonly incidents: readonly IncidentMail[];
    }
  | { readonly kind: 'find'; readonly id: number; readonly query: FateQuery }
  | {
      readonly kind: 'forget';
      readonly id: number;
      readonly address: string;
      readonly dryRun: boolean;
    }
  | { readonly kind: 'close' };

export type Told =
  | ({ readonly kind: 'wrote' } & Wrote)
  /** Nothing was written. */
  | { readonly kind: 'not-written'; readonly why: string }
  | ({ readonly kind: 'round' } & RoundDone)
  | { readonly kind: 'found'; readonly id: number; readonly answer: FateAnswer }
  | { readonly kind: 'forgot'; readonly id: number; readonly changed: number }
  | { readonly kind: 'not-answered'; readonly id: number; readonly why: string }
  | { readonly kind: 'closed' };
