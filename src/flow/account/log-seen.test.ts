/** What the mail log tells reaches the right account's profile, once, and fills nobody's memory. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quietWorld } from '../../../test/doubles/world.ts';
import { noCeilings } from '../../core/account/policy.ts';
import { type AccountProfile, newProfile } from '../../core/account/profile.ts';
import { slotsOf } from '../../core/account/signals.ts';
import type { Account } from '../../core/account-name.ts';
import type { LogEvent } from '../../core/event.ts';
import { openReplyClassifier } from '../../core/replies/classifier.ts';
import { ourReplyRules } from '../../core/replies/rules/all.ts';
import { hash53 } from '../../lib/hash.ts';
import { dayMs, hourMs, type Millis, minuteMs } from '../../lib/time.ts';
import type { Change, MessageRow } from '../../ports/ledger.ts';
import { openDoorNotes } from '../bypass/door-notes.ts';
import { openQueueTrails } from '../bypass/queue-trails.ts';
import { type LogSeenDeps, openLogSeen } from './log-seen.ts';

const start = Date.UTC(2026, 2, 4, 12) as Millis;
const joe = 'joe@example.test' as Account;
const home = '192.0.2.7';
const abroad = '198.51.100.9';

function rig() {
  const profiles = new Map<Account, AccountProfile>();
  const profile = newProfile((start - 9 * dayMs) as Millis);
  const minute = Math.floor((start - 9 * dayMs) / minuteMs);
  profile.networks.push({ network: '192.0.2.0/24', first: minute, last: minute });
  profiles.set(joe, profile);
  const messages = new Map<string, MessageRow>();
  const counted = new Map<string, number>();
  let changed = 0;
  let asked = 0;
  const meta = new Map<string, string>();
  const commits: Change[][] = [];
  const trails = openQueueTrails();
  const notes = openDoorNotes({ now: () => start }, () => 7);
  const deps: LogSeenDeps = {
    accounts: {
      known: (account) => profiles.get(account),
      changed: () => void changed++,
      change: (account, { state }) => ({
        kind: 'account',
        account,
        state,
        profile: () => '',
        learned: [],
        forgotten: [],
      }),
      context: { people: { seed: 7, knownHere: () => undefined }, policy: noCeilings } as never,
    },
    trails,
    notes,
    replies: openReplyClassifier(ourReplyRules),
    journal: {
      commit(changes) {
        commits.push([...changes]);
        for (const change of changes)
          if (change.kind === 'meta') meta.set(change.key, change.value);
      },
      live: {
        message(queueId) {
          asked++;
          return messages.get(queueId);
        },
        meta: (key) => meta.get(key),
      },
    },
    world: quietWorld({
      count: (name, by = 1, label = '') => {
        const key = `${name.replace(/^postern_mail_log_|_total$/g, '')} ${label}`;
        counted.set(key, (counted.get(key) ?? 0) + by);
      },
    }),
  };
  let flow = openLogSeen(deps);
  const sent = (queueId: string, at: Millis, to: readonly string[] = ['x@world.test']): void => {
    const rest = { recipients: to.length, client: home, sender: joe, messageId: '' };
    messages.set(queueId, { queueId, at, account: joe, verdict: 'pass', ...rest });
    notes.judged({ kind: 'send', id: queueId, at, account: joe, outside: to, local: [] });
  };
  return {
    profile,
    profiles,
    counted,
    sent,
    seen(event: LogEvent) {
      trails.seen(event);
      flow.seen(event);
    },
    taken: (place: string) => flow.taken('mail-log x', place),
    commits,
    /** Nothing is remembered but what was written. */
    restart() {
      const none = { recipients: () => undefined };
      flow = openLogSeen({ ...deps, notes: none, trails: openQueueTrails() });
    },
    changes: () => changed,
    questions: () => asked,
    unknownUsers: () => profile.sums[slotsOf['failed-recipients'][0] ?? 0] ?? 0,
    refusals: () => profile.sums[slotsOf['provider-replies'][0] ?? 0] ?? 0,
  };
}

function loginEvent(ok: boolean, client: string, at: number, more = {}): LogEvent {
  return { kind: 'login', at: at as Millis, account: joe, client, ok, times: 1, ...more };
}

function bounced(queueId: string, at: number, more = {}): LogEvent {
  const reply = 'host mx said: 550 5.1.1 no such user';
  const to = { recipient: 'x@world.test', original: 'x@world.test' };
  const fact = { kind: 'delivery', outcome: 'bounced', service: 'postfix/smtp', reply } as const;
  const next = {
    nextId: '',
    status: '5.1.1',
    mxHost: 'mx',
    mxAddress: '',
    from: '',
    delaySeconds: 1,
  };
  const where = { requeuedAs: '', relay: 'other', ...next } as const;
  return { ...fact, ...to, queueId, at: at as Millis, ...where, ...more };
}

function entered(queueId: string, at: number, more = {}): LogEvent {
  const rest = { firstClient: '', login: undefined, uid: undefined, previousId: '' };
  const fact = { kind: 'entered', service: 'postfix/smtpd', client: home, ...rest } as const;
  return { ...fact, queueId, at: at as Millis, ...more };
}

