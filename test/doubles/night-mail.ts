/** The mail of the made-up night: its outcome, and what got out of the hijacked account. */
import { encodeProfile, newProfile } from '../../src/core/account/profile.ts';
import type { Account } from '../../src/core/account-name.ts';
import { blameKey } from '../../src/core/incidents/blame.ts';
import { openAsking } from '../../src/flow/fate/asking.ts';
import { hash53 } from '../../src/lib/hash.ts';
import { dayMs, type Millis, minuteMs } from '../../src/lib/time.ts';
import type { IncidentView } from '../../src/ports/admin.ts';
import type { Asking } from '../../src/ports/asking.ts';
import type { FoundMessage } from '../../src/ports/fate.ts';
import type { IncidentRow } from '../../src/ports/ledger.ts';
import { foundMessage, scriptedFates, type Try } from './fates.ts';
import { withoutLanes } from './incidents.ts';
import { scriptedLanes } from './lanes.ts';
import { cannonFacts, type Night, type Scene } from './night.ts';

const joe = 'joe.weber@example.org';
const colleague = 'friend@elsewhere.example';
const gmail = 'gmail-smtp-in.l.google.com';
const busy = '421-4.7.28 Gmail has detected an unusual rate of mail from your address';
const seed = 7;
const lane = { source: '', family: 'ipv4', provider: 'google' } as const;

/** What people ask of this night. */
export function nightAsking(state: Night, start: Millis, scene: Scene): Asking {
  const mail = scene === 'empty' ? [] : nightMail(start, scene);
  return openAsking({
    fates: scriptedFates(mail),
    live: {
      audit: ({ account }) => state.audit.filter((one) => one.account === account),
      held: ({ account }) => [...state.held.values()].filter((one) => one.account === account),
      heldOne: (id) => state.held.get(id),
      incidents: ({ account }) =>
        state.incidents
          .filter((one) => account === undefined || one.account === account)
          .map(asStored),
      loadAccount: (account) => ({
        account,
        state: 'suspended',
        profile: usedBefore(start),
        recipients: Float64Array.of(hash53(colleague, seed)),
        sinceMinutes: Uint32Array.of((start - 90 * dayMs) / minuteMs),
      }),
      message: () => undefined,
      meta: (key) =>
        key === 'seed' ? String(seed) : key === blameKey ? blamed(start, scene) : undefined,
      stories: ({ account, limit }) =>
        state.stories
          .filter((one) => account === undefined || one.account === account)
          .slice(0, limit),
      story: (id) => state.stories.find((one) => one.id === id),
    },
    log: () => 'read',
    named: (name) => name.trim().toLowerCase() as Account,
    now: () => start,
    weakPassword: () => '',
    asOfNow: (incident) => incident,
    incidents: { ...withoutLanes, laneChanges: scriptedLanes(() => start).changes },
  });
}

/** As the ledger has it: what would have been stopped counts as stopped. */
function asStored({ reasons: _shown, wouldStopMessages, ...incident }: IncidentView): IncidentRow {
  const { leakedMessages, leakedRecipients, observed } = incident;
  if (!observed) return { ...incident, reasons: cannonFacts };
  return {
    ...incident,
    reasons: cannonFacts,
    leakedMessages: leakedMessages - wouldStopMessages,
    leakedRecipients: leakedRecipients - 10 * wouldStopMessages,
    stoppedMessages: wouldStopMessages,
  };
}

/** The owner's network, with its last login before the attack. */
function usedBefore(start: Millis): string {
  const minute = Math.floor(start / minuteMs);
  const home = { network: '192.0.2.0/24', first: minute - 90 * 24 * 60, last: minute - 47 };
  return encodeProfile({ ...newProfile((start - 90 * dayMs) as Millis), networks: [home] });
}

/** The hijacked account makes Gmail slow us. */
function blamed(start: Millis, scene: Scene): string {
  if (scene !== 'hijack') return '[]';
  const since = (start - 4.5 * minuteMs) as Millis;
  return JSON.stringify([
    { id: 'r-1', account: joe, since, openedAt: since, lanes: [{ ...lane, share: 0.92 }] },
  ]);
}

function nightMail(start: Millis, scene: Scene): readonly FoundMessage[] {
  const ago = (minutes: number): number => start - minutes * minuteMs;
  const quick: readonly Try[] = [[0, 'sent', gmail]];
  const slow: readonly Try[] = [
    [0, 'deferred', gmail],
    [1, 'deferred', gmail],
    [3, 'sent', gmail],
  ];
  const mail = [
    foundMessage({
      id: '4bXk0T0wQzz0',
      at: ago(40),
      account: 'anna.berger@example.org',
      to: ['lena@gmail.example'],
      subject: 'Minutes of Monday',
      tries: [
        [0, 'deferred', gmail],
        [5, 'deferred', gmail],
        [15, 'deferred', gmail],
        [39, 'sent', gmail],
      ],
      reply: busy,
    }),
    foundMessage({
      id: '4bXk4T1wQzz4',
      at: ago(70),
      account: 'press@example.org',
      to: Array.from({ length: 40 }, (_, nth) => `reader${nth}@gmail.example`),
      subject: 'Press release: the new bridge',
      tries: [[1, 'deferred', gmail]],
      reply: busy,
    }),
    foundMessage({
      id: '4bXk3T1wQzz3',
      at: ago(85),
      account: 'billing@example.org',
      to: ['wrong@small.example'],
      subject: 'Invoice 2026-118',
      tries: [[0, 'bounced', 'mx.small.example']],
      reply: '550 5.1.1 <wrong@small.example>: no such user',
    }),
    foundMessage({
      id: '4bXk1T1wQzz1',
      at: ago(200),
      account: 'office@example.org',
      to: ['a@elsewhere.example', 'b@elsewhere.example'],
      tries: quick,
      isSecret: true,
    }),
  ];
  if (scene !== 'hijack') return mail;
  const honest = { account: joe, to: [colleague], subject: 'Lunch on Friday?', tries: quick };
  return [
    ...mail,
    foundMessage({ ...honest, id: '4bXj0aAbBcc0', at: start - 2 * dayMs }),
    foundMessage({ ...honest, id: '4bXj1aAbBcc1', at: ago(5), subject: 'Re: Lunch on Friday?' }),
    ...[0, 1, 2].map((nth) =>
      foundMessage({
        id: `4bXl${nth}T7wQzz${nth}`,
        at: ago(5.5 - nth / 4),
        account: joe,
        client: '185.220.101.44',
        to: [`kim${nth}@gmail.example`, `lee${nth}@yahoo.example`],
        subject: `Your parcel ${4_711 + nth} is waiting`,
        ...(nth === 1 ? { tries: slow, reply: busy } : { tries: quick }),
      }),
    ),
  ];
}
