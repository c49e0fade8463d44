/** Lanes of three providers, one of which slows us, for tests of doors and the page. */
import type { LaneSample, LaneStanding } from '../../src/core/deliverability/lane.ts';
import { hourMs, type Millis } from '../../src/lib/time.ts';
import type { LaneViews } from '../../src/ports/lanes.ts';

/** Nothing was sent yet. */
export const noLanes: LaneViews = {
  list: () => ({ lanes: [], newReplies: [], bulk: [], unread: '' }),
  bad: () => [],
  show: () => [],
  changes: () => [],
};

const reply =
  'host gmail-smtp-in.l.google.com[192.0.2.26] said: 421-4.7.28 Gmail has detected an unusual ' +
  'rate of mail originating from your IP address. 421 4.7.28 - gsmtp (in reply to end of DATA ' +
  'command)';

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

/** A week of a lane: quiet, until the last hours. */
function weekOf(start: Millis): readonly LaneSample[] {
  return Array.from({ length: 84 }, (_, nth) => {
    const at = (start - (84 - nth) * 2 * hourMs) as Millis;
    const isBad = nth >= 81;
    const sent = isBad ? 4 : 20 + Math.round(8 * Math.sin(nth / 3));
    const deferred = isBad ? 31 : nth % 9 === 0 ? 1 : 0;
    const delayP95 = isBad ? 340 : 12 + (nth % 7);
    return { at, sent, deferred, bounced: 0, delayP50: isBad ? 21 : 2, delayP95 };
  });
}

export function scriptedLanes(now: () => Millis): LaneViews {
  const start = now();
  const ago = (hours: number): Millis => (start - hours * hourMs) as Millis;
  const slowed = standing('google', {
    state: 'slowed',
    since: ago(1),
    reply,
    rule: 'google-rate-ip',
    cure: 'Find the account that sends too much, stop it, and send less for an hour.',
    link: 'https://support.google.com/mail/?p=UnsolicitedRateLimitError',
    why: 'they put our mail off, and have taken nothing since',
    causedBy: { account: 'joe@example.org', share: 0.92 },
    incident: 'i-1',
  });
  const others = [
    standing('yahoo', { since: ago(70) }),
    standing('example.net', { state: 'unknown', why: 'no mail in the last 24 hours' }),
  ];
  const lastHour = { at: ago(1), sent: 4, deferred: 31, bounced: 0, delayP50: 2, delayP95: 340 };
  const change = { source: '', family: 'ipv4', provider: 'google' } as const;
  return {
    list: () => ({
      lanes: [slowed, ...others].map((one) => ({ ...one, lastHour })),
      newReplies: [
        {
          source: '',
          family: 'ipv4',
          provider: 'example.net',
          shape: '450 we do not like you',
          example: '450 we do not like you',
          count: 3,
          firstAt: ago(50),
          lastAt: ago(2),
        },
      ],
      bulk: [
        {
          domain: 'example.org',
          provider: 'google',
          messagesADay: 3_120,
          busiestDay: Math.floor(start / (24 * hourMs)),
          limitADay: 5_000,
          passedAt: undefined,
          missing: ['no key signs its mail (DKIM)'],
        },
      ],
      unread: '',
    }),
    bad: () => [{ source: '', family: 'ipv4', provider: 'google', state: 'slowed' }],
    show: (provider) =>
      [slowed, ...others]
        .filter((one) => one.provider === provider)
        .map((one) => ({
          standing: one,
          changes: [
            { ...change, at: ago(1), from: 'healthy', to: 'slowed', reply, rule: slowed.rule },
          ],
          samples: weekOf(start),
          replies: [
            {
              shape: '421 4.7.28 unusual rate',
              example: reply,
              rule: slowed.rule,
              scope: 'rate',
              severity: 'slowed',
              cure: slowed.cure,
              count: 31,
              firstAt: ago(1),
              lastAt: start,
            },
          ],
        })),
    changes: () => [
      { ...change, at: ago(1), from: 'healthy', to: 'slowed', reply, rule: slowed.rule },
    ],
  };
}
