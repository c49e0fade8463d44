/** Rights from tables that a test writes: aliases, logins, faults, floods, and what is kept. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Account } from '../../core/account-name.ts';
import { type Declaration, orderDeclarations } from '../../core/authors/declaration.ts';
import type { Permission } from '../../core/authors/permission.ts';
import type { TableName } from '../../core/authors/table-keys.ts';
import { type Millis, minuteMs } from '../../lib/time.ts';
import type { AuthorTables } from '../../ports/authors.ts';
import { openAuthorRights } from './author-rights.ts';

type Entries = Partial<Record<TableName, Readonly<Record<string, string>>>>;

function rig(entries: Entries, declarations: readonly Declaration[] = [], deadlineMs = 60_000) {
  const state = { now: 1_000_000, finds: 0, most: 0, running: 0, fault: '', hangs: false };
  const warned: string[] = [];
  const troubles: (string | undefined)[] = [];
  const tables: AuthorTables = {
    isRead: true,
    read: async () => undefined,
    place: {
      hostNames: new Set(['mx.test']),
      localUserDomains: new Set(['mx.test', 'club.test']),
      ownDomains: new Set(['a.test', 'b.test', 'club.test']),
      origin: 'mx.test',
      delimiters: '+',
      masqueraded: [],
    },
    async find(name, keys, signal) {
      state.finds++;
      state.running++;
      state.most = Math.max(state.most, state.running);
      await new Promise((resolve) => setImmediate(resolve));
      if (state.hangs) await new Promise((resolve) => signal.addEventListener('abort', resolve));
      state.running--;
      if (state.fault !== '') throw new Error(state.fault);
      const table = entries[name] ?? {};
      const found = keys.filter(({ key }) => table[key] !== undefined);
      return new Map(
        found.map(({ key }) => [key, [{ value: table[key] ?? '', table: `test:${name}` }]]),
      );
    },
  };
  const declared = orderDeclarations(declarations);
  const rights = openAuthorRights({
    tables,
    logins: { defaultDomain: '', domains: undefined },
    declarations: () => declared,
    observed: (account) =>
      account === 'old@a.test' ? { kind: 'observed', source: '' } : undefined,
    world: {
      clock: { now: () => state.now as Millis },
      count: () => undefined,
      log: (_level, _event, fields) => void warned.push(String(fields?.['why'])),
    },
    trouble: (why) => void troubles.push(why),
    deadlineMs,
  });
  const ask = (account: string, ...addresses: readonly string[]) =>
    new Promise<readonly Permission[]>((done) => {
      rights.ask(account as Account, addresses, done);
    });
  const kind = async (account: string, address: string): Promise<string> =>
    (await ask(account, address))[0]?.kind ?? '';
  return { state, tables, warned, troubles, rights, ask, kind };
}

const entries: Entries = {
  virtual_alias_maps: {
    'info@b.test': 'joe@a.test, ann@a.test',
    'chain@b.test': 'middle@b.test',
    'middle@b.test': '"joe+x"@A.TEST',
    'circle@b.test': 'circle2@b.test',
    'circle2@b.test': 'circle@b.test',
    'crowd@b.test': Array.from({ length: 101 }, (_, nth) => `p${nth}@a.test`)
      .concat('joe@a.test')
      .join(' '),
    'unix@b.test': 'carl',
    '@c.test': '@a.test',
    '@all.test': 'joe@a.test',
    'own@all.test': 'ann@a.test',
    'run@b.test': '"|/usr/bin/joe@a.test"',
  },
  alias_maps: { office: 'carl, \\dora', team: ':include:/etc/team' },
  smtpd_sender_login_maps: {
    'send@b.test': 'joe@a.test ann@a.test',
    '@d.test': 'ann@a.test',
    'only@d.test': 'joe@a.test',
  },
  sender_canonical_maps: { 'joe@a.test': 'j.doe@b.test', carl: 'Carl.C@b.test' },
  virtual_mailbox_maps: {
    'joe@a.test': 'a.test/joe/',
    'joe@alias.test': 'a.test/joe/',
    'ceo@b.test': 'b.test/ceo/',
    'sam@a.test': '/srv/sam',
    'sam@b.test': '/srv/sam',
    'srv@a.test': '/srv/mail',
    'mail@a.test': '/srv/mail',
    'cfo@b.test': '/srv/mail',
    'kim@a.test': '/srv/a.test/kim/Maildir/',
    'kim@b.test': '/srv/a.test/kim/Maildir/',
    'lee@a.test': '/srv/lee@a.test',
    'hr@b.test': '/srv/lee@a.test',
    'ann@a.test': 'OK',
    'sales@b.test': 'OK',
  },
};

const cases: readonly (readonly [string, string, string])[] = [
  ['joe@a.test', 'x@a.test', 'own'],
  ['joe@a.test', 'info@b.test', 'map'],
  ['eve@a.test', 'info@b.test', 'foreign'],
  ['joe@a.test', 'INFO+news@b.test', 'map'],
  ['joe@a.test', 'chain@b.test', 'map'],
  ['joe@a.test', 'circle@b.test', 'foreign'],
  ['joe@a.test', 'crowd@b.test', 'foreign'],
  ['joe@a.test', 'run@b.test', 'foreign'],
  ['joe@a.test', 'joe@c.test', 'map'],
  ['joe@a.test', 'ann@c.test', 'foreign'],
  // A catch-all gives its account the addresses that have no entry of their own.
  ['joe@a.test', 'anything@all.test', 'map'],
  ['joe@a.test', 'own@all.test', 'foreign'],
  ['carl', 'unix@b.test', 'map'],
  ['carl', 'office@club.test', 'map'],
  ['dora', 'office@club.test', 'map'],
  ['user:carl', 'office@mx.test', 'map'],
  ['carl', 'office@a.test', 'foreign'],
  ['carl', 'team@club.test', 'foreign'],
  ['joe@a.test', 'send@b.test', 'map'],
  ['eve@a.test', 'send@b.test', 'foreign'],
  ['ann@a.test', 'any@d.test', 'map'],
  // As in Postfix, the entry for the address counts before that for its domain.
  ['ann@a.test', 'only@d.test', 'foreign'],
  ['joe@a.test', 'only@d.test', 'map'],
  ['joe@a.test', 'j.doe@b.test', 'map'],
  ['ann@a.test', 'j.doe@b.test', 'foreign'],
  ['carl', 'carl.c@b.test', 'map'],
  ['joe@a.test', 'joe@alias.test', 'map'],
  ['joe@a.test', 'ceo@b.test', 'foreign'],
  ['ann@a.test', 'sales@b.test', 'foreign'],
  ['kim@a.test', 'kim@b.test', 'map'],
  ['lee@a.test', 'hr@b.test', 'map'],
  // One folder for a name in all domains, or for everybody, tells nothing about a user.
  ['sam@a.test', 'sam@b.test', 'foreign'],
  ['mail@a.test', 'cfo@b.test', 'foreign'],
  ['srv@a.test', 'cfo@b.test', 'foreign'],
  ['client:10.0.0.1', 'info@b.test', 'foreign'],
  ['script:/var/www/a.php', 'info@b.test', 'foreign'],
];
for (const [account, address, expected] of cases) {
  test(`${account} as ${address}: ${expected}`, async () => {
    assert.equal(await rig(entries).kind(account, address), expected);
  });
}

test('own and declared addresses are answered at once, and no table is asked', () => {
  const { rights, state } = rig(entries, [{ account: 'joe@a.test', address: 'ceo@b.test' }]);
  let answers: readonly Permission[] | undefined;
  rights.ask('joe@a.test' as Account, ['joe@a.test', 'ceo@b.test'], (all) => {
    answers = all;
  });
  assert.deepEqual(
    answers?.map(({ kind }) => kind),
    ['own', 'declared'],
  );
  assert.equal(state.finds, 0);
});

test('an answer is kept, asked anew later, and used while the tables cannot be asked', async () => {
  const { kind, rights, state, warned } = rig(entries);
  assert.equal(await kind('joe@a.test', 'info@b.test'), 'map');
  const finds = state.finds;
  assert.equal(await kind('joe@a.test', 'info@b.test'), 'map');
  assert.equal(state.finds, finds);
  state.now += 11 * minuteMs;
  state.fault = 'postmap: fatal: no database';
  assert.equal(await kind('joe@a.test', 'info@b.test'), 'map');
  assert.ok(state.finds > finds);
  assert.deepEqual(warned, ['postmap: fatal: no database']);
  assert.equal(await kind('joe@a.test', 'chain@b.test'), 'unknown');
  state.fault = '';
  rights.changed();
  assert.equal(await kind('joe@a.test', 'chain@b.test'), 'map');
});

test('tables that cannot be asked for minutes are a trouble, until they answer', async () => {
  const { kind, state, troubles } = rig(entries);
  state.fault = 'no database';
  await kind('joe@a.test', 'x1@b.test');
  assert.deepEqual(troubles, []);
  state.now += 5 * minuteMs;
  await kind('joe@a.test', 'x2@b.test');
  assert.match(troubles[0] ?? '', /no database/);
  state.fault = '';
  await kind('joe@a.test', 'x3@b.test');
  assert.equal(troubles.at(-1), undefined);
});

test('a trouble ends when the tables answer, although no message asks', async () => {
  const { kind, rights, state, troubles } = rig(entries);
  state.fault = 'no database';
  await kind('joe@a.test', 'info@b.test');
  state.now += 5 * minuteMs;
  const look = async (): Promise<void> => {
    rights.look();
    for (let turn = 0; turn < 100; turn++) await new Promise(setImmediate);
  };
  await look();
  assert.match(troubles[0] ?? '', /no database/);
  state.fault = '';
  await look();
  assert.equal(troubles.length, 1, 'it is not asked again at once');
  state.now += minuteMs;
  await look();
  assert.deepEqual(troubles.slice(1), [undefined]);
});

test('two faults with an answer between them are no trouble', async () => {
  const { kind, rights, state, troubles } = rig(entries);
  state.fault = 'no database';
  await kind('joe@a.test', 'info@b.test');
  state.fault = '';
  state.now += minuteMs;
  rights.look();
  for (let turn = 0; turn < 100; turn++) await new Promise(setImmediate);
  state.now += 10 * minuteMs;
  state.fault = 'no database';
  await kind('joe@a.test', 'chain@b.test');
  assert.deepEqual(troubles, [undefined]);
});

test('while a server was never read, a host is unknown, and asked once for a while', async () => {
  const { kind, state, tables } = rig(entries);
  Object.assign(tables, { isRead: false });
  state.fault = 'main.cf could not be read';
  assert.equal(await kind('client:10.0.0.1', 'x@b.test'), 'unknown');
  const { finds } = state;
  assert.equal(await kind('client:10.0.0.1', 'x@b.test'), 'unknown');
  assert.equal(state.finds, finds);
});

test('in the time of observation, tables that cannot be asked leave nothing unsigned', async () => {
  const { kind, state } = rig(entries);
  state.fault = 'no database';
  assert.equal(await kind('old@a.test', 'x@b.test'), 'observed');
  assert.equal(await kind('joe@a.test', 'x@b.test'), 'unknown');
  state.fault = '';
  assert.equal(await kind('old@a.test', 'y@b.test'), 'observed');
  assert.equal(await kind('old@a.test', 'x@a.test'), 'own');
});

test('a table that hangs costs a message no more than the deadline', async () => {
  const { ask, state } = rig(entries, [], 20);
  state.hangs = true;
  const [answer] = await ask('joe@a.test', 'info@b.test');
  assert.equal(answer?.kind, 'unknown');
});

test('messages that ask the same at once share one answer', async () => {
  const { ask, state } = rig(entries);
  await ask('joe@a.test', 'ceo@b.test');
  const alone = state.finds;
  const { ask: askAgain, state: other } = rig(entries);
  await Promise.all(Array.from({ length: 50 }, () => askAgain('joe@a.test', 'ceo@b.test')));
  assert.equal(other.finds, alone);
});

test('a flood of one account leaves turns to the others', async () => {
  const { ask, kind } = rig(entries);
  const addresses = Array.from({ length: 300 }, (_, nth) => `x${nth}@b.test`);
  const flood = Promise.all(addresses.map((address) => ask('eve@a.test', address)));
  const honest = Array.from({ length: 20 }, (_, nth) => kind(`u${nth}@a.test`, 'send@b.test'));
  assert.equal(await kind('joe@a.test', 'info@b.test'), 'map');
  assert.deepEqual(new Set(await Promise.all(honest)), new Set(['foreign']));
  const kinds = (await flood).flat().map((answer) => answer.kind);
  assert.equal(kinds.filter((one) => one === 'unknown').length, 300 - 16);
});

test('a new address for each message costs a limited number of questions', async () => {
  const { ask, state } = rig(entries);
  const answers: Permission[] = [];
  for (let batch = 0; batch < 50; batch++) {
    const some = await Promise.all(
      Array.from({ length: 40 }, (_, nth) => ask('eve@a.test', `x${batch}-${nth}@b.test`)),
    );
    answers.push(...some.flat());
  }
  const kinds = answers.map(({ kind }) => kind);
  assert.equal(kinds.filter((kind) => kind === 'foreign').length, 100);
  assert.equal(kinds.filter((kind) => kind === 'unknown').length, 1_900);
  assert.ok(state.most <= 4, `${state.most} at once`);
});
