/**
 * The process of killed.test.ts and full-disk.test.ts: tells a store messages without a pause, and
 * says on stdout how many are settled. `node writing-child.ts FOLDER FIRST`: numbers begin at
 * FIRST.
 */
import type { Millis } from '../../../src/lib/time.ts';
import { attempt, judged, logged, noon, openRig } from './rig.ts';

const [folder = '', first = '1'] = process.argv.slice(2);
const rig = openRig(folder, { now: () => noon });
let told = Number(first);
let troubles = 0;

function say(what: string, value: number | string): void {
  process.stdout.write(`${JSON.stringify({ what, value })}\n`);
}

function turn(): void {
  const isFine = rig.troubles.at(-1) === undefined;
  for (let more = isFine ? 50 : 5; more > 0; more--) {
    const queueId = `4n${told}`;
    const messageId = `n${told}@example.org`;
    const at = (noon + told) as Millis;
    const recipients = [`r${told}@example.net`, `s${told}@example.net`];
    rig.store.judged(judged({ queueId, messageId, at, recipients }));
    rig.store.logged(logged({ queueId, messageId, at }));
    for (const recipient of recipients) {
      rig.store.attempted(
        attempt({ queueId, recipient, at: (at + 900) as Millis, delaySeconds: 1 }),
      );
    }
    told++;
  }
  const upTo = told - 1;
  rig.store.settled(() => say('settled', upTo));
  if (rig.troubles.length > troubles) {
    const last = rig.troubles.at(-1);
    troubles = rig.troubles.length;
    if (last !== undefined) say('trouble', last);
    else say('fine', upTo);
  }
  // What waits for a full disk has a limit; this stays below it.
  setTimeout(turn, isFine ? 5 : 50);
}
turn();