test('failed logins and then a good one from elsewhere are a guess that hit', () => {
  const { profile, seen } = rig();
  seen(loginEvent(false, abroad, start, { times: 4 }));
  for (let nth = 0; nth < 6; nth++) seen(loginEvent(false, abroad, start + nth));
  assert.equal(profile.breachFails, 0);
  seen(loginEvent(true, abroad, start + 60_000));
  assert.equal(profile.breachFails, 10);
});

test('the same login is recorded once in ten minutes, unless one failed in between', () => {
  const { profile, seen, changes, counted } = rig();
  for (let nth = 0; nth < 30; nth++) seen(loginEvent(true, home, start + nth * 20_000));
  assert.equal(changes(), 1);
  seen(loginEvent(true, home, start + 11 * minuteMs));
  assert.equal(changes(), 2);
  assert.equal(counted.get('dropped repeated-login'), 29);
  seen(loginEvent(true, abroad, start + 12 * minuteMs));
  seen(loginEvent(false, abroad, start + 13 * minuteMs, { times: 8 }));
  seen(loginEvent(true, abroad, start + 14 * minuteMs));
  assert.equal(profile.breachFails, 8);
});

test('sending mail does not hide that the account reads its mail from there', () => {
  const { seen, changes, counted } = rig();
  for (const protocol of ['smtp', 'imap', 'smtp', 'imap'] as const) {
    seen(loginEvent(true, home, start, { protocol }));
  }
  assert.equal(changes(), 2);
  assert.equal(counted.get('dropped repeated-login'), 2);
});

test('names that strangers make up are counted and forgotten', () => {
  const { profiles, seen, changes, counted } = rig();
  for (let nth = 0; nth < 1_000; nth++) {
    seen(loginEvent(false, abroad, start, { account: `guess${nth}@example.test` as Account }));
  }
  assert.equal(profiles.size, 1);
  assert.equal(changes(), 0);
  assert.equal(counted.get('dropped unknown-account'), 1_000);
  assert.equal(counted.get('events login-failed'), 1_000);
});

test('logins that fail because the account is suspended are no guesses', () => {
  const { profile, seen, changes } = rig();
  profile.state = 'suspended';
  seen(loginEvent(false, home, start, { times: 50 }));
  assert.equal(profile.failedLogins, 0);
  assert.equal(changes(), 0);
});

test('a failure without a name belongs to the account the password service named last', () => {
  const { profile, seen, counted } = rig();
  const unnamed = (at: number): LogEvent => loginEvent(false, abroad, at, { account: undefined });
  seen(unnamed(start));
  assert.equal(profile.failedLogins, 0);
  const named = { kind: 'mismatch', account: joe, client: abroad } as const;
  seen({ ...named, at: start });
  assert.equal(profile.failedLogins, 0, 'that a password was wrong somewhere is no failed login');
  seen(unnamed(start + 2_000));
  assert.equal(profile.failedLogins, 1);
  seen(unnamed(start + 3_000));
  assert.equal(profile.failedLogins, 1, 'one for one');
  seen({ ...named, at: start });
  seen(unnamed(start + hourMs));
  assert.equal(counted.get('dropped unnamed-login'), 3);
});

test('an unknown recipient counts for whoever sent the message', () => {
  const { seen, sent, unknownUsers, commits, taken } = rig();
  const to = ['a@world.test', 'b@world.test', 'c@world.test', 'full@world.test'];
  sent('4jYG8k1YQFzJB27', start, to);
  for (const [nth, recipient] of to.slice(0, 3).entries()) {
    seen(bounced('4jYG8k1YQFzJB27', start + nth, { recipient, original: recipient }));
  }
  assert.ok(Math.abs(unknownUsers() - Math.sqrt(3)) < 0.01);
  const full = { recipient: to[3], original: to[3], reply: '552 5.2.2 mailbox full' };
  seen(bounced('4jYG8k1YQFzJB27', start + 9, full));
  assert.ok(Math.abs(unknownUsers() - Math.sqrt(3)) < 0.01);
  taken('place 1');
  taken('place 2');
  assert.equal(commits.length, 1, 'written once, with the place in the log');
  assert.deepEqual(
    commits[0]?.map((change) => (change.kind === 'meta' ? change.key : change.kind)),
    ['account', 'told-bounces', 'mail-log x'],
  );
});

test('a recipient of a message counts once, however many lines say it', () => {
  const { seen, sent, unknownUsers, counted, taken, restart } = rig();
  sent('4jYG8k1YQFzJB27', start);
  for (let nth = 0; nth < 16; nth++) seen(bounced('4jYG8k1YQFzJB27', start + nth));
  assert.ok(Math.abs(unknownUsers() - 1) < 0.01);
  assert.equal(counted.get('dropped repeated-bounce'), 15);
  taken('place');
  restart();
  seen(bounced('4jYG8k1YQFzJB27', start + 20));
  assert.ok(Math.abs(unknownUsers() - 1) < 0.01, 'not after a restart either');
});

