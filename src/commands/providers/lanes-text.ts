/** How providers treat our mail as text for a terminal. Pure. */
import {
  isBadState,
  type LaneSample,
  type LaneStanding,
  type LaneState,
} from '../../core/deliverability/lane.ts';
import { providerName } from '../../core/deliverability/providers.ts';
import { shellWords } from '../../lib/shell-words.ts';
import { dayMs } from '../../lib/time.ts';
import type { BulkStanding, LaneDetail, LaneList, NewReply } from '../../ports/lanes.ts';
import { dayText, many, plain, span } from '../terminal/format.ts';
import { clock, paint, table } from '../terminal/table.ts';

const shownMax = 20;
const colours: Readonly<Record<LaneState, 'red' | 'yellow' | 'green' | 'dim'>> = {
  blocked: 'red',
  slowed: 'yellow',
  healthy: 'green',
  unknown: 'dim',
};

export function laneListText({ bulk, lanes, newReplies, unread }: LaneList, now: number): string {
  const head = unread === '' ? '' : `${paint('red', `States are not known: ${plain(unread)}`)}\n\n`;
  if (lanes.length === 0) return `${head}No mail to a provider is known yet.\n`;
  const rows = lanes.map((lane) => [
    plain(lane.provider),
    ...(hasSources(lanes) ? [plain(lane.source)] : []),
    familyText(lane.family),
    paint(colours[lane.state], lane.state),
    span(now - lane.since),
    ...numbers(lane.lastHour),
  ]);
  const columns = [
    { title: 'PROVIDER' },
    ...(hasSources(lanes) ? [{ title: 'FROM' }] : []),
    ...[{ title: 'BY' }, { title: 'STATE' }, { title: 'SINCE', align: 'right' as const }],
    ...['SENT', 'DEFERRED', 'BOUNCED', 'DELAY'].map((title) => ({
      title,
      align: 'right' as const,
    })),
  ];
  const bad = lanes.filter(({ state }) => isBadState(state));
  return [
    head + table(columns, rows),
    ...bad.map(
      (lane) =>
        `${laneName(lane)}: ${paint(colours[lane.state], lane.state)}\n${standingText(lane)}`,
    ),
    unread === '' ? unknownText(lanes) : '',
    newRepliesText(newReplies),
    bulkText(bulk),
    'Numbers are of the last hour; the delay is of half and of 95 % of the mail that was taken.\n',
  ]
    .filter((part) => part !== '')
    .join('\n');
}

export function laneText({ changes, replies, samples, standing }: LaneDetail, now: number): string {
  const sum = { sent: 0, deferred: 0, bounced: 0 };
  for (const { bounced, deferred, sent } of samples) {
    sum.sent += sent;
    sum.deferred += deferred;
    sum.bounced += bounced;
  }
  const since = `since ${clock(standing.since)} (${span(now - standing.since)})`;
  const total =
    `In the last 7 days: ${many(sum.sent, 'recipient')} taken, ${sum.deferred} times put off, ` +
    `${sum.bounced} refused.\n`;
  return [
    `${laneName(standing)}: ${paint(colours[standing.state], standing.state)} ${since}\n` +
      `${standingText(standing)}${total}`,
    changes.length === 0
      ? ''
      : `Changes\n${table(
          [{ title: 'AT' }, { title: 'FROM' }, { title: 'TO' }, { title: 'RULE' }],
          changes
            .slice(0, shownMax)
            .map(({ at, from, rule, to }) => [
              ...[clock(at), from, paint(colours[to], to), plain(rule)],
            ]),
        )}`,
    replies.length === 0
      ? ''
      : `Replies\n${replies
          .slice(0, shownMax)
          .map(
            ({ count, example, rule, scope }) =>
              `${String(count).padStart(6)}  ${scope === '' ? 'not known' : scope}` +
              `${rule === '' ? '' : ` (${plain(rule)})`}: ${plain(example)}\n`,
          )
          .join('')}`,
  ]
    .filter((part) => part !== '')
    .join('\n');
}

