/** The thread of store.ts: writes the day files, removes them, and answers questions from them. */
import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../../lib/assert.ts';
import { faultText } from '../../lib/error-text.ts';
import type { Millis } from '../../lib/time.ts';
import type { FateAnswer, FateQuery, IncidentMail } from '../../ports/fate.ts';
import { findInDays } from './find.ts';
import { forgetInDays } from './forget.ts';
import { Retention, type RoundDone } from './retention.ts';
import { type Fact, FateWriter, type Keeping, type Wrote } from './writer.ts';

export type ThreadData = { readonly folder: string; readonly keeping: Keeping };

export type ThreadAsked =
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

export type ThreadTold =
  | ({ readonly kind: 'wrote' } & Wrote)
  /** Nothing was written. */
  | { readonly kind: 'not-written'; readonly why: string }
  | ({ readonly kind: 'round' } & RoundDone)
  | { readonly kind: 'found'; readonly id: number; readonly answer: FateAnswer }
  | { readonly kind: 'forgot'; readonly id: number; readonly changed: number }
  | { readonly kind: 'not-answered'; readonly id: number; readonly why: string }
  | { readonly kind: 'closed' };

const { folder, keeping: first } = workerData as ThreadData;
assert(parentPort !== null, 'this file runs as a thread');
const port = parentPort;
let keeping = first;
const writer = new FateWriter(folder, keeping);
const retention = new Retention(folder);

const tell = (told: ThreadTold): void => port.postMessage(told);

function answer(asked: ThreadAsked): void {
  switch (asked.kind) {
    case 'write':
      try {
        const facts = JSON.parse(asked.facts) as readonly Fact[];
        tell({ kind: 'wrote', ...writer.write(facts, asked.now) });
      } catch (error) {
        tell({ kind: 'not-written', why: faultText(error) });
      }
      break;
    case 'configure':
      ({ keeping } = asked);
      writer.configure(keeping);
      break;
    case 'round':
      writer.close();
      tell({ kind: 'round', ...retention.run({ ...asked, keeping }) });
      break;
    case 'find':
      question(asked.id, () => {
        tell({ kind: 'found', id: asked.id, answer: findInDays(folder, asked.query) });
      });
      break;
    case 'forget':
      question(asked.id, () => {
        writer.close();
        const changed = forgetInDays(folder, asked.address, asked.dryRun);
        tell({ kind: 'forgot', id: asked.id, changed });
      });
      break;
    case 'close':
      writer.close();
      tell({ kind: 'closed' });
      port.close();
      break;
  }
}

function question(id: number, run: () => void): void {
  try {
    run();
  } catch (error) {
    tell({ kind: 'not-answered', id, why: faultText(error) });
  }
}

port.on('message', answer);
