/** The time of observation over a real ledger: who is observed, what is noted, how it ends. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualTime } from '../../../test/ledger/manual-time.ts';
import { accountOf, at, dkimKey, incidentRow } from '../../../test/ledger/samples.ts';
import type { Account } from '../../core/account-name.ts';
import { inMemory, openLedger } from '../../ledger/sqlite/open.ts';
import { dayMs, type Millis, minuteMs } from '../../lib/time.ts';
import type { ObservationView } from '../../ports/authors.ts';
import type { Ledger } from '../../ports/ledger.ts';
import { openJournal } from '../journal/journal.ts';
import { openDeclarations } from './author-admin.ts';
import { type KnownAccount, liveStandings, openObservation } from './observation.ts';

const start = Date.UTC(2026, 0, 5, 10);
const joe = 'joe@a.test' as Account;

function rig(options: { readonly ledger?: Ledger; readonly at?: number } = {}) {
  const time = new ManualTime(options.at ?? start);
  const ledger = options.ledger ?? openLedger(inMemory);
  const world = {
    clock: { now: () => time.now() },
    timers: time,
    log: () => undefined,
    count: () => undefined,
    newId: () => 'id',
  };
  const journal = openJournal({ ledger, world, onState: () => undefined });
  const accounts = new Map<Account, KnownAccount>();
  const told: [string, ObservationView][] = [];
  const observation = openObservation({
    journal,
    stored: ledger,
    world,
    known: (account) => accounts.get(account),
    matters: (domain) => domain.endsWith('.test'),
    signedBefore: () => journal.live.dkimKeys().some(({ state }) => state === 'signing'),
    tell: (what, view) => void told.push([what, view]),
  });
  const declarations = openDeclarations({
    stored: ledger,
    journal,
    world,
    logins: { defaultDomain: '', domains: undefined },
    delimiters: () => '+',
    observation,
    standings: (since) => liveStandings(journal, since),
    isKnown: (account) => accounts.has(account),
    iso: (at) => new Date(at).toISOString(),
  });
  const knowing = (account: string, more: Partial<KnownAccount> = {}): void => {
    accounts.set(account as Account, {
      firstSeen: (start - dayMs) as Millis,
      state: 'clear',
      hijackedAt: 0 as Millis,
      ...more,
    });
  };
  const close = (): void => {
    observation.close();
    journal.close();
  };
  return { time, ledger, journal, observation, admin: declarations.admin, told, knowing, close };
}

function signing(): Ledger {
  const ledger = openLedger(inMemory);
  ledger.write([{ kind: 'dkim-key', row: dkimKey({ state: 'signing' }) }], { durable: true });
  return ledger;
}

test('a new server observes nothing: a key signs only for those who may use it', () => {
  const { knowing, observation, told } = rig();
  knowing(joe);
  assert.equal(observation.view().isRunning, false);
  assert.equal(observation.observed(joe, 'ceo@b.test'), undefined);
  assert.deepEqual(told, []);
});

test('a server that signed already is observed for 14 days, told twice', async () => {
  const ledger = signing();
  const { close, knowing, observation, time, told } = rig({ ledger });
  knowing(joe);
  assert.equal(observation.view().until, start + 14 * dayMs);
  assert.equal(observation.observed(joe, 'ceo@b.test')?.kind, 'observed');
  await time.pass(2 * minuteMs);
  assert.deepEqual(
    told.map(([what]) => what),
    ['begun'],
  );
  close();
  // A restart neither begins anew nor tells again.
  const again = rig({ ledger, at: start + 13 * dayMs });
  again.knowing(joe);
  assert.equal(again.observation.view().until, start + 14 * dayMs);
  assert.equal(again.observation.observed(joe, 'ceo@b.test')?.kind, 'observed');
  assert.deepEqual(
    again.observation.rows().map(({ address, days, messages }) => [address, messages, days]),
    [['ceo@b.test', 2, 0b10000000000001]],
  );
  again.time.jump(dayMs);
  await again.time.pass(2 * minuteMs);
  assert.deepEqual(
    again.told.map(([what]) => what),
    ['ended'],
  );
  assert.equal(again.observation.observed(joe, 'ceo@b.test'), undefined);
  again.close();
  const after = rig({ ledger, at: start + 20 * dayMs });
  await after.time.pass(2 * minuteMs);
  assert.deepEqual(after.told, []);
});

for (const [what, more] of [
  ['is new', { firstSeen: (start + 1) as Millis }],
  ['is watched', { state: 'watched' }],
  ['is suspended', { state: 'suspended' }],
  ['was called hijacked', { hijackedAt: 1 as Millis }],
] as const) {
  test(`an account that ${what} is not observed`, () => {
    const { knowing, observation } = rig({ ledger: signing() });
    knowing(joe, more);
    assert.equal(observation.observed(joe, 'ceo@b.test'), undefined);
    assert.equal(observation.observed('nobody@a.test' as Account, 'ceo@b.test'), undefined);
    assert.deepEqual(observation.rows(), []);
  });
}

test('a domain without a key here is not noted', () => {
  const { knowing, observation } = rig({ ledger: signing() });
  knowing(joe);
  assert.equal(observation.observed(joe, 'joe@elsewhere.example')?.kind, 'observed');
  assert.deepEqual(observation.rows(), []);
});

test('many addresses of a domain become the domain; an account has a limit', async () => {
  const { close, knowing, ledger, observation, time } = rig({ ledger: signing() });
  knowing(joe);
  for (let nth = 0; nth < 8; nth++) observation.observed(joe, `r${nth}@b.test`);
  assert.deepEqual(
    observation.rows().map(({ address, messages }) => [address, messages]),
    [['@b.test', 8]],
  );
  for (let nth = 0; nth < 100; nth++) observation.observed(joe, `x@d${nth}.test`);
  assert.equal(observation.rows().length, 50);
  assert.equal(observation.observed(joe, 'x@one-more.test'), undefined);
  await time.pass(2 * minuteMs);
  assert.equal(ledger.writtenAs().length, 50);
  close();
});

test('a host that writes as many domains stays observed, and must be looked at', () => {
  const { admin, knowing, observation } = rig({ ledger: signing() });
  const host = 'client:10.0.0.5' as Account;
  knowing(host);
  for (let nth = 0; nth < 100; nth++) {
    assert.equal(observation.observed(host, `x@d${nth}.test`)?.kind, 'observed');
  }
  const [one, ...more] = admin.view().suggestions;
  assert.deepEqual(
    [one?.account, one?.address, one?.messages, one?.doubt, more.length],
    [host, '*', 100, 'it wrote in the name of many domains', 0],
  );
});

const dansIncident = incidentRow({
  account: 'dan@a.test' as Account,
  suspendedAt: at(start + 1),
  endedAt: at(start + 2),
});

test('what was seen is suggested, without what is declared and what a thief sent', async () => {
  const { admin, journal, knowing, observation } = rig({ ledger: signing() });
  for (const name of ['joe', 'ann', 'eve', 'dan']) {
    knowing(`${name}@a.test`);
    observation.observed(`${name}@a.test` as Account, `${name}@b${name.length}.test`);
    observation.observed(`${name}@a.test` as Account, `${name}@of-${name}.test`);
  }
  journal.commit(
    [
      accountOf('eve@a.test' as Account, { state: 'suspended' }),
      accountOf('joe@a.test' as Account, { state: 'watched' }),
      // Released since, but its mail of that time may be a thief's.
      { kind: 'incident', row: dansIncident },
    ],
    () => undefined,
  );
  const done = await declareNow(admin, 'ann@a.test', '@of-ann.test');
  assert.match(done, /^ann@a.test may write as @of-ann.test\nundo: postern accounts may-write-as/);
  assert.deepEqual(
    admin.view().suggestions.map((one) => [one.account, one.address, one.doubt]),
    [
      ['ann@a.test', 'ann@b3.test', ''],
      ['joe@a.test', 'joe@b3.test', 'the account is watched now'],
      ['joe@a.test', 'joe@of-joe.test', 'the account is watched now'],
      ['dan@a.test', 'dan@b3.test', 'the account was suspended in this time'],
      ['dan@a.test', 'dan@of-dan.test', 'the account was suspended in this time'],
      ['eve@a.test', 'eve@b3.test', 'the account is suspended'],
      ['eve@a.test', 'eve@of-eve.test', 'the account is suspended'],
    ],
  );
});

type AdminOfRig = ReturnType<typeof rig>['admin'];

async function declareNow(admin: AdminOfRig, account: string, address: string): Promise<string> {
  const how = { note: 'asked for', isDry: false };
  const done = admin.declare([{ account, address }], how, 'op');
  return (await done).text;
}

test('a declaration is kept, taken back, and both are in the audit trail', async () => {
  const first = rig();
  await declareNow(first.admin, 'Joe@a.test', 'CEO@b.test');
  first.close();
  const { admin, close, journal } = rig({ ledger: first.ledger });
  const [row] = admin.view().declarations;
  assert.deepEqual(
    [row?.account, row?.address, row?.by, row?.note],
    ['joe@a.test', 'ceo@b.test', 'op', 'asked for'],
  );
  const again = await admin.declare([{ account: joe, address: 'ceo@b.test' }], usual, 'op');
  assert.deepEqual([again.ok, again.text], [true, '1 declared before: unchanged']);
  const gone = await admin.remove([{ account: joe, address: 'ceo@b.test' }], 'op2');
  assert.equal(
    gone.text,
    'joe@a.test may no longer write as ceo@b.test by declaration\n' +
      'undo: postern accounts may-write-as joe@a.test ceo@b.test',
  );
  assert.deepEqual(admin.view().declarations, []);
  assert.equal((await admin.remove([{ account: joe, address: 'ceo@b.test' }], 'op')).ok, false);
  assert.deepEqual(
    journal.live.audit({ limit: 9 }).map(({ action, by, detail }) => [action, by, detail]),
    [
      ['may-not-write-as', 'op2', 'ceo@b.test: asked for'],
      ['may-write-as', 'op', 'ceo@b.test: asked for'],
    ],
  );
  close();
});

const usual = { note: '', isDry: false };

test('a name that never sent is declared, and named as perhaps misspelt', async () => {
  const { admin, knowing } = rig();
  knowing(joe);
  assert.doesNotMatch(await declareNow(admin, joe, '@b.test'), /note:/);
  assert.match(
    await declareNow(admin, 'jo@a.test', '@b.test'),
    /\nnote: no mail of jo@a\.test was/,
  );
  assert.doesNotMatch(await declareNow(admin, '@a.test', '@c.test'), /note:/);
});

test('a declaration for the domain covers addresses noted together', async () => {
  const { admin } = rig();
  await declareNow(admin, joe, 'ceo@b.test');
  assert.equal(admin.isDeclared(joe, 'ceo@b.test'), true);
  assert.equal(admin.isDeclared(joe, '@b.test'), false);
  await declareNow(admin, joe, '@b.test');
  assert.equal(admin.isDeclared(joe, '@b.test'), true);
});

test('a dry run changes nothing, and one wrong pair refuses all', async () => {
  const { admin, knowing } = rig();
  knowing(joe);
  const dry = await admin.declare(
    [{ account: joe, address: '@b.test' }],
    { note: '', isDry: true },
    'op',
  );
  assert.match(dry.text, /may write as @b.test\nnothing was changed$/);
  const pairs = [
    { account: joe, address: '@b.test' },
    { account: 'client:nowhere', address: '@b.test' },
  ];
  assert.equal((await admin.declare(pairs, usual, 'op')).ok, false);
  assert.deepEqual(admin.view().declarations, []);
});

test('an operator may begin an observation and end it', async () => {
  const { admin, knowing, observation, time } = rig();
  knowing(joe);
  await admin.observe(3 * dayMs, 'op');
  assert.equal(observation.observed(joe, 'ceo@b.test')?.kind, 'observed');
  await admin.observe(0, 'op');
  assert.equal(observation.observed(joe, 'ceo@b.test'), undefined);
  assert.equal(admin.view().suggestions.length, 1, 'the list stays');
  await time.pass(2 * minuteMs);
  await admin.observe(dayMs, 'op');
  assert.equal(admin.view().suggestions.length, 0, 'a new observation begins anew');
});
