/** People ask for messages: what is found, how it is told, and what got out in an incident. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { foundMessage, scriptedFates, type Told } from '../../../test/doubles/fates.ts';
import { withoutLanes } from '../../../test/doubles/incidents.ts';
import { scriptedScan } from '../../../test/doubles/scan.ts';
import { openRig } from '../../../test/ledger/flow-rig.ts';
import { heldRow, storyRow } from '../../../test/ledger/samples.ts';
import { leakedCsv } from '../../commands/find/leaked-text.ts';
import { encodeProfile, newProfile } from '../../core/account/profile.ts';
import type { Account } from '../../core/account-name.ts';
import type { LaneChange } from '../../core/deliverability/lane.ts';
import { hash53 } from '../../lib/hash.ts';
import { type Millis, minuteMs } from '../../lib/time.ts';
import type { FindAsk } from '../../ports/asking.ts';
import type { FateStore } from '../../ports/fate.ts';
import type { HeldRow, IncidentRow, StoryRow } from '../../ports/ledger.ts';
import { openAsking } from './asking.ts';
import type { AskedLedger } from './found-view.ts';
import { reachedBy } from './incident-detail.ts';

const now = Date.UTC(2026, 2, 3, 12) as Millis;
const joe = 'joe@here.test' as Account;
const thief = '203.0.113.9';
const network = { signal: 'new-network', saw: 1, usual: 0, weight: 1, network: '203.0.113.0/24' };

const nowMinute = now / minuteMs;
const home = { network: '192.0.2.0/24', first: nowMinute - 50_000, last: nowMinute - 90 };

type Scene = {
  readonly mail?: readonly Told[];
  readonly held?: readonly HeldRow[];
  readonly stories?: readonly StoryRow[];
  readonly incident?: Partial<IncidentRow>;
  readonly fates?: Pick<FateStore, 'find'>;
};

function depsOf({ mail = [], held = [], stories = [], incident, fates }: Scene) {
  const incidents = incident === undefined ? [] : [incidentRow(incident)];
  const live: AskedLedger = {
    audit: () => [],
    held: () => held,
    heldOne: (id) => held.find(({ queueId }) => queueId === id),
    incidents: ({ account }) =>
      incidents.filter((one) => account === undefined || one.account === account),
    loadAccount: (account) => ({
      account,
      state: 'suspended',
      profile: encodeProfile({ ...newProfile(0 as Millis), networks: [home] }),
      recipients: Float64Array.of(hash53('friend@x.test', 7)),
      sinceMinutes: Uint32Array.of((now - 10 * 24 * 60 * minuteMs) / minuteMs),
    }),
    message: () => undefined,
    meta: (key) => (key === 'seed' ? '7' : undefined),
    stories: ({ account }) => stories.filter((one) => one.account === account),
    story: (id) => stories.find((one) => one.id === id),
  };
  return {
    fates: fates ?? scriptedFates(mail.map(foundMessage)),
    live,
    log: () => 'read' as const,
    named: (name: string) => name.toLowerCase() as Account,
    now: () => now,
    weakPassword: () => '',
    asOfNow: (one: IncidentRow) => ({ ...one, stoppedMessages: one.stoppedMessages + 3 }),
    incidents: withoutLanes,
  };
}

function incidentRow(more: Partial<IncidentRow>): IncidentRow {
  return {
    id: 'i-1',
    account: joe,
    observed: false,
    by: 'guard',
    since: (now - 60 * minuteMs) as Millis,
    suspendedAt: (now - 30 * minuteMs) as Millis,
    endedAt: undefined,
    endedBy: '',
    leakedMessages: 0,
    leakedRecipients: 0,
    stoppedMessages: 0,
    queuedHeld: 0,
    loginClosed: true,
    reasons: [network as IncidentRow['reasons'][number]],
    ...more,
  };
}

const sent = (id: string, minutesAgo: number, more: Partial<Told> = {}): Told => ({
  id,
  at: now - minutesAgo * minuteMs,
  account: joe,
  to: ['anna@x.test'],
  tries: [[0, 'sent', 'mx.x.test']],
  ...more,
});

describe('find', () => {
  const mail = [
    sent('A', 10),
    sent('B', 20, { from: 'anna@x.test', account: 'bob@here.test', to: ['c@x.test'] }),
    sent('C', 30, { account: 'anna@x.test', to: ['d@x.test'] }),
  ];
  const ids = async (asked: Parameters<ReturnType<typeof openAsking>['find']>[0]) => {
    const answer = await openAsking(depsOf({ mail })).find(asked);
    return [answer.found.map(({ id }) => id).join(''), answer.more];
  };

  test('a typed address is recipient, sender or account; each message comes once', async () => {
    assert.deepEqual(await ids({ text: 'Anna@x.test', limit: 9 }), ['ABC', false]);
    assert.deepEqual(await ids({ text: 'anna@x.test', limit: 2 }), ['AB', true]);
    assert.deepEqual(await ids({ text: 'anna@x.test', account: 'BOB@here.test', limit: 9 }), [
      'B',
      false,
    ]);
    const since = (now - 15 * minuteMs) as Millis;
    assert.deepEqual(await ids({ text: 'anna@x.test', since, limit: 9 }), ['A', false]);
    assert.deepEqual(await ids({ recipient: 'D@X.test', limit: 9 }), ['C', false]);
  });

  test('the outcome is that of the recipient who was looked for', async () => {
    const two = foundMessage(sent('A', 10, { to: ['a@x.test', 'b@x.test'] }));
    const [first, second] = two.recipients;
    assert.ok(first !== undefined && second !== undefined);
    const bounced = second.attempts.map((one) => ({ ...one, outcome: 'bounced' as const }));
    const recipients = [first, { ...second, attempts: bounced }];
    const fates = scriptedFates([{ ...two, recipients }]);
    const asking = openAsking(depsOf({ fates }));
    const became = async (asked: object) =>
      (await asking.find({ limit: 9, ...asked })).found[0]?.became;
    assert.equal(await became({ recipient: 'a@x.test' }), 'delivered');
    assert.equal(await became({ recipient: 'b@x.test' }), 'bounced');
    assert.equal(await became({ queueId: 'A' }), '1 bounced, 1 delivered');
  });

  test('a message that was released says so, with and without attempts', async () => {
    const mail = [sent('A', 10, { verdict: 'hold' }), sent('B', 9, { verdict: 'hold', tries: [] })];
    const held = ['A', 'B'].map((queueId) => heldRow({ queueId, state: 'released' }));
    const { found } = await openAsking(depsOf({ mail, held })).find({ account: joe, limit: 9 });
    assert.deepEqual(
      found.map(({ became }) => became),
      ['released, not known', 'released, delivered'],
    );
  });

  test('what the day files no longer have comes from the reasons, once', async () => {
    const stories = [
      storyRow({ id: 'A', account: joe, at: (now - 10 * minuteMs) as Millis, verdict: 'hold' }),
      storyRow({ id: 'AB12CD34EF', account: joe, at: (now - 99 * minuteMs) as Millis }),
    ];
    const asking = openAsking(depsOf({ mail, stories }));
    const found = async (text: string) =>
      (await asking.find({ text, limit: 9 })).found.map(({ id }) => id);
    assert.deepEqual(await found('AB12CD34EF'), ['AB12CD34EF']);
    assert.deepEqual(await found(joe), ['A', 'AB12CD34EF']);
    assert.equal((await asking.fate('AB12CD34EF'))?.message.account, joe);
    assert.equal(await asking.fate('NOTHING1'), undefined);
  });

  test('what a filter handed back is one message, though the ledger knows it too', async () => {
    const filtered = sent('AB12CD34EF', 10, { otherIds: ['BACK1234AB'] });
    const stories = [storyRow({ id: 'BACK1234AB', account: joe })];
    const asking = openAsking(depsOf({ mail: [filtered], stories }));
    const { found } = await asking.find({ text: 'BACK1234AB', limit: 9 });
    assert.deepEqual(
      found.map(({ id }) => id),
      ['AB12CD34EF'],
    );
  });

  test('says how many days it looked through, and if there was none', async () => {
    const remarks = async (scene: Scene): Promise<string> =>
      (await openAsking(depsOf(scene)).find({ text: joe, limit: 9 })).remarks.join(' ');
    assert.match(await remarks({ mail }), /Looked through the mail of 1 day\. What is older/);
    assert.match(await remarks({}), /Nothing is kept of that time\./);
    const stories = [storyRow({ id: 'AB12CD34EF', account: joe })];
    assert.match(await remarks({ stories }), /from the reasons for stopped mail\. Nothing else/);
    const fates = { find: async () => ({ found: [], partial: 'a day is damaged', days: 0 }) };
    assert.match(await remarks({ fates }), /No day could be read.* A day is damaged\./);
  });

  test('a domain cannot be searched, which is said', async () => {
    const remarks = async (asked: Omit<FindAsk, 'limit'>): Promise<string> =>
      (await openAsking(depsOf({ mail })).find({ ...asked, limit: 9 })).remarks.join(' ');
    for (const asked of [{ text: '@y.test' }, { recipient: 'y.test' }, { sender: '*@y.test' }]) {
      assert.match(await remarks(asked), /Give the whole address/);
    }
    assert.doesNotMatch(await remarks({ recipient: 'nobody@y.test' }), /Give the whole/);
  });

  test('files that cannot be read: a search fails, one message is still told', async () => {
    const fates = { find: () => Promise.reject(new Error('the disk is gone')) };
    const stories = [storyRow({ id: 'AB12CD34EF', account: joe })];
    const asking = openAsking(depsOf({ fates, stories, incident: {} }));
    await assert.rejects(asking.find({ text: 'x y', limit: 9 }), /the disk is gone/);
    const told = (await asking.fate('AB12CD34EF'))?.told;
    assert.match(told?.remarks.join(' ') ?? '', /The disk is gone\./);
    assert.match((await asking.incident('i-1'))?.remarks.join(' ') ?? '', /The disk is gone\./);
  });
});

describe('an incident without a suspension', () => {
  const reply =
    '421-4.7.28 Gmail has detected an unusual rate of mail originating from your IP address';
  const google = { source: '192.0.2.25', family: 'ipv4', provider: 'google' } as const;
  const at = (minutesAgo: number): Millis => (now - minutesAgo * minuteMs) as Millis;
  const one = { id: 'r-1', account: joe, since: at(20), openedAt: at(19), endedAt: at(5) };
  const changes: readonly LaneChange[] = [
    { ...google, at: at(20), from: 'healthy', to: 'slowed', reply, rule: '' },
    { ...google, at: at(5), from: 'slowed', to: 'healthy', reply: '', rule: '' },
  ];
  const mail = [
    sent('EARLY', 300),
    sent('A', 25, { tries: [[1, 'deferred', 'gmail-smtp-in.l.google.com']], reply }),
  ];
  function askingWith(incident?: Partial<IncidentRow>) {
    const deps = depsOf(incident === undefined ? { mail } : { mail, incident });
    const stored = JSON.stringify([{ ...one, lanes: [{ ...google, share: 0.9 }] }]);
    const live = { ...deps.live, meta: (key: string) => (key === 'seed' ? '7' : stored) };
    const incidents = { ...deps.incidents, laneChanges: () => changes };
    return openAsking({ ...deps, live, incidents });
  }

  test('is listed, found by id and account, and told with the lane that suffered', async () => {
    const asking = askingWith();
    assert.deepEqual(
      asking.incidents({ limit: 9 }).map(({ id, kind }) => `${id} ${kind}`),
      ['r-1 replies'],
    );
    assert.equal((await asking.incident(joe))?.incident.id, 'r-1');
    const detail = await asking.incident('r-1');
    assert.deepEqual(
      detail?.timeline.map(({ part }) => part),
      ['mail', 'answer', 'lane', 'recovery'],
    );
    assert.deepEqual([detail.incident.leakedMessages, detail.leaked.length], [1, 1]);
    assert.deepEqual(detail.remarks, []);
    const report = await asking.report('r-1', { to: 'provider', provider: 'google' });
    assert.equal(report?.state, 'never suspended');
    assert.match(report.answers[0]?.reply ?? '', /^421-4\.7\.28/);
  });

  test('belongs to the suspension of the account in its time', async () => {
    const asking = askingWith({});
    assert.deepEqual(
      asking.incidents({ limit: 9 }).map(({ id }) => id),
      ['i-1'],
    );
    const detail = await asking.incident('r-1');
    assert.equal(detail?.incident.id, 'i-1', 'a notice may name it from before');
    assert.deepEqual(
      detail.lanes.map(({ recoveredAt, share }) => [recoveredAt, share]),
      [[at(5), 0.9]],
    );
    const later = askingWith({ since: at(4), suspendedAt: at(3) });
    assert.equal(later.incidents({ limit: 9 }).length, 2);
  });
});

describe('an incident', () => {
  const mail = [
    sent('USUAL', 600),
    sent('T1', 50, { client: thief, subject: 'Offer 1', to: ['s1@x.test', 's2@x.test'] }),
    sent('T2', 49, { client: thief, subject: 'Offer 2', to: ['s3@x.test'] }),
    sent('OWN', 45, { to: ['friend@x.test'] }),
    sent('CAUGHT', 40, { client: thief, to: ['s4@x.test'] }),
    sent('HELD', 35, { client: thief, verdict: 'hold', to: ['s5@x.test'] }),
  ];
  const held = [heldRow({ queueId: 'CAUGHT', account: joe, why: 'queue', state: 'held' })];
  const counted = { leakedMessages: 3, leakedRecipients: 4 };

  test('lists what passed and was not caught in the queue, as it was counted', async () => {
    const asking = openAsking(depsOf({ mail, held, incident: counted }));
    const detail = await asking.incident('i-1');
    assert.deepEqual(
      detail?.leaked.map(({ id, mark }) => `${id} ${mark}`),
      ['OWN owner', 'T2 thief', 'T1 thief'],
    );
    assert.deepEqual(detail?.remarks, []);
    assert.deepEqual(detail?.marks, { thief: 2, owner: 1, unclear: 0 });
    assert.equal((await asking.incident('Joe@here.test'))?.incident.id, 'i-1');
    assert.equal(await asking.incident('i-2'), undefined);
  });

  test('what servers refused before it was caught is told with their words', async () => {
    const reply = '421-4.7.28 Gmail has detected an unusual rate of mail from your IP address';
    const tries = [[1, 'deferred', 'gmail-smtp-in.l.google.com']] as const;
    const tried = mail.map((one) => (one.id === 'CAUGHT' ? { ...one, tries, reply } : one));
    const asking = openAsking(depsOf({ mail: tried, held, incident: counted }));
    const detail = await asking.incident('i-1');
    assert.deepEqual(
      detail?.answers.map(({ id, scope }) => `${id} ${scope}`),
      ['CAUGHT rate'],
    );
    assert.equal(detail.leaked.length, 3);
    const report = await asking.report('i-1', { to: 'abuse', provider: undefined });
    assert.ok(report?.samples.some(({ queueId }) => queueId === 'CAUGHT'));
  });

  test('its numbers are those of now', async () => {
    const asking = openAsking(depsOf({ incident: { stoppedMessages: 5 } }));
    assert.equal((await asking.incident('i-1'))?.incident.stoppedMessages, 8);
    assert.equal(asking.incidents({ limit: 1 })[0]?.stoppedMessages, 8);
  });

  test('lists all recipients of a message, to tell them', async () => {
    const to = Array.from({ length: 120 }, (_, nth) => `s${nth}@x.test`);
    const asking = openAsking(
      depsOf({ mail: [sent('T1', 50, { client: thief, to })], incident: counted }),
    );
    const detail = await asking.incident('i-1');
    assert.deepEqual(detail?.leaked[0]?.recipients, to);
    const { found } = await asking.find({ queueId: 'T1', limit: 1 });
    assert.equal(found[0]?.recipients.length, 50, 'a list of messages needs only some');
  });

  test('a message that was released later got out too, and is said', async () => {
    const released = held.map((one) => ({ ...one, state: 'released' as const }));
    const asking = openAsking(depsOf({ mail, held: released, incident: counted }));
    const detail = await asking.incident('i-1');
    assert.equal(detail?.leaked.length, 4);
    assert.match(detail.remarks.join(' '), /^1 of the listed messages were held first/);
  });

  test('hundreds of messages that were refused later hide none that got out', async () => {
    const late = Array.from({ length: 700 }, (_, nth) => sent(`R${nth}`, 1, { verdict: 'refuse' }));
    const asking = openAsking(depsOf({ mail: [...mail, ...late], held, incident: counted }));
    assert.deepEqual((await asking.incident('i-1'))?.remarks, []);
  });

  test('says why the list differs from the numbers, and what is not kept', async () => {
    const secret = mail.map((one) => ({ ...one, isSecret: true as const }));
    const asking = openAsking(
      depsOf({ mail: secret, held, incident: { leakedMessages: 9, leakedRecipients: 20 } }),
    );
    const remarks = (await asking.incident('i-1'))?.remarks.join(' ') ?? '';
    assert.match(remarks, /counted 9 messages to 20 recipients; this list has 3 to 4: of the/);
    assert.match(remarks, /4 recipients are not kept in clear text/);
  });

  test('names each recipient of a large message, also as CSV', async () => {
    const to = Array.from({ length: 80 }, (_, nth) => `s${nth}@x.test`);
    const detail = await openAsking(
      depsOf({ mail: [sent('BIG', 40, { to, client: thief })], incident: counted }),
    ).incident('i-1');
    assert.ok(detail !== undefined);
    assert.deepEqual([...(detail.leaked[0]?.recipients ?? [])].sort(), to.toSorted());
    assert.equal(detail.leaked[0]?.unnamed, 0);
    assert.ok(!detail.remarks.some((one) => one.includes('not kept')));
    const csv = leakedCsv(detail);
    assert.ok(to.every((address) => csv.includes(`,${address},`)));
  });

  test("names the thief's recipients first, and none of the owner's", async () => {
    const deps = depsOf({ mail, held, incident: counted });
    assert.deepEqual(await reachedBy(deps, incidentRow(counted), () => {}), [
      's3@x.test',
      's1@x.test',
      's2@x.test',
    ]);
  });
});

test('what a hijack let out is what the guard counted, and the notice names five', async () => {
  const rig = openRig();
  const scan = scriptedScan(9);
  for (let nth = 0; nth < 60 && rig.accounts.known(joe)?.state !== 'suspended'; nth++) {
    const local = [0, 1, 2].map((other) => `s${nth}-${other}@here.test`);
    const { id } = rig.send({ account: joe, to: [`s${nth}@x.test`], local, scan });
    await rig.time.settle();
    // Delivered before anybody can hold it.
    if (rig.queue.messages.get(id) !== 'hold') rig.queue.leave(id);
    await rig.time.pass(10_000);
  }
  await rig.time.pass(minuteMs);
  const detail = await rig.admin.asking.incident('JOE@here.test');
  const { leakedMessages = 0, leakedRecipients = 0 } = detail?.incident ?? {};
  assert.ok(leakedMessages > 1);
  assert.equal(detail?.leaked.length, leakedMessages);
  assert.equal(leakedRecipients, 4 * leakedMessages);
  assert.deepEqual(detail?.remarks, []);
  const notice = rig.taken.find(({ notice: { event } }) => event === 'account.suspended')?.notice;
  assert.equal(notice?.reached?.length, 5);
});
