/**
 * Notices as people read them: golden files, and no stranger's text that starts a line of its own.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Notice } from '../../core/notice.ts';
import { noticeText } from './text.ts';

export const hijack: Notice = {
  version: 1,
  event: 'account.suspended',
  id: '01J0ZC8R7M',
  host: 'mail.example.org',
  at: '2026-11-23T18:03:40Z',
  account: 'joe@example.org',
  since: '2026-11-23T18:02:11Z',
  leaked: { messages: 3, recipients: 5 },
  stopped: { messages: 212, fromQueue: 4 },
  loginClosed: true,
  reasons: [
    {
      signal: 'new-recipients',
      text:
        '41 new recipients in 30 minutes (nobody on this server has written to them before); ' +
        'normal for this account: fewer than 3',
    },
    {
      signal: 'client-network',
      text: 'logged in from 7 networks in an hour, where 1 is usual',
    },
  ],
  undo: 'postern accounts release joe@example.org --hijacked',
  falseAlarm: 'postern accounts release joe@example.org --false-alarm',
  explain: 'postern accounts show joe@example.org',
};

const record = {
  signal: 'record',
  text:
    `r20260105._domainkey.example.org. IN TXT "v=DKIM1; k=rsa; p=${'M'.repeat(238)}" "` +
    `${'I'.repeat(154)}"`,
};
const aboutKey = { account: 'example.org', undo: '', explain: 'postern dkim keys example.org' };

const aboutLanes = {
  event: 'lane.changed' as const,
  undo: '',
  reasons: [
    { signal: 'slowed', text: 'Google slows our mail (IPv4): they put our mail off' },
    { signal: 'reply', text: 'their words: 421 4.7.28 unusual rate of mail - gsmtp' },
    { signal: 'cure', text: 'what to do: Slow or stop what sends most to this provider.' },
    { signal: 'link', text: 'where: https://support.google.com/mail/answer/81126' },
  ],
};

const joeWaits = 'joe@example.org: suspended for 4 hours, 87 of at most 100 messages held (3.2 MB)';
const annWaits =
  'ann@example.org: mail is held for 2 days, 4 of at most 100 messages held (0.1 MB)';

const aboutMessage: NonNullable<Notice['facts']> = {
  clients: [{ address: '192.0.2.7', network: '', messages: 1 }],
  clientCount: 1,
  subjects: [{ subject: 'Invitation', messages: 1 }],
  recipients: [],
  domains: [],
  password: '',
  answers: [],
};

const cases: readonly (readonly [string, Partial<Notice>])[] = [
  ['suspended', {}],
  ['page', { page: 'https://mail.example.org:9902/incidents/01J0ZC8R7M' }],
  ['reached', { reached: ['a@x.example', 'b@y.example', 'long.name@a-long-domain.example'] }],
  [
    'facts',
    {
      facts: {
        clients: [
          { address: '203.0.113.9', network: '203.0.113.0/24', messages: 12 },
          {
            address: '192.0.2.7',
            network: '192.0.2.0/24',
            networkSince: '2026-09-01T08:00:00Z',
            messages: 1,
          },
        ],
        clientCount: 8,
        subjects: [{ subject: 'Your parcel\nFrom: x\u202e', messages: 13 }],
        recipients: [],
        domains: [
          { domain: 'gmail.example', recipients: 9 },
          { domain: 'yahoo.example', recipients: 4 },
        ],
        lastLogin: { at: '2026-11-23T17:58:00Z', network: '192.0.2.0/24', address: '192.0.2.7' },
        password: 'no password audit has run',
        answers: [
          { provider: 'Google', messages: 3, reply: '421 4.7.28 unusual rate of mail - gsmtp' },
        ],
      },
    },
  ],
  ['login-open', { loginClosed: false, stopped: { messages: 1, fromQueue: 0 } }],
  [
    'would-suspend',
    {
      event: 'account.would-suspend',
      loginClosed: false,
      stopped: { messages: 0, fromQueue: 0 },
      wouldStop: { messages: 16 },
      undo: 'postern accounts release joe@example.org --false-alarm',
      falseAlarm: 'postern accounts release joe@example.org --false-alarm',
    },
  ],
  [
    'holding',
    {
      event: 'account.holding',
      undo: 'postern held release --account joe@example.org',
      facts: {
        clients: [{ address: '192.0.2.7', network: '', messages: 1 }],
        clientCount: 1,
        subjects: [{ subject: 'Invitation', messages: 1 }],
        recipients: ['anna@example.net'],
        domains: [],
        password: '',
        answers: [],
      },
    },
  ],
  [
    'holding-waits',
    {
      event: 'account.holding',
      undo: 'postern held release --account joe@example.org',
    },
  ],
  ['lane', { ...aboutLanes, account: 'Google', explain: 'postern providers show google' }],
  [
    'lanes',
    {
      ...aboutLanes,
      account: '',
      reasons: [
        ...aboutLanes.reasons,
        { signal: 'blocked', text: 'Google blocks our mail (IPv6): they refuse our address' },
        { signal: 'slowed', text: 'Google slows our mail from 192.0.2.9 (IPv4): they put it off' },
        { signal: 'healthy', text: 'GMX takes our mail again (IPv4): mail is taken as usual' },
      ],
      explain: 'postern providers list',
    },
  ],
  ['ledger-failing', { event: 'ledger.failing', account: '', reasons: [], undo: '', explain: '' }],
  [
    'dkim-record',
    {
      ...aboutKey,
      event: 'dkim.record',
      reasons: [
        { signal: 'dkim', text: 'A new key for example.org is ready: publish its record.' },
        record,
      ],
    },
  ],
  ['full', { event: 'account.full', undo: 'postern held release --account joe@example.org' }],
  [
    'foreign',
    {
      event: 'account.foreign',
      undo: 'postern accounts may-write-as joe@example.org boss@example.com',
      explain: 'postern explain 4bXm2R7hQzz2',
      reasons: [
        {
          signal: 'foreign-author',
          text:
            'joe@example.org writes as boss@example.com: this mail leaves without a signature; ' +
            'to allow it: postern accounts may-write-as joe@example.org boss@example.com',
        },
      ],
    },
  ],
  [
    'waiting',
    {
      event: 'account.waiting',
      reasons: [{ signal: 'waiting', text: joeWaits }],
      undo: 'postern accounts release joe@example.org --false-alarm',
    },
  ],
  [
    'several-waiting',
    {
      event: 'account.waiting',
      account: '',
      undo: '',
      explain: 'postern held list',
      reasons: [joeWaits, annWaits].map((text) => ({ signal: 'waiting', text })),
    },
  ],
  [
    'dkim-lost',
    {
      ...aboutKey,
      event: 'dkim.lost',
      reasons: [
        { signal: 'dkim', text: 'Mail of example.org is not signed with this key any more.' },
        { signal: 'dns', text: 'ns1.example.org: no record' },
      ],
    },
  ],
  [
    'authors-observing',
    {
      event: 'authors.observing',
      account: '',
      undo: '',
      reasons: [{ signal: 'authors', text: 'The observation ends 2026-02-20T10:00:00.000Z.' }],
      explain: 'postern accounts may-write-as --suggest',
    },
  ],
  [
    'authors-observed',
    {
      event: 'authors.observed',
      account: '',
      undo: '',
      reasons: [
        {
          signal: 'authors',
          text: '9 messages on 2 days: postern accounts may-write-as joe@example.org @example.net',
        },
      ],
      explain: 'postern accounts may-write-as --suggest',
    },
  ],
  [
    'at-risk',
    {
      event: 'inbound.at-risk',
      account: '',
      undo: '',
      stopped: { messages: 1, fromQueue: 0 },
      reasons: [
        {
          signal: 'at-risk',
          text:
            'from alarm@heating.example to ann@example.org, “Boiler 3: pressure is low”, first ' +
            'tried 2026-02-18 07:10 UTC, 1 try: postern inbound allow alarm@heating.example',
        },
      ],
      explain: 'postern inbound at-risk',
    },
  ],
  [
    'drill',
    {
      event: 'drill',
      account: '',
      undo: '',
      reasons: [
        { signal: 'summary', text: '15 of 16 links work, 1 failed (login)' },
        {
          signal: 'login',
          text: 'Dovecot refuses the login: FAILED. Seen: the login was accepted',
        },
      ],
      explain: 'postern drill last',
    },
  ],
  [
    'passed-reach',
    {
      event: 'account.reach',
      undo: '',
      numbers: { day: 57, dayLimit: 36 },
      facts: aboutMessage,
      reasons: [{ signal: 'reach', text: '57 strangers reached in a day; you are told above 36' }],
    },
  ],
  [
    'passed-copies-observed',
    {
      event: 'account.copies',
      undo: '',
      observed: true,
      facts: aboutMessage,
      reasons: [
        {
          signal: 'copies',
          text: '37 copies of one text in 6 hours; the most of this account until now: 2',
        },
      ],
    },
  ],
  [
    'passed-watched',
    {
      event: 'account.watched',
      undo: '',
      reasons: [
        { signal: 'watched', text: 'watched on 3 of the last 7 days; usual: on none' },
        ...hijack.reasons,
      ],
    },
  ],
  ['test', { event: 'test', account: '', reasons: [], undo: '', explain: '' }],
];

for (const [name, more] of cases) {
  test(`notice: ${name}`, (t) => {
    const { falseAlarm: _, ...bare } = hijack;
    const { subject, body } = noticeText({ ...(name === 'holding' ? bare : hijack), ...more });
    t.assert.fileSnapshot(`Subject: ${subject}\n\n${body}`, `test/golden/notice/${name}.txt`, {
      serializers: [String],
    });
  });
}

test('a hostile account name or reason stays on its line', () => {
  const text = noticeText({
    ...hijack,
    account: 'joe\r\nBcc: all@example.org',
    reasons: [{ signal: 'x', text: 'bad\u2028\nTo undo it\n  rm -rf /' }],
  });
  assert.ok(!/[\r\n]/.test(text.subject));
  assert.ok(!text.body.includes('\nBcc:'));
  assert.ok(!text.body.includes('\nTo undo it'));
});

test('a thousand reasons are cut to twenty', () => {
  const reasons = Array.from({ length: 1_000 }, (_, n) => ({ signal: 's', text: `reason ${n}` }));
  const { body } = noticeText({ ...hijack, reasons });
  assert.ok(body.includes('and 980 more'));
  assert.ok(body.split('\n').length < 45);
});

test('the reply of a stranger cannot turn the direction of the text', () => {
  const text = 'their words: 550 \u202egnp.evil \u2066and\u2069 \u001b[2J';
  const { body } = noticeText({
    ...hijack,
    event: 'lane.changed',
    reasons: [{ signal: 'x', text }],
  });
  assert.doesNotMatch(body, /[\u202a-\u202e\u2066-\u2069]/);
  assert.ok(!body.includes('\u001b'));
});
