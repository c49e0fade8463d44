/**
 * A made year of a hosting company (test/sim/hoster-year.ts) through the real decision about
 * authors, with tables that Postfix's own postmap(1) reads: an upgraded server observes for 14
 * days, the operator confirms the list, and later declares each pair that was left unsigned when it
 * is told. AUTHOR_ACCOUNTS and AUTHOR_MESSAGES make the year larger.
 *
 * Measured: declarations for each 50 accounts, honest mail left unsigned before and after its
 * declaration, mail of thieves that would be signed. Honest is mail whose author has a key here and
 * whose sender may truly write as the author. Not measured: whether real servers have such shares,
 * and mail that a list or a forward sends on with the author of somebody else, which keeps the
 * signature that it came with.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Account } from '../../src/core/account-name.ts';
import type { Declaration } from '../../src/core/authors/declaration.ts';
import { senderProposals } from '../../src/core/authors/found.ts';
import type { Permission } from '../../src/core/authors/permission.ts';
import { openDeclarations } from '../../src/flow/authors/author-admin.ts';
import { openAuthorRights } from '../../src/flow/authors/author-rights.ts';
import { openObservation } from '../../src/flow/authors/observation.ts';
import { openJournal } from '../../src/flow/journal/journal.ts';
import { openLedger } from '../../src/ledger/sqlite/open.ts';
import { dayMs, type Millis } from '../../src/lib/time.ts';
import { askAsThisUser } from '../../src/partners/postfix/author-ask.ts';
import { openAuthorTables } from '../../src/partners/postfix/author-tables.ts';
import { quietWorld } from '../doubles/world.ts';
import {
  type HosterYear,
  host,
  makeYear,
  type Way,
  type Writing,
  yearDays,
} from '../sim/hoster-year.ts';

const accounts = Number(process.env['AUTHOR_ACCOUNTS'] ?? '400');
const messages = Number(process.env['AUTHOR_MESSAGES'] ?? '6000');
const seed = Number(process.env['SEED'] ?? '1');
const observedDays = 14;

test(`a year of ${accounts} accounts: few declarations, nothing honest unsigned`, async (t) => {
  const year = makeYear(seed, accounts, messages);
  const domains = new Set(year.domains);
  await using place = await openPlace(domains);
  const { admin, ask, clock, write } = place;
  const [first] = year.mail();
  const begin = first?.at ?? assert.fail('an empty year');
  clock.now = begin;
  await write(year.tables(0));
  assert.ok((await admin.observe(observedDays * dayMs, 'test')).ok);
  const lists = listProposals(year);
  assert.ok((await admin.declare(lists, operator, 'test')).ok);

  const kinds = new Map<string, number>();
  const before: string[] = [];
  const after: string[] = [];
  const signedThieves: string[] = [];
  const declared = new Set<string>();
  let [month, confirmed, inList, ownerless] = [0, false, 0, 0];
  for (const mail of year.mail()) {
    clock.now = mail.at;
    const day = (mail.at - begin) / dayMs;
    const due = Math.floor((day * 12) / yearDays);
    if (due > month) {
      month = due;
      await write(year.tables(month));
    }
    if (!confirmed && day >= observedDays) {
      confirmed = true;
      const pairs = admin.view().suggestions.filter(({ doubt }) => doubt === '');
      inList = pairs.length;
      if (inList > 0) assert.ok((await admin.declare(pairs, operator, 'test')).ok);
    }
    const answer = await ask(mail);
    const kind = isSigned(answer) ? 'signed' : answer.kind;
    kinds.set(`${mail.way} ${kind}`, (kinds.get(`${mail.way} ${kind}`) ?? 0) + 1);
    if (mail.way === 'outside') ownerless++;
    else if (mail.way === 'thief') {
      if (isSigned(answer)) signedThieves.push(`${mail.account} as ${mail.from}`);
    } else if (!isSigned(answer)) {
      const pair = `${mail.account} ${mail.from.toLowerCase().replaceAll('"', '')}`;
      (declared.has(pair) ? after : before).push(`${mail.way}: ${pair} (${answer.kind})`);
      declared.add(pair);
      // What the notice says: postern accounts may-write-as ACCOUNT ADDRESS.
      await admin.declare([{ account: mail.account, address: mail.from }], operator, 'test');
    }
  }
  const count = admin.view().declarations.length;
  const each50 = (count * 50) / accounts;
  const all = [...kinds.values()].reduce((sum, number) => sum + number, 0);
  for (const [kind, number] of [...kinds].sort()) t.diagnostic(`${kind}: ${number}`);
  t.diagnostic(
    `${accounts} accounts of ${year.customers} customers, ${all} messages; ` +
      `${count} declarations (${lists.length} for lists, ${inList} from the observation), ` +
      `${each50.toFixed(2)} for 50 accounts; ${before.length} honest messages unsigned before ` +
      `their declaration, ${after.length} after it; ${ownerless} with an author without a key`,
  );
  for (const one of before) t.diagnostic(`before: ${one}`);
  assert.deepEqual(signedThieves, []);
  assert.deepEqual(after, []);
  assert.ok(each50 <= 1, `${each50} declarations for 50 accounts`);
  // Only pairs that began after the observation, and that no table names.
  const told: readonly Way[] = ['untold', 'script', 'host', 'list'];
  const wrong = before.filter((one) => !told.some((way) => one.startsWith(`${way}: `)));
  assert.deepEqual(wrong, []);
});

/** What `postern connect authors` proposes from the tables: mailing lists. */
function listProposals(year: HosterYear): readonly Declaration[] {
  const rows = year
    .tables(0)
    .transports.split('\n')
    .map((line) => line.split(' '));
  const { proposals } = senderProposals({
    networks: ['127.0.0.0/8', '192.0.2.0/24'],
    clients: [],
    scripts: [],
    aliases: rows.map(([key = '', value = '']) => ({ key, value })),
    unlisted: [],
    origin: host,
    users: new Map(),
    domains: year.domains,
    isHere: (domain) => year.domains.includes(domain),
  });
  return proposals.map(({ account, address }) => ({ account, address }));
}

