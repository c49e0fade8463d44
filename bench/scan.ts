/**
 * What scanning costs those who are not scanned: with SpamAssassin's spamd stopped (SIGSTOP), mail
 * whose stance is `pass` goes on, once it was noticed, as fast as where nobody scans. Two guards
 * take turns on the same messages, one with spamd, one without. And what reuse saves: scans for
 * 1,000 copies of one spam, and for 1,000 newsletters.
 *
 *   node bench/scan.ts [--seconds N] [--rounds N] [--json]
 */
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openMilterClient } from '../src/partners/milter/client.ts';
import { newsletter, spamCopy } from '../test/integration/scan-messages.ts';
import { startSpamd } from '../test/integration/scanner-instances.ts';
import { type Goal, machineLoad, median, shown, table } from './figures.ts';
import { type InRounds, runInRounds } from './in-rounds.ts';
import type { LoadFigures } from './milter-load.ts';
import { ask, type MilterServer, startPostern, stop } from './servers.ts';

const people = { accounts: 1_000, friends: 100 };
const lettersPerSession = 5;
const connections = 8;
const sessionsPerSlice = 100_000;
const warmMs = 3_000;
/** Longer than the deadline, so that the guard has noticed. */
const noticeMs = 5_000;
const copies = 1_000;

export type ScanFigures = {
  readonly plainPerSecond: number;
  readonly stoppedPerSecond: number;
  readonly ratio: number;
  /** The slowest message while it was being noticed that spamd does not answer. */
  readonly noticeP99Ms: number;
  readonly spamScans: number;
  readonly newsletterScans: number;
  readonly newsletterSpam: number;
  readonly load: readonly [before: number, after: number];
  readonly goals: readonly Goal[];
};

export async function benchScan(options: InRounds): Promise<ScanFigures> {
  const before = machineLoad();
  const { say, rounds } = options;
  await using stack = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), 'postern-bench-scan-'));
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  say('scan: starting spamd and two guards');
  const spamd = stack.use(await startSpamd(2));
  const config = join(folder, 'postern.toml');
  writeFileSync(
    config,
    `[scan]\nspamassassin = "${spamd.address}"\ndeadline = "3s"\nconnections = 2\nhold_score = 0\n`,
  );
  const plain = stack.use(await startPostern(people));
  const scanning = stack.use(await startPostern(people, { words: ['--config', config] }));
  say(`scan: ${copies} copies of one spam, and ${copies} newsletters`);
  const observing = stack.use(
    await startPostern(people, { words: ['--config', config, '--mode', 'observe'] }),
  );
  const spamScans = await scansOf(spamd, observing, spamCopy);
  const newsletterScans = await scansOf(spamd, observing, newsletter);
  const newsletterSpam = Math.max(0, spamd.spam() - spamScans);
  const client = fork(join(import.meta.dirname, 'milter-load.ts'), { stdio: 'inherit' });
  stack.defer(() => stop(client));
  let firstSession = 0;
  const measure = (one: MilterServer, forMs: number): Promise<LoadFigures> => {
    firstSession += sessionsPerSlice;
    const order = { ...people, where: one.where, connections, forMs, firstSession };
    return ask(client, { ...order, lettersPerSession, signatures: 0 });
  };
  spamd.signal('SIGSTOP');
  say('scan: spamd is stopped');
  const noticing = await measure(scanning, noticeMs);
  for (const one of [plain, scanning]) await measure(one, warmMs);
  const forMs = (options.seconds * 1_000) / (rounds * 2);
  const pairs: { readonly plain: number; readonly stopped: number }[] = [];
  for (let round = 0; round < rounds; round++) {
    say(`scan: round ${round + 1} of ${rounds}`);
    const one = await measure(plain, forMs);
    const other = await measure(scanning, forMs);
    pairs.push({ plain: one.messages / one.seconds, stopped: other.messages / other.seconds });
  }
  const ratio = median(pairs.map((pair) => pair.stopped / pair.plain));
  return {
    plainPerSecond: median(pairs.map((pair) => pair.plain)),
    stoppedPerSecond: median(pairs.map((pair) => pair.stopped)),
    ratio,
    noticeP99Ms: noticing.p99Ms,
    spamScans,
    newsletterScans,
    newsletterSpam,
    load: [before, machineLoad()],
    goals: [
      { what: 'spamd stopped, by the rate without it', value: ratio, unit: 'times', least: 0.9 },
      { what: `scans of ${copies} copies of one spam`, value: spamScans, unit: '', most: 20 },
      {
        what: `of ${copies} newsletters, taken for spam`,
        value: newsletterSpam,
        unit: '',
        most: 0,
      },
    ],
  };
}

type Spamd = Awaited<ReturnType<typeof startSpamd>>;

/**
 * Sends so many messages, a few at once, each of an account of its own; answers with how many spamd
 * has scanned.
 */
async function scansOf(
  spamd: Spamd,
  guard: MilterServer,
  letterOf: (n: number) => string,
): Promise<number> {
  const before = spamd.scans();
  let next = 0;
  const line = async (): Promise<void> => {
    await using client = await openMilterClient(guard.where, {});
    for (let n = next++; n < copies; n = next++) {
      const testMessage = letterOf(n);
      const blank = testMessage.indexOf('\r\n\r\n');
      await client.send({
        sender: `a${n}@here.example`,
        login: `a${n}@here.example`,
        queueId: `S${n}XYZ`,
        recipients: [`r${n}@elsewhere.example`],
        headers: testMessage
          .slice(0, blank)
          .split('\r\n')
          .map((text) => [text.slice(0, text.indexOf(':')), text.slice(text.indexOf(':') + 2)]),
        body: Buffer.from(testMessage.slice(blank + 4)),
      });
    }
  };
  await Promise.all(Array.from({ length: 4 }, line));
  return spamd.scans() - before;
}

export function scanTable(figures: ScanFigures): string {
  return table([
    ['', 'figure'],
    ['messages/s without scanner', shown(figures.plainPerSecond)],
    ['messages/s, spamd stopped', shown(figures.stoppedPerSecond)],
    ['the one by the other', shown(figures.ratio)],
    ['p99 ms while it is noticed (deadline 3 s)', shown(figures.noticeP99Ms)],
    [`scans of ${copies} copies of a spam`, shown(figures.spamScans)],
    [`scans of ${copies} newsletters`, shown(figures.newsletterScans)],
    ['of them taken for spam', shown(figures.newsletterSpam)],
    ['load before and after', figures.load.map(shown).join(', ')],
  ]);
}

if (import.meta.main) await runInRounds({ seconds: 30, rounds: 7 }, benchScan, scanTable);
