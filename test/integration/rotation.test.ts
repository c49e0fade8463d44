/**
 * Keys that follow one another, played through for weeks of simulated time against real name
 * servers: BIND, changed by nsupdate with TSIG, and a second one that lags behind. At each step
 * mail is signed with what signs then and kept in a queue for as long as Postfix would, and all
 * that waits must verify with the keys as each server gives them. Between any two steps the guard's
 * part is closed and opened again from the disk.
 */

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { RotationPolicy } from '../../src/core/signing/rotation.ts';
import { openJournal } from '../../src/flow/journal/journal.ts';
import { openSigningKeys, type SigningKeys } from '../../src/flow/signing/signing-keys.ts';
import type { HeaderField } from '../../src/formats/dkim/header-canonical.ts';
import { openSigner } from '../../src/formats/dkim/sign.ts';
import { openVerifier } from '../../src/formats/dkim/verify.ts';
import { answeredLater, type DnsAnswer, type DnsQuestion } from '../../src/formats/dns/question.ts';
import type { DnsRecord } from '../../src/formats/dns/record.ts';
import { printBindZone } from '../../src/formats/dns/zone-bind.ts';
import { openLedger } from '../../src/ledger/sqlite/open.ts';
import { dayMs, hourMs, type Millis } from '../../src/lib/time.ts';
import { openAuthorities } from '../../src/partners/dns/authority.ts';
import { openNsupdate } from '../../src/partners/dns/nsupdate.ts';
import { openResolver } from '../../src/partners/dns/resolver.ts';
import { openKeyFiles } from '../../src/partners/keys/key-files.ts';
import { openKeyZone } from '../../src/partners/keys/key-zone.ts';
import type { KeyZone } from '../../src/ports/keys.ts';
import { quietWorld } from '../doubles/world.ts';
import { startNamed, updateServer } from './named-instance.ts';
import { openRelay } from './relay.ts';

const root = mkdtempSync(join(tmpdir(), 'postern-rotation-'));
after(() => rmSync(root, { recursive: true, force: true }));

const zone = 'example.test';
const policy = {
  everyMs: 14 * dayMs,
  settleMs: hourMs,
  withdrawAfterMs: 6 * dayMs,
  removeAfterMs: 8 * dayMs,
};
/** Postfix's maximal_queue_lifetime. */
const queueMs = 5 * dayMs;
const stepMs = 4 * hourMs;
/** The second server has what the first has only every so many steps. */
const lagSteps = 5;
const body = Buffer.from('Hello,\r\nthis waits in a queue.\r\n');
const headers: readonly HeaderField[] = [
  { name: 'From', value: ` Joe <joe@${zone}>` },
  { name: 'Subject', value: ' a message' },
];

const records: readonly DnsRecord[] = [
  {
    type: 'SOA',
    name: zone,
    ttlSeconds: 300,
    primary: `ns1.${zone}`,
    serial: 1,
    mailbox: `admin.${zone}`,
    refresh: 900,
    retry: 300,
    expire: 86_400,
    minimum: 300,
  },
  { type: 'NS', name: zone, ttlSeconds: 300, target: `ns1.${zone}` },
  { type: 'NS', name: zone, ttlSeconds: 300, target: `ns2.${zone}` },
  { type: 'A', name: `ns1.${zone}`, ttlSeconds: 300, address: '127.0.0.1' },
  { type: 'A', name: `ns2.${zone}`, ttlSeconds: 300, address: '127.0.0.2' },
];

type Message = { readonly fields: readonly HeaderField[]; readonly untilMs: number };
type Played = {
  readonly messages: number;
  readonly looks: number;
  /** What did not verify, and when. */
  readonly faults: readonly string[];
  readonly states: ReadonlySet<string>;
  readonly selectors: number;
  /** Steps after the first signature without one. */
  readonly gaps: number;
  readonly files: number;
};

async function play(
  weeks: number,
  change: { readonly policy?: Partial<RotationPolicy>; readonly zone?: (real: KeyZone) => KeyZone },
): Promise<Played> {
  await using first = await startNamed({ zones: { [zone]: printBindZone(records) } });
  await using second = await startNamed({ zones: { [zone]: printBindZone(records) } });
  const { port } = first.server;
  await using _relay = await openRelay({ address: '127.0.0.2', port }, second.server);
  const folder = mkdtempSync(join(root, 'run-'));
  let now = Date.UTC(2026, 0, 5, 10) as Millis;
  const clock = { now: () => now };
  const trusted = false;
  using resolve = openResolver({ servers: [first.server], trusted, clock });
  using other = openResolver({ servers: [second.server], trusted, clock });
  const authorities = openAuthorities({ resolve, port });
  const update = openNsupdate({ server: updateServer(first), keyFile: first.keyFile });
  const late = openNsupdate({ server: updateServer(second), keyFile: second.keyFile });
  const real = openKeyZone({ resolve, authorities, updates: [{ zone, update }], ttlSeconds: 300 });
  const keyZone = change.zone?.(real) ?? real;
  const names = new Set<string>();
  const transfer = async (): Promise<void> => {
    for (const name of names) {
      const [here, there] = [await first.dig(name, 'TXT'), await second.dig(name, 'TXT')];
      if (here.length + there.length === 0 || JSON.stringify(here) === JSON.stringify(there))
        continue;
      const done = await late({ zone, remove: there, add: here });
      assert.ok(done.ok, done.ok ? '' : done.error);
    }
  };
  let queue: readonly Message[] = [];
  let [messages, looks, gaps] = [0, 0, 0];
  const faults: string[] = [];
  const states = new Set<string>();
  const steps = (weeks * 7 * dayMs) / stepMs;
  for (let step = 0; step < steps; step++) {
    await opened(folder, clock, keyZone, { ...policy, ...change.policy }, async (keys) => {
      if (step === 0) await keys.admin.make(wanted, 'test');
      await keys.stepNow();
      for (const { record, state } of keys.admin.list()) {
        names.add(record.name);
        states.add(state);
      }
      const signing = keys.of(zone);
      if (signing.length === 0 && messages > 0) gaps += 1;
      if (signing.length > 0) {
        queue = [...queue, { fields: await signed(signing, now), untilMs: now + queueMs }];
        messages += 1;
      }
    });
    if (step % lagSteps === lagSteps - 1) await transfer();
    for (const answer of [resolve, other]) {
      const keys = onceEach(answer);
      for (const message of queue) {
        looks += 1;
        const wrong = await verified(message, keys, now);
        if (wrong !== '') faults.push(`${new Date(now).toISOString()} ${wrong}`);
      }
    }
    now = (now + stepMs) as Millis;
    queue = queue.filter(({ untilMs }) => untilMs > now);
  }
  const files = readdirSync(join(folder, 'keys', zone)).length;
  return { messages, looks, faults, states, selectors: names.size, gaps, files };
}