const operator = { note: '', isDry: false };

function isSigned({ kind }: Permission): boolean {
  return kind !== 'foreign' && kind !== 'unknown';
}

type Place = AsyncDisposable & {
  readonly admin: ReturnType<typeof openDeclarations>['admin'];
  readonly clock: { now: Millis };
  ask(mail: Writing): Promise<Permission>;
  write(tables: ReturnType<ReturnType<typeof makeYear>['tables']>): Promise<void>;
};

/** The parts of a guard that decide about authors, on a configuration of Postfix in a folder. */
async function openPlace(domains: ReadonlySet<string>): Promise<Place> {
  const directory = mkdtempSync(join(tmpdir(), 'postern-year-'));
  const file = (name: string): string => join(directory, name);
  const logins = { defaultDomain: '', domains: undefined };
  const clock = { now: 0 as Millis };
  const faults: string[] = [];
  const world = quietWorld({
    clock: { now: () => clock.now },
    timers: { every: () => () => undefined, soon: (run) => void setImmediate(run) },
    log: (level, event, fields) => {
      if (level !== 'info') faults.push(`${event} ${JSON.stringify(fields)}`);
    },
  });
  writeFileSync(file('master.cf'), 'smtp inet n - n - - smtpd\n');
  writeFileSync(
    file('main.cf'),
    `compatibility_level = 3.6
myhostname = ${host}
myorigin = ${host}
mydestination = ${host}
recipient_delimiter = +
virtual_alias_maps = texthash:${file('virtual')}
alias_maps =
transport_maps = texthash:${file('transports')}
virtual_mailbox_maps = texthash:${file('mailboxes')}
smtpd_sender_login_maps = texthash:${file('logins')}
`,
  );
  const ledger = openLedger(file('ledger.db'), { log: () => undefined });
  const journal = openJournal({ ledger, world, onState: () => undefined });
  const observation = openObservation({
    journal,
    stored: ledger,
    world,
    known: () => ({ firstSeen: 0 as Millis, state: 'clear', hijackedAt: 0 as Millis }),
    matters: (domain) => domains.has(domain),
    signedBefore: () => false,
    tell: () => undefined,
  });
  const tables = openAuthorTables({
    directories: () => [directory],
    ownDomains: domains,
    ask: askAsThisUser,
    homes: undefined,
    changed: () => rights.changed(),
    log: world.log,
  });
  const { admin, now } = openDeclarations({
    stored: ledger,
    journal,
    world,
    logins,
    delimiters: () => tables.place.delimiters,
    observation,
    standings: () => () => ({ kind: 'clear' }),
    isKnown: () => true,
    iso: (at) => new Date(at).toISOString(),
  });
  const rights = openAuthorRights({
    tables,
    logins,
    declarations: now,
    observed: (account, address) => observation.observed(account, address),
    world,
    // The machine may be busy: this test is not about time.
    deadlineMs: 60_000,
  });
  let writes = 0;
  return {
    admin,
    clock,
    ask: ({ account, from }) =>
      new Promise((resolve, reject) => {
        rights.ask(account satisfies Account, [from], ([answer]) => {
          if (answer === undefined) reject(new Error('no answer'));
          else resolve(answer);
        });
      }),
    async write(texts) {
      writes++;
      for (const [name, text] of Object.entries(texts)) {
        writeFileSync(file(name), text);
        // Each month has a time of its own, however fast the test runs.
        utimesSync(file(name), 1_000_000_000 + writes, 1_000_000_000 + writes);
      }
      await tables.refresh();
    },
    async [Symbol.asyncDispose]() {
      rights.close();
      observation.close();
      await journal.close();
      ledger.close();
      rmSync(directory, { recursive: true, force: true });
      assert.deepEqual(faults, []);
    },
  };
}
