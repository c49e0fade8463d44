/**
 * For tests of the page: a month in numbers, in which one web script begins to send spam. Nothing
 * is random.
 */
import { dayMs } from '../../src/lib/time.ts';
import type {
  StatsAnswer,
  StatsKind,
  StatsLine,
  StatsQuery,
  Tally,
} from '../../src/ports/stats.ts';

export function scriptedStats(query: StatsQuery): StatsAnswer {
  const days = query.until - query.since + 1;
  const daily = Array.from({ length: days }, (_, i) => day(query.since + i, days - i));
  const sum = (name: keyof Tally): number => daily.reduce((all, one) => all + one[name], 0);
  const total = line('', {
    messages: sum('messages'),
    recipients: sum('recipients'),
    scored: sum('scored'),
    spam: sum('spam'),
    stopped: sum('stopped'),
    p90: 2.4,
  });
  const lines = query.by === 'day' ? daily.toReversed() : (others[query.by] ?? []);
  return {
    query,
    total,
    lines: lines.slice(0, query.limit),
    keys: lines.length,
  };
}

/** `left`: days until the end. */
function day(at: number, left: number): StatsLine {
  const weekday = (at + 4) % 7;
  const weekend = weekday === 0 || weekday === 6;
  const messages = weekend ? 420 + (at % 5) * 31 : 1_630 + (at % 7) * 97;
  const spam = left <= 4 ? 60 + (5 - left) * 45 : at % 4;
  return line(new Date(at * dayMs).toISOString().slice(0, 10), {
    messages: messages + spam,
    scored: messages + spam,
    recipients: messages * 2,
    spam,
    stopped: Math.floor(spam * 0.9),
    p50: 0.3,
    p90: left <= 4 ? 6.4 : 2.1,
    mean: 0.8,
  });
}

const others: Partial<Record<StatsKind, readonly StatsLine[]>> = {
  script: [
    line('/var/www/club/kontakt.php', {
      messages: 742,
      recipients: 742,
      spam: 612,
      stopped: 590,
      mean: 8.9,
      meanBefore: 0.6,
      p50: 9.3,
      p90: 12.2,
    }),
    line('/var/www/shop/htdocs/wp-content/plugins/order-mailer/send.php', {
      messages: 3_310,
      recipients: 3_412,
      spam: 9,
      stopped: 1,
      mean: 0.4,
      meanBefore: 0.5,
    }),
  ],
  account: [
    line('script:/var/www/club/kontakt.php', {
      messages: 742,
      recipients: 742,
      spam: 612,
      stopped: 590,
      mean: 8.9,
      meanBefore: 0.6,
    }),
    line('newsletter@example.org', { messages: 6_100, recipients: 6_100, spam: 4, mean: 2.2 }),
    line('ann@example.org', { messages: 310, recipients: 405, spam: 1, mean: 0.1 }),
  ],
  rule: [
    line('HTML_MESSAGE', { messages: 20_114, points: 20 }),
    line('URI_PHISH', { messages: 598, points: 2_310, mean: 3.9 }),
    line('MISSING_SUBJECT', { messages: 112, points: 200, mean: 1.8 }),
  ],
};

function line(key: string, more: Partial<StatsLine>): StatsLine {
  const messages = more.messages ?? 0;
  return {
    key,
    messages,
    recipients: messages,
    stopped: 0,
    scored: messages,
    points: 0,
    spam: 0,
    viruses: 0,
    scans: Math.ceil(messages / 3),
    reused: Math.floor((messages * 2) / 3),
    unscanned: 0,
    scanMs: messages * 40,
    mean: 0,
    p50: 0.2,
    p90: 1.9,
    p99: 4.2,
    meanBefore: undefined,
    ...more,
  };
}
