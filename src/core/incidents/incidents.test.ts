/** An incident as a timeline and as reports, which are in test/golden/incidents to be read. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { shown } from '../../../test/doubles/night.ts';
import { hourMs, type Millis, minuteMs } from '../../lib/time.ts';
import type { LaneChange, LaneStanding, LaneState } from '../deliverability/lane.ts';
import { mxProvider } from '../deliverability/providers.ts';
import { openReplyClassifier } from '../replies/classifier.ts';
import { ourReplyRules } from '../replies/rules/all.ts';
import { answersTo } from './answers.ts';
import { followBlame, type ReplyIncident, storedBlame } from './blame.ts';
import type { IncidentAttempt, IncidentBasis, IncidentFacts, IncidentMessage } from './facts.ts';
import { incidentReport, type ReportReader } from './report.ts';
import { reportText } from './report-text.ts';
import { sufferedLanes } from './suffered.ts';
import { incidentTimeline } from './timeline.ts';

const start = Date.UTC(2026, 2, 3, 11) as Millis;
const at = (minutes: number): Millis => (start + minutes * minuteMs) as Millis;
const iso = (time: Millis): string => new Date(time).toISOString().replace('.000Z', 'Z');
const replies = openReplyClassifier(ourReplyRules);

const rate =
  'host gmail-smtp-in.l.google.com[198.51.100.26] said: 421-4.7.28 Gmail has detected an unusual ' +
  'rate of mail originating from your IP address. To protect our users from spam, mail has been ' +
  'temporarily rate limited. 421 4.7.28 - gsmtp (in reply to end of DATA command)';
const unknown =
  'host mx.small.example[198.51.100.40] said: 550 5.1.1 <wrong@small.example>: no such user ' +
  '(in reply to RCPT TO command)';

function attempt(minutes: number, more: Partial<IncidentAttempt>): IncidentAttempt {
  return {
    at: at(minutes),
    outcome: 'deferred',
    isLocal: false,
    mxHost: 'gmail-smtp-in.l.google.com',
    mxAddress: '198.51.100.26',
    from: '192.0.2.25',
    reply: rate,
    ...more,
  };
}

function message(
  nth: number,
  minutes: number,
  more: Partial<IncidentMessage> = {},
): IncidentMessage {
  return {
    id: `4bXl${nth}T7wQzz${nth}`,
    at: at(minutes),
    client: '203.0.113.9',
    script: '',
    sender: 'joe@example.org',
    headerFrom: 'joe@example.org',
    subject: `Your parcel ${4711 + nth} is waiting`,
    messageId: `parcel-${nth}@example.org`,
    recipientCount: 2,
    mark: 'thief',
    attempts: [attempt(minutes + 1, {}), attempt(minutes + 6, {})],
    ...more,
  };
}

const mail: readonly IncidentMessage[] = [
  message(2, 3, { client: '203.0.113.77' }),
  message(0, 1),
  message(1, 2, {
    attempts: [
      attempt(2, {
        outcome: 'bounced',
        mxHost: 'mx.small.example',
        mxAddress: '198.51.100.40',
        reply: unknown,
      }),
      attempt(2, {
        outcome: 'deferred',
        mxHost: '',
        mxAddress: '',
        reply: 'connect to x: refused',
      }),
    ],
  }),
  message(3, 4, {
    mark: 'owner',
    client: '192.0.2.200',
    subject: 'Lunch on Friday?',
    attempts: [attempt(4, { outcome: 'sent', reply: '250 OK' })],
  }),
];

const change = (minutes: number, from: LaneState, to: LaneState, more = {}): LaneChange => ({
  source: '192.0.2.25',
  family: 'ipv4',
  provider: 'google',
  at: at(minutes),
  from,
  to,
  reply: to === 'healthy' ? '' : rate,
  rule: '',
  ...more,
});
const changes: readonly LaneChange[] = [
  change(-200, 'healthy', 'slowed'),
  change(-100, 'slowed', 'healthy'),
  change(3, 'healthy', 'slowed'),
  change(4, 'healthy', 'slowed', { provider: 'yahoo' }),
  change(5, 'healthy', 'slowed', { family: 'ipv6' }),
  change(9, 'slowed', 'blocked'),
  change(12, 'blocked', 'unknown'),
  change(190, 'unknown', 'healthy'),
];
const blamed: readonly ReplyIncident[] = [
  {
    id: 'r-1',
    account: 'joe@example.org',
    since: at(3),
    openedAt: at(4),
    endedAt: at(190),
    lanes: [{ source: '192.0.2.25', family: 'ipv4', provider: 'google', share: 0.924 }],
  },
];

const reasons = shown([
  {
    signal: 'strangers',
    weight: 2.7,
    saw: 12,
    usual: 10,
    windowMs: hourMs / 2,
    normalFor: 'server',
  },
  { signal: 'new-network', weight: 0.5, saw: 1, usual: 0, network: '203.0.113.0/24' },
]);

function factsOf(more: Partial<IncidentFacts> = {}, basis: Partial<IncidentBasis> = {}) {
  const answers = answersTo(mail, replies, { nameOf: mxProvider });
  const facts: IncidentFacts = {
    incident: {
      id: 'i-1',
      kind: 'suspension',
      account: 'joe@example.org',
      observed: false,
      by: 'guard',
      since: at(0),
      suspendedAt: at(5),
      endedAt: at(95),
      endedBy: 'root',
      leakedMessages: 4,
      leakedRecipients: 8,
      stoppedMessages: 41,
      wouldStopMessages: 0,
      queuedHeld: 5,
      loginClosed: true,
      reasons,
      ...basis,
    },
    mail,
    caught: [],
    answers,
    lanes: sufferedLanes(changes, answers, { since: at(0), blamed }),
    stopped: [5, 6, 7].map((minutes) => ({ at: at(minutes), verdict: 'hold' })),
    held: [
      { state: 'dropped', changedAt: at(100), by: 'root' },
      { state: 'dropped', changedAt: at(101), by: 'root' },
      { state: 'held', changedAt: at(5), by: 'guard' },
    ],
    acts: [
      { at: at(5), by: 'guard', action: 'suspend', detail: 'strangers' },
      { at: at(40), by: 'root', action: 'hijacked', detail: 'the owner was asked by telephone' },
      { at: at(95), by: 'root', action: 'release', detail: 'password changed, held mail kept' },
    ],
    ...more,
  };
  return facts;
}

const server = {
  host: 'mail.example.org',
  contact: 'postmaster@example.org, +49 30 1234567',
  addresses: [
    { address: '192.0.2.25', names: ['mail.example.org'] },
    { address: '192.0.2.26', names: undefined },
  ],
};

function reportOf(to: ReportReader, facts = factsOf(), provider?: string): string {
  const about = { to, provider, server, now: at(240), iso };
  const report = incidentReport(facts, incidentTimeline(facts), about);
  return reportText(report, (text) => text);
}

const golden = (name: string): string =>
  new URL(`../../../test/golden/incidents/${name}.txt`, import.meta.url).pathname;
const asIs = { serializers: [(value: unknown) => String(value)] };

describe('the timeline', () => {
  const lines = (facts: IncidentFacts): string =>
    incidentTimeline(facts)
      .map(({ at: time, part, quote, text, until }) => {
        const last = until === undefined ? '' : ` until ${iso(until)}`;
        return `${iso(time)}${last} [${part}] ${text}${quote === '' ? '' : `\n    ${quote}`}\n`;
      })
      .join('');

  test('goes from the first sign to the recovery of the lane', (t) => {
    t.assert.fileSnapshot(lines(factsOf()), golden('timeline'), asIs);
  });

  test('of an account that was not suspended names the lane and its part', (t) => {
    const facts = factsOf(
      { stopped: [], held: [], acts: [] },
      {
        id: 'r-1',
        kind: 'replies',
        by: '',
        suspendedAt: undefined,
        since: at(3),
        endedAt: at(190),
        endedBy: '',
        reasons: [],
        loginClosed: false,
        queuedHeld: 0,
      },
    );
    t.assert.fileSnapshot(lines(facts), golden('timeline-replies'), asIs);
  });
});

describe('a report', () => {
  test('for a provider has its own words, what was done, and since when it is quiet', (t) => {
    t.assert.fileSnapshot(reportOf('provider'), golden('report-provider'), asIs);
  });

  test('for an abuse desk has the addresses of the clients, and no recipient', (t) => {
    const text = reportOf('abuse');
    assert.doesNotMatch(text, /192\.0\.2\.200|Lunch/, 'the owner’s mail is not theirs to see');
    t.assert.fileSnapshot(text, golden('report-abuse'), asIs);
  });

  test('leaves out what is not known, or says so', (t) => {
    const incident = { ...factsOf().incident, endedAt: undefined, endedBy: '', reasons: [] };
    const nothing = {
      mail: [],
      caught: [],
      answers: [],
      lanes: [],
      stopped: [],
      held: [],
      acts: [],
    };
    const unnamed = { host: 'mail.example.org', contact: '', addresses: [] };
    const facts = { ...factsOf(nothing), incident };
    const about = {
      to: 'provider',
      provider: undefined,
      server: unnamed,
      now: at(9),
      iso,
    } as const;
    const report = incidentReport(facts, incidentTimeline(facts), about);
    t.assert.fileSnapshot(
      reportText(report, (text) => text),
      golden('report-bare'),
      asIs,
    );
  });

  test('for one provider has no answer of another', () => {
    assert.match(reportOf('provider', factsOf(), 'google'), /421-4\.7\.28/);
    assert.doesNotMatch(reportOf('provider', factsOf(), 'yahoo'), /421-4\.7\.28/);
  });

  test('names no recipient, not even in the words of a server', () => {
    const [first] = factsOf().answers;
    assert.ok(first !== undefined);
    const reply = '550 5.7.1 <ann.lee@gmail.com>: refused for bob@gmx.de (see https://x.test/@a)';
    const facts = factsOf({ answers: [{ ...first, reply }] });
    assert.match(reportOf('provider', facts), /<…@gmail\.com>: refused for\s+…@gmx\.de \(see/);
    assert.doesNotMatch(reportOf('provider'), /wrong@|no such user/);
  });
});

describe('who suffers and who is to blame', () => {
  test('only lanes on which its mail got bad answers suffered, in the time of the incident', () => {
    const answers = answersTo(mail, replies, { nameOf: mxProvider });
    const of = (list: readonly LaneChange[], blame = blamed) =>
      sufferedLanes(list, answers, { since: at(0), blamed: blame }).map(
        ({ family, provider, recoveredAt, share, since, state }) =>
          `${provider} ${family} ${state} ${since - start} ${recoveredAt ?? '-'} ${share ?? '-'}`,
      );
    assert.deepEqual(of(changes), [`google ipv4 slowed ${3 * minuteMs} ${at(190)} 0.924`]);
    assert.deepEqual(of(changes, []), [`google ipv4 slowed ${3 * minuteMs} ${at(190)} -`]);
    assert.deepEqual(of([change(200, 'healthy', 'slowed')], []), [], 'hours after the last answer');
    assert.equal(of([change(8, 'healthy', 'slowed', { source: '' })], []).length, 1);
    assert.equal(of([change(8, 'healthy', 'slowed', { source: '192.0.2.99' })], []).length, 0);
  });

  const standing = (state: LaneState, account?: string, provider = 'google'): LaneStanding => ({
    source: '',
    family: 'ipv4',
    provider,
    state,
    since: at(1),
    reply: '',
    rule: '',
    cure: '',
    link: '',
    why: '',
    commands: [],
    incident: undefined,
    causedBy: account === undefined ? undefined : { account, share: 0.8 },
  });
  let id = 0;
  const step = (known: readonly ReplyIncident[], minutes: number, ...all: LaneStanding[]) =>
    followBlame(known, all, { now: at(minutes), newId: () => `r-${++id}` });

  test('an account to blame is one incident, from the first lane to the last recovery', () => {
    let all = step([], 2, standing('healthy'), standing('slowed', undefined, 'yahoo'));
    assert.deepEqual(all, []);
    all = step(all, 3, standing('slowed', 'joe'));
    assert.equal(step(all, 4, standing('slowed', 'joe')), all, 'nothing changed');
    all = step(all, 5, standing('slowed', 'joe'), standing('blocked', 'joe', 'yahoo'));
    all = step(all, 6, standing('slowed', 'ann'), standing('blocked', 'joe', 'yahoo'));
    assert.deepEqual(
      all.map(({ account, lanes }) => `${account} ${lanes.length}`),
      ['ann 1', 'joe 2'],
    );
    all = step(all, 7, standing('unknown'), standing('healthy', undefined, 'yahoo'));
    assert.deepEqual(
      all.map(({ endedAt }) => endedAt),
      [undefined, undefined],
      'an unknown lane may be as bad as it was',
    );
    all = step(all, 8, standing('healthy'), standing('healthy', undefined, 'yahoo'));
    assert.deepEqual(
      all.map(({ endedAt }) => endedAt),
      [at(8), at(8)],
    );
    all = step(all, 30, standing('slowed', 'joe'));
    assert.equal(all.length, 2, 'the same again, within an hour');
    all = step(all, 31, standing('healthy'));
    all = step(all, 31 + 90, standing('slowed', 'joe'));
    assert.equal(all.length, 3, 'another incident, hours later');
    assert.deepEqual(storedBlame(JSON.stringify(all)), JSON.parse(JSON.stringify(all)));
    for (const text of [undefined, '', '{}', '[', 'null']) assert.deepEqual(storedBlame(text), []);
  });

  test('the list has a limit, and a lane that stays unknown ends one after days', () => {
    let all: readonly ReplyIncident[] = [];
    for (let nth = 0; nth < 250; nth++) all = step(all, nth, standing('slowed', `a${nth}`));
    assert.equal(all.length, 200);
    assert.equal(all[0]?.account, 'a249');
    const late = step(all, 20 * 24 * 60, standing('unknown'));
    assert.ok(late.every(({ endedAt }) => endedAt !== undefined));
  });
});
