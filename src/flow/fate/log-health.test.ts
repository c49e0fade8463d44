/** A mail log that does not tell what becomes of mail. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hourMs, minuteMs } from '../../lib/time.ts';
import { openLogHealth } from './log-health.ts';

function rig(isExpected = true) {
  let now = 0;
  const troubles = new Map<string, string>();
  let unread: string | undefined;
  const health = openLogHealth({
    nowMs: () => now,
    isExpected,
    unread: (why) => {
      unread = why;
    },
    troubles: {
      set: (part, why) => {
        if (why === undefined) troubles.delete(part);
        else troubles.set(part, why);
      },
    },
  });
  return {
    health,
    unread: () => unread,
    /** Time goes on, looked at every half minute. */
    after(ms: number): readonly string[] {
      for (let left = ms; left > 0; left -= minuteMs / 2) {
        now += Math.min(left, minuteMs / 2);
        health.look();
      }
      return [...troubles.values()];
    },
  };
}

test('silence while mail comes in is said within five minutes, and is over with a line', () => {
  const { after, health } = rig();
  health.reading(1, 1, []);
  assert.deepEqual(after(60 * minuteMs), [], 'no mail, no lines');
  health.judged();
  assert.deepEqual(after(2 * minuteMs), []);
  health.judged();
  const [why = ''] = after(3 * minuteMs);
  assert.match(why, /^Mail log: no new line for \d minutes, although 2 messages came in/);
  health.lines();
  assert.deepEqual(after(10 * minuteMs), []);
});

test('a log that never had a line may be that of another machine', () => {
  const { after, health } = rig(false);
  health.reading(1, 1, []);
  health.judged();
  assert.deepEqual(after(30 * minuteMs), []);
  health.lines();
  health.judged();
  assert.equal(after(5 * minuteMs).length, 1);
});

test('a log whose file is away tells nothing of lanes after minutes, and is no trouble', () => {
  const { after, health, unread } = rig();
  health.reading(1, 1, []);
  health.away('/var/log/mail.log', true);
  assert.deepEqual(after(2 * minuteMs), []);
  assert.equal(unread(), undefined);
  health.lines();
  after(2 * minuteMs);
  assert.equal(unread(), undefined, 'what was moved is still written to');
  assert.deepEqual(after(2 * minuteMs), []);
  assert.match(unread() ?? '', /^Mail log: \/var\/log\/mail\.log was moved or removed/);
  health.away('/var/log/mail.log', false);
  after(minuteMs);
  assert.equal(unread(), undefined);
});

test('a log that is gone is said within five minutes; a rotation is not', () => {
  const { after, health } = rig(false);
  health.reading(0, 1, ['/var/log/mail.log']);
  assert.deepEqual(after(10 * minuteMs), [], 'it was never there: doctor says so');
  health.reading(1, 1, []);
  health.reading(0, 1, ['/var/log/mail.log']);
  assert.deepEqual(after(minuteMs), []);
  health.reading(1, 1, []);
  assert.deepEqual(after(10 * minuteMs), []);
  health.reading(0, 1, ['/var/log/mail.log']);
  assert.match(
    after(5 * minuteMs)[0] ?? '',
    /^Mail log: 0 of 1 can be read, not \/var\/log\/mail\.log\. /,
  );
  health.reading(1, 1, []);
  assert.deepEqual(after(minuteMs), []);
});

test('dropped lines are added up, and said for an hour', () => {
  const { after, health } = rig();
  health.lost('rsyslogd', 5);
  health.lost('rsyslogd', 6);
  assert.match(after(minuteMs)[0] ?? '', /^Mail log: rsyslogd dropped 11 lines within an hour/);
  assert.deepEqual(after(hourMs), []);
});

test('lines that are dropped all day count for an hour each', () => {
  const { after, health } = rig();
  for (let half = 0; half < 8; half++) {
    health.lost('rsyslogd', 1);
    after(hourMs / 2);
  }
  assert.match(after(1)[0] ?? '', /dropped 2 lines within an hour/);
});
