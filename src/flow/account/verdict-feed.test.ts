/** The live feed: bounded, newest first, and a listener that fails troubles nobody. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Millis, minuteMs } from '../../lib/time.ts';
import type { FeedItem } from '../../ports/admin.ts';
import { openFeed } from './verdict-feed.ts';

const item = (nth: number, more: Partial<FeedItem> = {}): FeedItem => ({
  at: (nth * 1_000) as Millis,
  id: `Q${nth}`,
  account: 'joe@here.test',
  verdict: 'pass',
  state: 'clear',
  recipients: 1,
  why: '',
  observed: false,
  ...more,
});

test('the last ones, newest first, never more than asked for or kept', () => {
  const feed = openFeed();
  for (let nth = 0; nth < 1_000; nth++) feed.add(item(nth));
  assert.deepEqual(
    feed.recent(3).map(({ id }) => id),
    ['Q999', 'Q998', 'Q997'],
  );
  assert.equal(feed.recent(10_000).length, 200);
  assert.equal(feed.verdicts.pass, 1_000);
});

test('counts a minute, for two hours', () => {
  const feed = openFeed();
  for (let minute = 0; minute < 300; minute++) {
    feed.add(item(minute * 60, { verdict: 'hold' }));
    feed.add(item(minute * 60 + 59));
  }
  const minutes = feed.minutes((299 * minuteMs) as Millis);
  assert.equal(minutes.length, 120);
  assert.ok(minutes.every(({ pass, hold }) => pass === 1 && hold === 1));
  const last = minutes.at(-1);
  assert.deepEqual([last?.at, last?.pass, last?.hold], [299 * minuteMs, 1, 1]);
});

test('a clock that was set back goes on in the newest minute', () => {
  const feed = openFeed();
  feed.add(item(600));
  feed.add(item(0));
  assert.equal(feed.minutes((10 * minuteMs) as Millis).at(-1)?.pass, 2);
});

test('minutes without mail are there, and empty', () => {
  const feed = openFeed();
  feed.add(item(60));
  const passed = feed.minutes((3 * minuteMs) as Millis).map(({ pass }) => pass);
  assert.deepEqual(passed.slice(-4), [0, 1, 0, 0]);
});

test('a listener that throws is not called again, the others are; who stops is gone', () => {
  const feed = openFeed();
  const heard: string[] = [];
  let faults = 0;
  feed.watch(() => {
    faults++;
    throw new Error('the browser went away');
  });
  const stop = feed.watch(({ id }) => void heard.push(id));
  feed.add(item(1));
  feed.add(item(2));
  stop();
  feed.add(item(3));
  assert.deepEqual([heard, faults], [['Q1', 'Q2'], 1]);
});

test('listeners are bounded', () => {
  const feed = openFeed();
  let heard = 0;
  for (let nth = 0; nth < 1_000; nth++) feed.watch(() => void heard++);
  feed.add(item(1));
  assert.ok(heard > 0 && heard < 100, `${heard}`);
});
