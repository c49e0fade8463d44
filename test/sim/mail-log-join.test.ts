/**
 * A large log, made from what real mail servers wrote (test/fixtures/logs): deliveries are tied to
 * the account that sent the message. `MESSAGES` says how many; `make test-long` takes a million.
 */
import assert from 'node:assert/strict';
import { createReadStream, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { test } from 'node:test';
import { openJoin } from '../../src/core/fate/join.ts';
import { openLogLines } from '../../src/core/logs/log-lines.ts';
import { openLineCutter } from '../../src/lib/line-cutter.ts';
import type { Millis } from '../../src/lib/time.ts';
import { memoryInUse } from '../memory-in-use.ts';
import { accountOfRecipient, type LogStory, makeMailLogs } from './mail-log.ts';

const messages = Number(process.env['MESSAGES'] ?? 20_000);
/** The long stage names the number, and runs this file in a process of its own. */
const isAlone = process.env['MESSAGES'] !== undefined;
const start = Date.UTC(2026, 10, 1);
const fixtures = joinPath(import.meta.dirname, '../fixtures/logs');
const stories = ['postfix', 'exim', 'opensmtpd'].flatMap(
  (name) => JSON.parse(readFileSync(joinPath(fixtures, `${name}.json`), 'utf8')) as LogStory[],
);

type Tied = { readonly attempts: number; readonly accounts: readonly string[] };

/** How many attempts the story has, and with which accounts. */
async function tied(chunks: AsyncIterable<Buffer> | Iterable<Buffer>): Promise<Tied> {
  const accounts: string[] = [];
  const join = openJoin({
    message: () => undefined,
    attempt(mail, attempt) {
      if (attempt().outcome !== 'handed-on') accounts.push(mail.account ?? 'nobody');
    },
    merged: () => undefined,
  });
  const lines = openLogLines({ defaultDomain: '', writtenAt: start as Millis });
  const cutter = openLineCutter(() => undefined);
  for await (const chunk of chunks) {
    for (const line of cutter.take(chunk)) for (const fact of lines.take(line)) join.seen(fact);
  }
  for (const fact of lines.end()) join.seen(fact);
  join.end();
  return { attempts: accounts.length, accounts: [...new Set(accounts)] };
}

for (const { account = 'nobody', lines, name, program, to } of stories) {
  if (to.length === 0) continue;
  test(`${program}: ${name}`, async () => {
    const { accounts, attempts } = await tied([Buffer.from(`${lines.join('\n')}\n`)]);
    assert.deepEqual(accounts, [account]);
    assert.ok(attempts >= to.length);
  });
}

test(`${messages} messages: deliveries tied to their accounts, in bounded memory`, async (t) => {
  const dir = mkdtempSync(joinPath(tmpdir(), 'pml-'));
  try {
    const made = makeMailLogs(dir, {
      stories: stories.filter(({ to }) => to.length > 0),
      messages,
      seed: 4_711,
      accounts: 2_000,
      start,
      linesPerFile: Math.max(20_000, messages),
    });
    const told = new WeakSet<object>();
    const inUseBefore = memoryInUse();
    let inUseMax = 0;
    let right = 0;
    let inFlightMax = 0;
    const join = openJoin({
      message: () => undefined,
      attempt(mail, attempt, delivery) {
        const { outcome, recipient } = attempt();
        if (delivery === undefined) return;
        const isRight = accountOfRecipient(recipient) === mail.account;
        if (!isRight) return;
        if (outcome !== 'handed-on') right++;
        // It was told before as one that is out, and went to a filter.
        else if (told.has(delivery)) right--;
        told.add(delivery);
      },
      merged: () => undefined,
    });
    const lines = openLogLines({ defaultDomain: '', writtenAt: start as Millis });
    for (const file of made.files) {
      const cutter = openLineCutter(() => undefined);
      for await (const chunk of createReadStream(file)) {
        for (const line of cutter.take(chunk as Buffer)) {
          for (const fact of lines.take(line)) join.seen(fact);
        }
        inFlightMax = Math.max(inFlightMax, join.inFlight());
      }
      for (const fact of lines.end()) join.seen(fact);
      inUseMax = Math.max(inUseMax, memoryInUse() - inUseBefore);
    }
    join.end();
    const counts = lines.counts();
    const inUseMb = inUseMax / 1e6;
    const peakMb = process.resourceUsage().maxRSS / 1_024;
    t.diagnostic(
      `${made.lines} lines, ${counts.strange} not understood, ${made.deliveries} deliveries, ` +
        `${made.deliveries - right} wrong, ${inFlightMax} messages in flight at most, ` +
        `${Math.round(inUseMb)} MB in use for them, peak of the process ${Math.round(peakMb)} MB`,
    );
    assert.equal(counts.lines, made.lines);
    assert.ok(right >= 0.995 * made.deliveries, `${right} of ${made.deliveries}`);
    assert.equal(join.counts.evicted, 0);
    // In flight are those that are late by up to five hours, and no more with a larger log.
    assert.ok(inFlightMax < 60_000, `${inFlightMax} in flight`);
    assert.ok(inUseMb < 300, `${inUseMb} MB in use`);
    // With the making of the log, where the process is of this test alone.
    if (isAlone) assert.ok(peakMb < 1_200, `${peakMb} MB`);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
