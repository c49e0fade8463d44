/**
 * Probation keys on a real BIND. The flows of the guard run in this process, with their ledger, key
 * files and nsupdate, and a clock that the test moves for what takes hours. A second BIND is the
 * resolver of a receiver: it keeps each record for its TTL. What an account sent before it was
 * suspended is replayed afterwards, while honest mail of everybody goes on.
 *
 * PROBATION_MESSAGES sets how many copies and how many honest messages there are.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parseConfig } from '../../src/config/load.ts';
import type { Account } from '../../src/core/account-name.ts';
import { metrics } from '../../src/core/metrics/metrics.ts';
import { usualCommand } from '../../src/core/own-command.ts';
import { type Flows, openFlows } from '../../src/daemon/flows.ts';
import type { HeaderField } from '../../src/formats/dkim/header-canonical.ts';
import { openVerifier } from '../../src/formats/dkim/verify.ts';
import { answeredLater, type DnsAnswer, type DnsQuestion } from '../../src/formats/dns/question.ts';
import { type DnsRecord, textOfTxt } from '../../src/formats/dns/record.ts';
import { printBindZone } from '../../src/formats/dns/zone-bind.ts';
import { openLedger } from '../../src/ledger/sqlite/open.ts';
import { openCounters } from '../../src/lib/counters.ts';
import { dayMs, hourMs, type Millis, minuteMs } from '../../src/lib/time.ts';
import { openResolver } from '../../src/partners/dns/resolver.ts';
import { openSocketOwners } from '../../src/partners/kernel/socket-owner.ts';
import type { World } from '../../src/ports/world.ts';
import { scriptedStart } from '../doubles/start.ts';
import { messageFolder } from './dkim-verifiers.ts';
import { eventually } from './leash.ts';
import { type NamedInstance, startNamed, updateServer } from './named-instance.ts';

const zone = 'example.test';
const many = Number(process.env['PROBATION_MESSAGES'] ?? 600);
const ttlSeconds = 2;
/** Accounts with a key of their own, besides the one that is suspended. */
const others = 12;
const spare = 20;
/** Messages that other programs verify too. */
const sampleMax = 25;

/**
 * The test moves time by 31 days, and by a minute for each message. It begins so long ago that in
 * the end other programs see no signature from the future, and none that has expired.
 */
const aheadMs = 40 * dayMs;

const root = mkdtempSync(join(tmpdir(), 'postern-probation-'));
after(() => rmSync(root, { recursive: true, force: true }));

const records: readonly DnsRecord[] = [
  {
    type: 'SOA',
    name: zone,
    ttlSeconds: 1,
    primary: `ns1.${zone}`,
    serial: 1,
    mailbox: `admin.${zone}`,
    refresh: 900,
    retry: 300,
    expire: 86_400,
    minimum: 1,
  },
  { type: 'NS', name: zone, ttlSeconds: 300, target: `ns1.${zone}` },
  { type: 'A', name: `ns1.${zone}`, ttlSeconds: 300, address: '127.0.0.1' },
];

type Mail = { readonly id: string; readonly fields: readonly HeaderField[]; readonly body: Buffer };

/** The flows of a guard, and time in the test's hand. */
class Guard implements AsyncDisposable {
  readonly #scope: AsyncDisposableStack;
  readonly #ticks: Set<() => void>;
  readonly #skipped: { ms: number };
  readonly flows: Flows;
  #sent = 0;

  constructor(named: NamedInstance, folder: string, enabled = true) {
    const { config } = parseConfig(configText(named, enabled), 'test');
    const counters = openCounters(metrics);
    const skipped = { ms: -aheadMs };
    const ticks = new Set<() => void>();
    const world: World = {
      clock: { now: () => (Date.now() + skipped.ms) as Millis },
      timers: {
        every(ms, tick) {
          if (ms >= minuteMs) {
            ticks.add(tick);
            return () => ticks.delete(tick);
          }
          const timer = setInterval(tick, ms);
          return () => clearInterval(timer);
        },
        soon: (run) => void setImmediate(run),
      },
      log: () => {},
      count: counters.count,
      newId: () => crypto.randomUUID(),
    };
    const scope = new AsyncDisposableStack();
    const ledger = openLedger(join(folder, 'ledger.db'));
    scope.defer(() => ledger.close());
    const owners = openSocketOwners();
    const parts = {
      state: folder,
      config,
      host: 'mail.test',
      own: usualCommand,
      world,
      counters,
      owners,
      scope,
    };
    this.flows = openFlows(parts, ledger);
    this.#scope = scope;
    this.#ticks = ticks;
    this.#skipped = skipped;
  }

