/**
 * The mail log in the systemd journal: followed live, resumed, and not believed when a person wrote
 * it.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { LogEvent } from '../../src/core/event.ts';
import { lostInRecord } from '../../src/doors/log/lost-lines.ts';
import { openMailLog } from '../../src/doors/log/reader.ts';
import { followJournal, type JournalRecord } from '../../src/doors/log/systemd-journal.ts';
import type { Millis } from '../../src/lib/time.ts';
import { type JournaldInstance, startJournald } from './journald-instance.ts';
import { eventually } from './leash.ts';

/** Root, and Postfix as in these tests. */
const writers: ReadonlySet<number> = new Set([0, 102]);

let journald: JournaldInstance;
before(async () => {
  journald = await startJournald();
});
after(() => journald?.[Symbol.asyncDispose]());

async function follow(resume?: string) {
  const records: JournalRecord[] = [];
  const troubles: string[] = [];
  let reading = 0;
  const follower = followJournal(
    {
      records: (more) => void records.push(...more),
      fault: (what, cause) => void troubles.push(`${what} ${cause}`),
      reading: (is) => {
        if (is) reading++;
      },
    },
    { resume, uids: () => writers, more: journald.words },
  );
  await eventually('journalctl runs', () => reading > 0 || undefined);
  return {
    records,
    troubles,
    place: () => follower.place() ?? '',
    /** Begins at the end: only what is said from now on comes, once journalctl has got there. */
    async warm() {
      await eventually('the first record', async () => {
        await journald.log('postfix/test', 'are you there?');
        return records.length > 0 || undefined;
      });
    },
    until: (message: string) =>
      eventually(message, () => records.some((record) => record.message === message), {
        detail: () => JSON.stringify({ records: records.slice(-3), troubles }),
      }),
    [Symbol.asyncDispose]: () => follower.close(),
  };
}

test('what mail programs say comes as they say it', async () => {
  await using seen = await follow();
  await seen.warm();
  await journald.log('postfix/submission/smtpd', 'warning: unknown[127.0.3.1]: SASL PLAIN é €');
  await seen.until('warning: unknown[127.0.3.1]: SASL PLAIN é €');
  const record = seen.records.at(-1);
  assert.equal(record?.tag, 'postfix/submission/smtpd');
  assert.ok(Math.abs((record?.logged ?? 0) - Date.now()) < 60_000);
  await journald.log('dovecot', Buffer.from('not utf-8: \xe9', 'latin1'));
  await seen.until('not utf-8: é');
  assert.deepEqual(seen.troubles, []);
});

test('a person or a website that calls logger(1) is not a mail program', async () => {
  await using seen = await follow();
  await seen.warm();
  await journald.log('postfix/smtpd', 'said by a person', 4_711);
  await journald.log('postfix/smtpd', 'said by a website', 33);
  await journald.log('postfix/smtpd', 'said by Postfix', 102);
  await seen.until('said by Postfix');
  assert.ok(!seen.records.some(({ message }) => /person|website/.test(message)));
});

test('continues after the last record; drops an unknown cursor', async () => {
  let place = '';
  {
    await using first = await follow();
    await first.warm();
    await journald.log('postfix/smtpd', 'before');
    await first.until('before');
    place = first.place();
  }
  for (let nth = 0; nth < 30; nth++) await journald.log('postfix/smtpd', `meanwhile ${nth}`);
  await using second = await follow(place);
  await second.until('meanwhile 29');
  const messages = second.records.map(({ message }) => message);
  assert.deepEqual(
    messages,
    [...Array(30).keys()].map((nth) => `meanwhile ${nth}`),
  );
  await using third = await follow('no cursor');
  await third.warm();
  assert.ok(third.troubles.every((text) => text.startsWith('ended ')));
});

test('the door: a failed login in the journal is an event, and its place is kept', async () => {
  const events: LogEvent[] = [];
  const kept = new Map<string, string>();
  const counted = new Map<string, number>();
  const state = { names: '', reading: 0, wanted: 0 };
  {
    await using _door = openMailLog({
      source: async () => ({ kind: 'journal' }),
      more: [],
      defaultDomain: 'example.test',
      handler: { seen: (event) => void events.push(event), taken: () => undefined },
      journalUids: () => writers,
      places: { read: () => undefined, write: (key, place) => void kept.set(key, place) },
      clock: { now: () => Date.now() as Millis },
      log: () => undefined,
      count: (name, by = 1) => void counted.set(name, (counted.get(name) ?? 0) + by),
      health: {
        lines: () => undefined,
        lost: () => undefined,
        away: () => undefined,
        strangest: () => undefined,
      },
      state: (names, reading, wanted) => Object.assign(state, { names: names[0], reading, wanted }),
      journalWords: journald.words,
    });
    await eventually('an event', async () => {
      const said =
        'warning: unknown[192.0.2.9]: SASL LOGIN authentication failed: x, sasl_username=joe';
      await journald.log('postfix/smtpd', said);
      return events.length > 0 || undefined;
    });
    assert.deepEqual(state, { names: 'journal', reading: 1, wanted: 1 });
  }
  const { at, ...fact } = events[0] ?? { at: 0 };
  assert.ok(Math.abs(at - Date.now()) < 60_000);
  const login = {
    kind: 'login',
    account: 'joe@example.test',
    client: '192.0.2.9',
    protocol: 'smtp',
    auth: 'LOGIN',
  };
  assert.deepEqual(fact, { ...login, ok: false, times: 1 });
  assert.match(kept.get('mail-log journal') ?? '', /^s=/);
  assert.ok((counted.get('postern_mail_log_lines_total') ?? 0) > 0);
});

test('what journald says it dropped comes, although no mail program says it', async () => {
  await using seen = await follow();
  await seen.warm();
  const message = 'Suppressed 1234 messages from postfix@-.service';
  await journald.record({
    MESSAGE: message,
    MESSAGE_ID: 'a596d6fe7bfa4994828e72309e95d61e',
    SYSLOG_IDENTIFIER: 'systemd-journald',
  });
  await seen.until(message);
  const record = seen.records.find((one) => one.message === message);
  assert.ok(record !== undefined);
  assert.deepEqual(lostInRecord(record), {
    source: 'systemd-journald (postfix@-.service)',
    lines: 1_234,
  });
});
