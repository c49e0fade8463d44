/**
 * The mail server's side of the milter benchmark, in a process of its own: so many SMTP sessions at
 * once, a few messages in each, one after the other as fast as the milter answers. Told what to do
 * by its parent.
 */

import { assert } from '../src/lib/assert.ts';
import type { MilterAddress, MilterOutcome } from '../src/partners/milter/client.ts';
import { openMilterClient } from '../src/partners/milter/client.ts';
import { quantile } from './figures.ts';
import { clientOf, session } from './load-messages.ts';

export type LoadOrder = {
  readonly where: MilterAddress;
  readonly connections: number;
  readonly forMs: number;
  readonly firstSession: number;
  readonly lettersPerSession: number;
  readonly accounts: number;
  readonly friends: number;
  /** Headers that each message is to get. */
  readonly signatures: number;
};

export type LoadFigures = {
  readonly messages: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Processor time of this process. */
  readonly clientCpuMs: number;
  /** What did not simply pass, with an example. */
  readonly stopped: number;
  readonly example: string;
};

async function load(order: LoadOrder): Promise<LoadFigures> {
  const { accounts, friends, lettersPerSession: testMessages } = order;
  const times: number[] = [];
  const hangups: Promise<void>[] = [];
  let stopped = 0;
  let example = '';
  let next = order.firstSession;
  const cpu = process.cpuUsage();
  const began = performance.now();
  const until = began + order.forMs;
  const line = async (): Promise<void> => {
    while (performance.now() < until) {
      const { account, testMessages: all } = session(next++, { accounts, friends, testMessages });
      const client = await openMilterClient(order.where, { client: clientOf(account) });
      for (const testMessage of all) {
        const start = performance.now();
        const outcome = await client.send(testMessage);
        times.push(performance.now() - start);
        const fault = faultOf(outcome, order.signatures);
        if (fault === '') continue;
        stopped++;
        example = fault;
      }
      // Postfix hangs up and does not wait either.
      hangups.push(client.close());
    }
  };
  await Promise.all(Array.from({ length: order.connections }, line));
  const seconds = (performance.now() - began) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  await Promise.all(hangups);
  return {
    messages: times.length,
    seconds,
    p50Ms: quantile(times, 0.5),
    p99Ms: quantile(times, 0.99),
    clientCpuMs: (user + system) / 1_000,
    stopped,
    example,
  };
}

/** Why it did not end as it should; empty: it did. */
function faultOf(outcome: MilterOutcome, signatures: number): string {
  if (outcome.kind !== 'taken') return outcome.reply;
  if (outcome.held !== undefined) return `held: ${outcome.held}`;
  const inserted = outcome.edits.filter((edit) => edit === 'i').length;
  return inserted === signatures ? '' : `${inserted} headers`;
}

assert(process.send !== undefined, 'milter-load.ts is started by milter.ts');
const answer = process.send.bind(process);
process.on('message', (order: LoadOrder) => {
  void load(order).then(
    (figures) => answer({ figures }),
    (error: unknown) => answer({ error: String(error) }),
  );
});