  get now(): number {
    return Date.now() + this.#skipped.ms;
  }

  /** Time passes, and nobody notices yet. */
  wait(ms: number): void {
    this.#skipped.ms += ms;
  }

  /** Time passes; what the guard does every few minutes is done. */
  pass(ms: number): void {
    this.wait(ms);
    for (const tick of [...this.#ticks]) tick();
  }

  keys(state: string): number {
    return this.flows.admin.dkim.list(zone).filter((key) => key.state === state).length;
  }

  /** Steps until the domain has all its spare keys. */
  async untilReady(): Promise<void> {
    const list = () => this.flows.admin.dkim.list(zone);
    await eventually(
      'the spare keys are ready',
      () => {
        const ready = list().filter(({ holder, state }) => holder === '' && state === 'signing');
        if (ready.length === spare) return true;
        this.pass(minuteMs);
        return undefined;
      },
      { detail: () => JSON.stringify(list()), timeoutMs: 300_000 },
    );
  }

  /** Hands a message in as a login, and gives it as it leaves. */
  send(account: string, to: string): Promise<Mail> {
    this.#sent += 1;
    const id = `Q${this.#sent}`;
    const start = scriptedStart({
      by: 'login',
      account: account as Account,
      sender: account,
      queueId: id,
    });
    const own: readonly HeaderField[] = [
      { name: 'From', value: ` <${account}>` },
      { name: 'To', value: ` <${to}>` },
      { name: 'Subject', value: ` message ${id}` },
      { name: 'Date', value: ' Mon, 05 Jan 2026 10:00:00 +0000' },
      { name: 'Message-ID', value: ` <${id}@${zone}>` },
    ];
    const body = Buffer.from(`Hello,\r\nthis is ${id}.\r\n`);
    const passing = this.flows.path.open(start, start);
    for (const { name, value } of own) passing.header(name, value);
    passing.body(body, 0, body.length);
    const message = {
      kind: 'send',
      id,
      at: this.now as Millis,
      account: account as Account,
      outside: [to],
      local: [],
      sender: account,
      headerFrom: account,
    } as const;
    return new Promise((resolve) => {
      passing.judge(
        message,
        'login',
        () => {
          passing.finish('login', (edits) => {
            const added = edits.flatMap((edit) =>
              edit.kind === 'insert' ? [{ name: edit.name, value: edit.value }] : [],
            );
            resolve({ id, fields: [...added, ...own], body });
          });
        },
        (run) => run(),
      );
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#scope.disposeAsync();
  }
}

function configText(named: NamedInstance, enabled: boolean): string {
  return `mode = "guard"
[dns]
servers = ["${updateServer(named)}"]
authority_port = ${named.server.port}
[[dns.updates]]
zones = ["${zone}"]
server = "${updateServer(named)}"
key_file = "${named.keyFile}"
[signing.probation]
enabled = ${enabled}
new_for = "30d"
ttl = "${ttlSeconds}s"
spare = ${spare}
`;
}

type Ask = (question: DnsQuestion) => Promise<DnsAnswer>;

async function resultOf({ fields, body }: Mail, ask: Ask, now: number): Promise<string> {
  const verifier = openVerifier();
  for (const { name, value } of fields) verifier.header(name, value);
  verifier.body(body, 0, body.length);
  const results = await answeredLater(verifier.finish(now), ask);
  return results.map(({ result }) => result).join();
}

const selectorOf = ({ fields }: Mail): string =>
  /\ss=([^;]+);/.exec(fields.find(({ name }) => name === 'DKIM-Signature')?.value ?? '')?.[1] ?? '';

const expiryOf = ({ fields }: Mail): number => {
  const value = fields.find(({ name }) => name === 'DKIM-Signature')?.value ?? '';
  const [signed, expires] = [/\st=(\d+);/, /\sx=(\d+);/].map((tag) => Number(tag.exec(value)?.[1]));
  return (expires ?? 0) - (signed ?? 0);
};

/** The messages as other programs verify them, with the records as this server gives them now. */
async function verifiedByOthers(mails: readonly Mail[], named: NamedInstance) {
  await using folder = await messageFolder();
  const keys: Record<string, string> = {};
  for (const mail of mails) {
    const text = mail.fields.map(({ name, value }) => `${name}:${value}\r\n`).join('');
    const wire = text.replaceAll(/(?<!\r)\n/g, '\r\n');
    await folder.put(mail.id, Buffer.concat([Buffer.from(`${wire}\r\n`, 'latin1'), mail.body]));
    const name = `${selectorOf(mail)}._domainkey.${zone}`;
    const [record] = await named.dig(name, 'TXT');
    if (record?.type === 'TXT') keys[name] = textOfTxt(record);
  }
  const results: string[] = [];
  for (const program of ['dkimpy', 'Mail::DKIM'] as const) {
    for (const found of (await folder.verify(program, keys)).values()) {
      results.push(...found.map(({ result }) => result));
    }
  }
  return results;
}

test('replayed copies stop verifying, honest mail does not', { timeout: 900_000 }, async (t) => {
  await using named = await startNamed({ zones: { [zone]: printBindZone(records) } });
  await using cache = await startNamed({ zones: {}, forwards: { [zone]: named.server } });
  const ask: Ask = async (question) => {
    // Each question goes to the receiver's resolver, whose cache is what is tested.
    using resolver = openResolver({
      servers: [cache.server],
      trusted: false,
      clock: { now: () => Date.now() as Millis },
    });
    return await resolver(question);
  };
  const folder = mkdtempSync(join(root, 'guard-'));
  await using guard = new Guard(named, folder);
  const { dkim } = guard.flows.admin;
  await dkim.make({ domain: zone, algorithms: ['rsa-sha256'], selector: 'r1', bits: 2048 }, 'test');
  await guard.untilReady();
  const known = Array.from({ length: 10 }, (_, nth) => `known${nth}@${zone}`);
  for (const account of known) await guard.send(account, 'friend@elsewhere.test');
  guard.pass(31 * dayMs);
  await guard.untilReady();
  // The first people come while the account that will be suspended is new too.
  const bad = `bad@${zone}`;
  const spam = await guard.send(bad, 'bait@elsewhere.test');
  const good = Array.from({ length: others }, (_, nth) => `good${nth}@${zone}`);
  const before: Mail[] = [];
  for (const account of good) before.push(await guard.send(account, 'friend@elsewhere.test'));
  assert.equal(new Set([spam, ...before].map(selectorOf)).size, 1 + others, 'a key for each');
  assert.ok(
    [spam, ...before].every((mail) => expiryOf(mail) === 10 * 24 * 3_600),
    'x= is t= + 10 d',
  );
  const { admin } = guard.flows;
  const said = new RegExp(`^on probation, as the account is new: .*${selectorOf(spam)}`);
  assert.match(admin.account(bad)?.account.probation ?? '', said);
  assert.match(admin.explain(spam.id)?.probation ?? '', said);
  assert.equal(admin.account(known[0] ?? '')?.account.probation, '');
  assert.equal(await resultOf(spam, ask, guard.now), 'pass');
  assert.ok((await verifiedByOthers([spam, ...before], named)).every((one) => one === 'pass'));

  assert.equal(await resultOf(spam, ask, guard.now), 'pass', 'in the cache of the resolver');
  const suspended = await guard.flows.admin.suspend(bad, 'op', 'replays');
  assert.ok(suspended.ok);
  await eventually('the primary shows that it is revoked', async () => {
    const [record] = await named.dig(`${selectorOf(spam)}._domainkey.${zone}`, 'TXT');
    return record?.type === 'TXT' && /p=$/.test(textOfTxt(record)) ? true : undefined;
  });
  // The receiver's resolver may believe the old record for its TTL, and no longer.
  const revokedAt = Date.now();
  await eventually('the record is over', async () =>
    (await resultOf(spam, ask, guard.now)) === 'pass' ? undefined : true,
  );
  t.diagnostic(`${Date.now() - revokedAt} ms after the revocation no copy verifies`);

  const asked = new Map<string, Promise<DnsAnswer>>();
  /** Receivers ask anew for each copy; here, for each hundred messages, as 20,000 are many. */
  const batched: Ask = (question) => {
    const answer = asked.get(question.name) ?? ask(question);
    asked.set(question.name, answer);
    return answer;
  };
  const tally = { replayed: 0, failed: 0, ofDomain: 0 };
  const sample: Mail[] = [];
  for (let nth = 0; nth < many; nth++) {
    if (nth % 100 === 0) asked.clear();
    guard.wait(minuteMs);
    const account = (nth % 4 === 0 ? known[(nth / 4) % known.length] : good[nth % others]) ?? '';
    const honest = await guard.send(account, `friend${nth % 3}@elsewhere.test`);
    if (selectorOf(honest) === 'r1') tally.ofDomain += 1;
    if ((await resultOf(honest, batched, guard.now)) !== 'pass') tally.failed += 1;
    if ((await resultOf(spam, batched, guard.now)) === 'pass') tally.replayed += 1;
    if (sample.length < sampleMax && nth % Math.ceil(many / sampleMax) === 0) sample.push(honest);
  }
  t.diagnostic(
    `${many} replayed copies: ${tally.replayed} verify; ${many} honest: ${tally.failed} fail`,
  );
  assert.deepEqual([tally.replayed, tally.failed], [0, 0]);
  // Known accounts sign with it, unless they are watched by then.
  assert.ok(tally.ofDomain > many / 20, `${tally.ofDomain} with the key of the domain`);
  assert.ok((await verifiedByOthers([...before, ...sample], named)).every((one) => one === 'pass'));
  const replays = await verifiedByOthers([spam], named);
  assert.equal(replays.length, 2);
  assert.ok(!replays.includes('pass'), replays.join());
});

test('a false alarm: what was sent before verifies again', { timeout: 300_000 }, async () => {
  await using named = await startNamed({ zones: { [zone]: printBindZone(records) } });
  const ask: Ask = async (question) => {
    using resolver = openResolver({
      servers: [named.server],
      trusted: false,
      clock: { now: () => Date.now() as Millis },
    });
    return await resolver(question);
  };
  const folder = mkdtempSync(join(root, 'guard-'));
  const joe = `joe@${zone}`;
  let mail: Mail;
  {
    await using guard = new Guard(named, folder);
    const wanted = {
      domain: zone,
      algorithms: ['rsa-sha256'],
      selector: 'r1',
      bits: 2048,
    } as const;
    await guard.flows.admin.dkim.make(wanted, 'test');
    await guard.untilReady();
    mail = await guard.send(joe, 'friend@elsewhere.test');
    assert.ok((await guard.flows.admin.suspend(joe, 'op', 'odd')).ok);
    const held = await guard.send(joe, 'friend@elsewhere.test');
    assert.notEqual(selectorOf(held), '');
    assert.ok(Number.isNaN(expiryOf(held)), 'held mail may wait for weeks: no x=');
    await eventually('it is revoked', async () =>
      (await resultOf(mail, ask, guard.now)) === 'pass' ? undefined : true,
    );
    const how = { by: 'op', note: '', falseAlarm: true, keepHeld: false };
    assert.ok((await guard.flows.admin.release(joe, how)).ok);
    await eventually('it verifies again', async () =>
      (await resultOf(mail, ask, guard.now)) === 'pass' ? true : undefined,
    );
  }
  // Turned off: the keys retire, and mail on its way still verifies.
  await using guard = new Guard(named, folder, false);
  let hours = 0;
  await eventually('no key of an account signs', async () => {
    guard.pass(hours++ < 72 ? hourMs : 0);
    return guard.keys('signing') === 1 ? true : undefined;
  });
  assert.equal(await resultOf(mail, ask, guard.now), 'pass');
  assert.equal(selectorOf(await guard.send(joe, 'friend@elsewhere.test')), 'r1');
});
