/** The thread of store.ts: writes the day files, removes them, and answers questions from them. */
import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../../lib/assert.ts';
import { faultText } from '../../lib/error-text.ts';
import { findInDays } from './find.ts';
import { forgetInDays } from './forget.ts';
import { Retention } from './retention.ts';
import type { Asked, ThreadData, Told } from './thread-talk.ts';
import { type Fact, FateWriter } from './writer.ts';

const { folder, keeping: first } = workerData as ThreadData;
assert(parentPort !== null, 'this file runs as a thread');
const port = parentPort;
let keeping = first;
const writer = new FateWriter(folder, keeping);
const retention = new Retention(folder);

const tell = (told: Told): void => port.postMessage(told);

function answer(asked: Asked): void {
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
