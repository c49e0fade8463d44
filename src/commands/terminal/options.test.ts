/** Durations, dates, counts and rates that the command line accepts or refuses. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseDuration } from '../../config/duration.ts';
import { dayMs, hourMs, minuteMs, secondMs } from '../../lib/time.ts';
import {
  countOption,
  durationOption,
  listLimitOption,
  pastOption,
  portOption,
  rateOption,
  untilOption,
} from './options.ts';

describe('a duration', () => {
  const cases: readonly (readonly [string, number | undefined])[] = [
    ['90s', 90 * secondMs],
    ['1h30m', hourMs + 30 * minuteMs],
    ['1.5d', 1.5 * dayMs],
    ['250ms', 250],
    ['2w', 14 * dayMs],
    ['5min', 5 * minuteMs],
    ['', undefined],
    ['90', undefined],
    ['1h 30m', undefined],
    ['-1h', undefined],
    ['1x', undefined],
  ];
  for (const [text, want] of cases) {
    test(`'${text}'`, () => assert.equal(parseDuration(text), want));
  }
});

describe('until when', () => {
  const near = (text: string, want: number): void =>
    assert.ok(Math.abs(untilOption(text) - want) < minuteMs, text);

  test('a duration counts from now, and now is now', () => {
    near('30d', Date.now() + 30 * dayMs);
    near('now', Date.now());
  });

  test('a date, and tomorrow, run to their last second in UTC', () => {
    assert.equal(untilOption('2099-12-31'), Date.UTC(2099, 11, 31, 23, 59, 59));
    const endOfTomorrow = (): number => new Date(Date.now() + dayMs).setUTCHours(23, 59, 59, 0);
    // Midnight may come while the test runs.
    const before = endOfTomorrow();
    const read = untilOption('tomorrow');
    assert.ok(read === before || read === endOfTomorrow(), `${read}`);
  });

  test('a time is taken as it stands', () => {
    assert.equal(untilOption('2099-01-01T12:00:00+02:00'), Date.UTC(2099, 0, 1, 10));
  });

  for (const text of ['soon', '2020-01-01', '2099', '31.12.2099', '2099-02-31x', '']) {
    test(`'${text}' is refused`, () => {
      assert.throws(() => untilOption(text), { code: 'commander.invalidArgument' });
    });
  }
});

test('counts, ports, limits and rates have bounds', () => {
  assert.deepEqual([countOption('7'), portOption('0'), listLimitOption('1000')], [7, 0, 1000]);
  assert.deepEqual([rateOption('5'), rateOption('0.5/s')], [5, 0.5]);
  const refused: readonly (readonly [(text: string) => number, readonly string[]])[] = [
    [countOption, ['0', '1.5', 'many', '1000001']],
    [portOption, ['65536', '-1', '1e3', '']],
    [listLimitOption, ['0', '1001', '1e2']],
    [rateOption, ['0', '5/m', '1001', 'fast', '']],
    [durationOption, ['5', 'long']],
  ];
  for (const [option, texts] of refused) {
    for (const text of texts) {
      const refusal = { code: 'commander.invalidArgument' };
      assert.throws(() => option(text), refusal, `${option.name} ${text}`);
    }
  }
});

describe('a time in the past', () => {
  test('a date begins with its first second, UTC; a time is taken as it is', () => {
    assert.equal(pastOption('2026-03-01'), Date.UTC(2026, 2, 1));
    assert.equal(pastOption('2026-03-01T10:00:00+01:00'), Date.UTC(2026, 2, 1, 9));
  });

  test('a duration is that long ago, and today began at most a day ago', () => {
    const before = Date.now();
    const ago = pastOption('2h');
    assert.ok(ago >= before - 2 * hourMs && ago <= Date.now() - 2 * hourMs);
    const began = pastOption('today');
    assert.ok(began % dayMs === 0 && began <= Date.now() && began > before - dayMs);
  });

  for (const text of ['soon', '2026', '2026-13-01', '10:00', '']) {
    test(`'${text}' is refused`, () => assert.throws(() => pastOption(text), /a duration \(2h/));
  }
});