const wanted = {
  domain: zone,
  algorithms: ['rsa-sha256', 'ed25519-sha256'],
  selector: undefined,
  bits: 2048,
} as const;

/** All that a restart has: the ledger's file and the folder of keys. */
async function opened(
  folder: string,
  clock: { now(): Millis },
  keyZone: KeyZone,
  how: Omit<RotationPolicy, 'heldSince'>,
  use: (keys: SigningKeys) => Promise<void>,
): Promise<void> {
  const ledger = openLedger(join(folder, 'ledger.db'));
  const timers = { every: () => () => {}, soon: (run: () => void) => void setImmediate(run) };
  const world = quietWorld({
    clock,
    timers,
    log: (level, event, fields) => {
      if (level !== 'info' && level !== 'debug') assert.fail(`${event} ${JSON.stringify(fields)}`);
    },
  });
  const journal = openJournal({ ledger, world, onState: () => {} });
  const files = openKeyFiles(join(folder, 'keys'));
  const keys = openSigningKeys({
    journal,
    files,
    zone: keyZone,
    notices: undefined,
    world: { ...world, timers: { ...timers, soon: () => {} } },
    host: 'test',
    policy: () => how,
    iso: (at) => new Date(at).toISOString(),
  });
  try {
    await use(keys);
  } finally {
    keys.close();
    journal.close();
    ledger.close();
  }
}

function signed(keys: ReturnType<SigningKeys['of']>, now: number): Promise<readonly HeaderField[]> {
  const signer = openSigner({ lineLengthLimit: 0 });
  for (const { name, value } of headers) signer.header(name, value);
  signer.body(body, 0, body.length);
  return new Promise((resolve, reject) =>
    signer.sign({ keys, now }, (fault, fields) =>
      fault === undefined ? resolve(fields) : reject(fault),
    ),
  );
}

type Ask = (question: DnsQuestion) => Promise<DnsAnswer>;

/** Many messages, one question. */
function onceEach(ask: Ask): Ask {
  const asked = new Map<string, Promise<DnsAnswer>>();
  return (question) => {
    const answer = asked.get(question.name) ?? ask(question);
    asked.set(question.name, answer);
    return answer;
  };
}

/** What is wrong with its signatures; empty: they hold. */
async function verified({ fields }: Message, ask: Ask, now: number): Promise<string> {
  const verifier = openVerifier();
  for (const { name, value } of [...fields, ...headers]) verifier.header(name, value);
  verifier.body(body, 0, body.length);
  const results = await answeredLater(verifier.finish(now), ask);
  assert.equal(results.length, fields.length);
  const wrong = results.filter(({ result }) => result !== 'pass');
  return wrong.map(({ selector, result, text }) => `${selector} ${result}: ${text}`).join('; ');
}

test('eight weeks of rotation: queued mail verifies at every server at any time', async (t) => {
  const played = await play(8, {});
  t.diagnostic(
    `${played.messages} messages with two signatures each, looked at ${played.looks} ` +
      `times, ${played.selectors} keys`,
  );
  assert.deepEqual(played.faults, []);
  assert.equal(played.gaps, 0);
  assert.ok(played.messages > 300 && played.looks > 15_000);
  assert.ok(played.selectors >= 8, `${played.selectors} keys in eight weeks`);
  const want = ['gone', 'published', 'retiring', 'revoked', 'seen', 'signing'];
  assert.deepEqual([...played.states].sort(), want);
  assert.ok(played.files < played.selectors, 'files of keys that are gone are deleted');
});

test('the test sees it when a record goes too early, and when a key signs too early', async (t) => {
  await t.test('withdrawn at once', async () => {
    const { faults } = await play(3, { policy: { withdrawAfterMs: 0 } });
    assert.ok(
      faults.some((fault) => /revoked/.test(fault)),
      faults[0] ?? 'no fault',
    );
  });
  await t.test('believed to be everywhere at once', async () => {
    const blind = (real: KeyZone): KeyZone => ({
      ...real,
      look: async () => ({ kind: 'everywhere', cachedMs: 0, text: '' }),
    });
    const { faults } = await play(1, { policy: { settleMs: 0 }, zone: blind });
    assert.ok(
      faults.some((fault) => /permerror/.test(fault)),
      faults[0] ?? 'no fault',
    );
  });
});