/** Why nothing is known of a lane. */
function unknownText(lanes: readonly LaneStanding[]): string {
  const unknown = lanes.filter(({ state }) => state === 'unknown');
  if (unknown.length === 0) return '';
  const lines = unknown
    .slice(0, shownMax)
    .map((lane) => `  ${laneName(lane)}: ${plain(lane.why)}\n`);
  return `Not known\n${lines.join('')}`;
}

/** Why, their words, who caused it, and what to do. */
function standingText(lane: LaneStanding): string {
  const { causedBy, commands, cure, incident, link, reply, rule, why } = lane;
  const lines = [`  why          ${plain(why)}`];
  if (reply !== '') lines.push(`  their words  ${plain(reply)}`);
  if (rule !== '') lines.push(`  rule         ${plain(rule)}`);
  if (cure !== '') lines.push(`  what to do   ${plain(cure)}`);
  if (link !== '') lines.push(`  where        ${plain(link)}`);
  if (causedBy !== undefined && causedBy !== null) {
    const share = Math.round(causedBy.share * 100);
    lines.push(`  caused by    ${plain(causedBy.account)} (${share} % of the bad replies)`);
    lines.push(
      `               ${plain(shellWords('postern', 'accounts', 'show', causedBy.account))}`,
    );
  }
  if (incident !== undefined && incident !== null) {
    lines.push(`  incident     postern incidents show ${plain(incident)}`);
  }
  if (commands.length > 0) {
    lines.push(
      '  They refuse IPv6 only. After these commands of root, Postfix sends by IPv4 to the',
    );
    lines.push('  domains that are named; name others of this provider, too:');
    lines.push(...commands.map((command) => `    ${command.replaceAll('\n', '\n    ')}`));
  }
  return `${lines.join('\n')}\n`;
}

function newRepliesText(replies: readonly NewReply[]): string {
  if (replies.length === 0) return '';
  const lines = replies
    .slice(0, shownMax)
    .map(
      ({ count, example, provider }) =>
        `${String(count).padStart(6)}  ${plain(provider)}: ${plain(example)}\n`,
    );
  return `New replies this week, which no rule knows\n${lines.join('')}`;
}

function bulkText(bulk: readonly BulkStanding[]): string {
  if (bulk.length === 0) return '';
  const lines = bulk.slice(0, shownMax).map((one) => {
    const { busiestDay, domain, limitADay, messagesADay, missing, passedAt, provider } = one;
    const limit =
      typeof limitADay === 'number' ? `of ${limitADay} a day` : 'no number is published';
    const passed = typeof passedAt === 'number' ? `; passed ${dayText(passedAt)}` : '';
    const day = dayText(busiestDay * dayMs);
    const lacks = missing.length === 0 ? '' : `; missing: ${plain(missing.join(', '))}`;
    const name = plain(providerName(provider));
    return `  ${plain(domain)} to ${name}: ${messagesADay} on ${day}, ${limit}${passed}${lacks}\n`;
  });
  return `Rules for bulk senders: recipients on the busiest day\n${lines.join('')}`;
}

function numbers({ bounced, deferred, delayP50, delayP95, sent }: LaneSample): readonly string[] {
  const isKnown = typeof delayP50 === 'number' && typeof delayP95 === 'number';
  const delay = isKnown ? `${span(delayP50 * 1_000)}, ${span(delayP95 * 1_000)}` : '';
  return [String(sent), String(deferred), String(bounced), delay];
}

function hasSources(lanes: readonly LaneStanding[]): boolean {
  return lanes.some(({ source }) => source !== '');
}

function laneName({ family, provider, source }: LaneStanding): string {
  const from = source === '' ? '' : ` from ${plain(source)}`;
  return `${plain(providerName(provider))} by ${familyText(family)}${from}`;
}

function familyText(family: LaneStanding['family']): string {
  return family === 'ipv6' ? 'IPv6' : 'IPv4';
}
