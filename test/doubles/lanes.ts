/** Lanes of three providers, one of which slows us, for tests of doors and the page. */
import type { LaneChange, LaneSample, LaneStanding } from '../../src/core/deliverability/lane.ts';
import { dayMs, hourMs, type Millis, minuteMs } from '../../src/lib/time.ts';
import type { LaneReply, LaneViews } from '../../src/ports/lanes.ts';

/** Nothing was sent yet. */
export const noLanes: LaneViews = {
  list: () => ({ lanes: [], newReplies: [], bulk: [], unread: '' }),
  bad: () => [],
  show: () => [],
  changes: () => [],
};

const slowReply =
  'host gmail-smtp-in.l.google.com[192.0.2.26] said: 421-4.7.28 Gmail has detected an unusual ' +
  'rate of mail originating from your IP address. 421 4.7.28 - gsmtp (in reply to end of DATA ' +
  'command)';
const ipv6Reply =
  'host gmail-smtp-in.l.google.com[2001:db8::26] said: 550-5.7.25 The IP address sending this ' +
  'message does not have a PTR record. 550 5.7.25 - gsmtp (in reply to end of DATA command)';
/** Words of a server that wants to do harm: markup, a turned direction, one long word. */
export const hostileReply: string =
  '450 <img src=x onerror="document.title=1"><b>we do not like you</b> \u202Egnihton\u202C \u0007' +
  'https://example.net/'.concat('a'.repeat(220));

function standing(provider: string, more: Partial<LaneStanding>): LaneStanding {
  return {
    source: '',
    family: 'ipv4',
    provider,
    state: 'healthy',
    since: 0 as Millis,
    reply: '',
    rule: '',
    cure: '',
    link: '',
    why: 'mail is taken as usual',
    commands: [],
    causedBy: undefined,
    incident: undefined,
    ...more,
  };
}

export function scriptedLanes(now: () => Millis): LaneViews {
  const start = now();
  const ago = (minutes: number): Millis => (start - minutes * minuteMs) as Millis;
  const slowed = standing('google', {
    state: 'slowed',
    since: ago(5),
    reply: slowReply,
    rule: 'google-rate-ip',
    cure: 'Find the account that sends too much, stop it, and send less for an hour.',
    link: 'https://support.google.com/mail/?p=UnsolicitedRateLimitError',
    why: 'they put our mail off, and have taken nothing since',
    causedBy: { account: 'joe.weber@example.org', share: 0.92 },
    incident: 'i-1',
  });
  const overIpv6 = standing('google', {
    family: 'ipv6',
    state: 'blocked',
    since: ago(3 * 24 * 60),
    reply: ipv6Reply,
    rule: 'google-ptr',
    cure: 'Set a PTR record for the address, or send to Google by IPv4.',
    link: 'https://support.google.com/mail/answer/81126',
    why: 'they refuse our address, and have taken nothing since',
    commands: [
      "postconf -Me 'smtp4/unix=smtp4 unix - - n - - smtp -o inet_protocols=ipv4'",
      "postmap -v 'texthash:/etc/postfix/transport'",
    ],
  });
  const others = [
    standing('yahoo', { since: ago(70 * 60) }),
    standing('example.net', {
      state: 'unknown',
      since: ago(40 * 60),
      why: 'no mail in the last 24 hours',
    }),
  ];
  const all = [overIpv6, slowed, ...others];
  const lastHour = { at: ago(60), sent: 4, deferred: 31, bounced: 0, delayP50: 2, delayP95: 340 };
  const changes: readonly LaneChange[] = [
    change(overIpv6, { from: 'healthy', to: 'blocked' }),
    change(slowed, { from: 'slowed', to: 'healthy', at: ago(26 * 60), reply: '', rule: '' }),
    change(slowed, { from: 'healthy', to: 'slowed', at: ago(28 * 60) }),
    change(slowed, { from: 'healthy', to: 'slowed' }),
  ].toSorted((one, other) => one.at - other.at);
  const isOf = (one: LaneStanding) => (other: LaneChange) =>
    one.provider === other.provider && one.family === other.family;
  return {
    list: () => ({
      lanes: all.map((one) => ({ ...one, lastHour })),
      newReplies: [
        {
          source: '',
          family: 'ipv4',
          provider: 'example.net',
          shape: '450 we do not like you',
          example: hostileReply,
          count: 3,
          firstAt: ago(50 * 60),
          lastAt: ago(2 * 60),
        },
      ],
      bulk: [
        {
          domain: 'example.org',
          provider: 'google',
          messagesADay: 3_120,
          busiestDay: Math.floor(start / dayMs),
          limitADay: 5_000,
          passedAt: undefined,
          missing: ['no key signs its mail (DKIM)'],
        },
      ],
      unread: '',
    }),
    bad: () => [{ source: '', family: 'ipv4', provider: 'google', state: 'slowed' }],
    show: (provider, since, stepMs = hourMs / 6) =>
      all
        .filter((one) => one.provider === provider)
        .map((one) => ({
          standing: one,
          changes: changes
            .filter(isOf(one))
            .filter(({ at }) => at >= since)
            .toReversed(),
          samples: samples(one, { start, since, stepMs }),
          replies: one.reply === '' ? [] : [replyOf(one, ago)],
        })),
    changes: (since, until) => changes.filter(({ at }) => at >= since && at <= until),
  };
}

function change(lane: LaneStanding, more: Partial<LaneChange>): LaneChange {
  const { family, provider, reply, rule, since, source } = lane;
  return {
    source,
    family,
    provider,
    at: since,
    from: 'healthy',
    to: 'slowed',
    reply,
    rule,
    ...more,
  };
}

function replyOf(lane: LaneStanding, ago: (minutes: number) => Millis): LaneReply {
  const { cure, reply, rule, state } = lane;
  const when = { firstAt: lane.since, lastAt: ago(0) };
  const scope = state === 'blocked' ? 'our-ip' : 'rate';
  return { shape: rule, example: reply, rule, scope, severity: state, cure, count: 31, ...when };
}

/** A calm day with two bad times, and no mail at night. */
function samples(
  lane: LaneStanding,
  {
    since,
    start,
    stepMs,
  }: { readonly start: Millis; readonly since: Millis; readonly stepMs: number },
): readonly LaneSample[] {
  if (lane.state === 'unknown') return [];
  const steps: LaneSample[] = [];
  const first = Math.ceil(since / stepMs) * stepMs;
  for (let at = first; at <= start; at += stepMs) {
    const hours = (start - at) / hourMs;
    const isNight = stepMs < dayMs && hours > 9 && hours < 14;
    if (isNight) continue;
    const isBad = lane.state === 'blocked' || hours < 1 || (hours > 26 && hours < 28);
    const wave = 1 + Math.sin(at / stepMs / 5);
    const taken = { sent: Math.round(12 + 8 * wave), deferred: 1, bounced: 0 };
    const count = isBad
      ? { sent: 4, deferred: 31, bounced: lane.state === 'blocked' ? 9 : 0 }
      : taken;
    const delayP95 = Math.round(isBad ? 340 + 60 * wave : 8 + 6 * wave);
    steps.push({ at: at as Millis, ...count, delayP50: isBad ? 40 : 2, delayP95 });
  }
  return steps;
}