test('only recipients that the message had count', () => {
  const { seen, sent, unknownUsers, counted } = rig();
  sent('4jYG8k1YQFzJB27', start);
  for (let nth = 0; nth < 20; nth++) {
    const other = `stranger${nth}@world.test`;
    seen(bounced('4jYG8k1YQFzJB27', start + nth, { recipient: other, original: other }));
  }
  assert.equal(unknownUsers(), 0);
  assert.equal(counted.get('dropped unknown-recipient'), 20);
  seen(bounced('4jYG8k1YQFzJB27', start + 30, { recipient: 'alias@other.test' }));
  assert.ok(Math.abs(unknownUsers() - 1) < 0.01, 'the address behind an alias of a recipient');
});

test('after a restart: people of the account, at most as many as the message had', () => {
  const { profile, seen, sent, unknownUsers, restart } = rig();
  const people = Array.from({ length: 9 }, (_, nth) => `friend${nth}@world.test`);
  for (const one of people) profile.book.add(hash53(one, 7), 1);
  sent('4jYG8k1YQFzJB27', start, people.slice(0, 2));
  restart();
  for (const [nth, one] of people.entries()) {
    seen(bounced('4jYG8k1YQFzJB27', start + nth, { recipient: one, original: one }));
  }
  seen(bounced('4jYG8k1YQFzJB27', start + 20, { original: 'stranger@world.test' }));
  assert.ok(Math.abs(unknownUsers() - Math.sqrt(2)) < 0.01);
});

test('messages that are not known, or came later under the same id, are nobody’s', () => {
  const { seen, sent, unknownUsers, counted } = rig();
  seen(bounced('AAAAAAAAAA', start));
  sent('BBBBBBBBBB', (start + hourMs) as Millis);
  seen(bounced('BBBBBBBBBB', start));
  seen(bounced('../../etc', start));
  assert.equal(unknownUsers(), 0);
  assert.equal(counted.get('dropped unknown-message'), 3);
});

test('the ledger is asked only about what failed, and once a message', () => {
  const { seen, sent, questions } = rig();
  sent('AAAAAAAAAA', start);
  for (let nth = 0; nth < 50; nth++) {
    seen(bounced('AAAAAAAAAA', start, { outcome: nth % 2 === 0 ? 'sent' : 'deferred' }));
  }
  assert.equal(questions(), 0);
  for (let nth = 0; nth < 50; nth++) seen(bounced('AAAAAAAAAA', start + nth));
  assert.equal(questions(), 1);
});

test('a filter hands a message back under another id: it is still the sender’s', () => {
  const { seen, sent, unknownUsers } = rig();
  sent('AAAAAAAAAA', start);
  seen(entered('AAAAAAAAAA', start, { login: joe }));
  seen(entered('CCCCCCCCCC', start + 500, { client: '127.0.0.1' }));
  seen(bounced('AAAAAAAAAA', start, { outcome: 'sent', requeuedAs: 'CCCCCCCCCC', relay: 'here' }));
  seen(bounced('CCCCCCCCCC', start + 1_000));
  assert.ok(Math.abs(unknownUsers() - 1) < 0.01);
});

test('a refusal of content counts once for a message and a site, also after a restart', () => {
  const { profile, refusals, sent, seen, restart, taken, unknownUsers } = rig();
  const to = ['a@gmail.com', 'b@gmail.com', 'c@world.test'];
  sent('ABCDEF1', start, to);
  const spam = '550 5.7.1 message rejected as spam';
  const mxHost = 'gmail-smtp-in.l.google.com';
  const at = (recipient: string) => ({ recipient, original: recipient, reply: spam, mxHost });
  seen(bounced('ABCDEF1', start + 1, { ...at('a@gmail.com'), outcome: 'deferred' }));
  assert.equal(refusals(), 1);
  seen(bounced('ABCDEF1', start + 2, at('b@gmail.com')));
  taken('place');
  restart();
  seen(bounced('ABCDEF1', start + 3, at('a@gmail.com')));
  assert.ok(refusals() <= 1, `${refusals()}`);
  assert.equal(profile.refusingSites.length, 1);
  assert.equal(unknownUsers(), 0);
  seen(bounced('ABCDEF1', start + 4, { recipient: 'c@world.test', original: 'c@world.test' }));
  assert.equal(unknownUsers(), 0, 'not known after the restart');
  seen(bounced('ABCDEF1', start + 5, { ...at('x@gmail.com') }));
  assert.equal(profile.refusingSites.length, 1);
});

test('a refusal says nothing if a filter here, or our own mail server, says it', () => {
  const { refusals, sent, seen } = rig();
  sent('ABCDEF1', start, ['a@gmail.com']);
  const to = { recipient: 'a@gmail.com', original: 'a@gmail.com' };
  const reply = '550 5.7.1 message rejected as spam';
  seen(bounced('ABCDEF1', start + 1, { ...to, reply, relay: 'here', mxHost: 'localhost' }));
  seen(bounced('ABCDEF1', start + 2, { ...to, reply: 'message content rejected', relay: 'none' }));
  seen(bounced('ABCDEF2', start + 3, { ...to, reply }));
  assert.equal(refusals(), 0);
});
