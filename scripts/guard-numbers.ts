/**
 * Makes docs/reference/guard-numbers.md, the numbers that the guard starts with, from
 * src/core/account/signals.ts and src/core/reach.
 */
import * as signals from '../src/core/account/signals.ts';
import { reachLeast } from '../src/core/reach/reach.ts';
import { type CountName, countNames } from '../src/core/reason.ts';
import { during } from '../src/lib/time.ts';

const meanings: Readonly<Record<CountName, string>> = {
  strangers: 'recipients nobody on this server has written to',
  'new-recipients': 'recipients the account has not written to',
  recipients: 'recipients, known or not: only to take shares of',
  messages: 'messages: only to take shares of',
  'failed-recipients': 'replies that there is no such user',
  'same-body': 'messages with a body that was sent before',
  elsewhere: 'recipients of mail from a new network at a strange hour, or after a guessed login',
  'spam-like': 'messages that a scanner would mark as spam, weighed by their points',
  'new-local': 'recipients of this server that the account has not written to',
  'provider-replies': 'replies that refuse the content or the amount of mail',
  'odd-client':
    'recipients of mail from a new network with a new program, or of copies with a new link',
  reached: 'recipients; known ones count a quarter',
};

const { boosts } = signals;
const otherNumbers: readonly (readonly [string, string | number, string])[] = [
  [
    '`watchAt`, `holdAt`, `suspendAt`',
    `${signals.watchAt}, ${signals.holdAt}, ${signals.suspendAt}`,
    'evidence at which an account is watched, a message is held, an account is suspended',
  ],
  ['`firstSignAt`', signals.firstSignAt, 'evidence at which an incident counts as begun'],
  [
    '`norm`',
    signals.norm,
    'ratios add up in this norm, so several near the limit weigh more than one',
  ],
  [
    '`boosts`',
    [
      `hour ${boosts.hour}, network ${boosts.network}, identity ${boosts.identity}`,
      `breach ${boosts.breach}, content ${boosts.content}`,
    ].join(', '),
    'risk factors multiply the evidence',
  ],
  [
    '`breachFailsMin`',
    signals.breachFailsMin,
    'failed logins after which a good one from a new network means a guessed password',
  ],
  [
    '`spamLikeMin`, `spamLikeMost`',
    `${signals.spamLikeMin}, ${signals.spamLikeMost}`,
    'share of the spam threshold from which a message counts as spam-like, and the most messages ' +
      'that one message counts as',
  ],
  [
    '`secondKind`',
    `networks ${signals.secondKind.networks}, spamShare ${signals.secondKind.spamShare}`,
    'what suspends beside numbers: client networks above the usual, share of spam-like mail',
  ],
  [
    '`deadShareFree`',
    signals.deadShareFree,
    'share of the recipients that may be unknown users, whatever is usual',
  ],
  [
    '`oneDomainPower`, `answeredWeight`',
    `${signals.oneDomainPower}, ${signals.answeredWeight}`,
    'unknown users of one domain count as n to this power; one who wrote first counts this',
  ],
  [
    '`vouchedShare`',
    signals.vouchedShare,
    'share of the new recipients of a false alarm that is allowed afterwards',
  ],
  [
    '`clientWeights`',
    Object.entries(signals.clientWeights)
      .map(([familiarity, weight]) => `${familiarity} ${weight}`)
      .join(', '),
    'what the numbers of a message weigh, by whose client it is',
  ],
  [
    '`youthDays`, `youthWeight`',
    `${signals.youthDays}, ${signals.youthWeight}`,
    'in its first days, the numbers of an account weigh this much of that',
  ],
  [
    '`youngDays`',
    signals.youngDays,
    'until this age an account may begin to send to a list without counting its readers',
  ],
  [
    '`strangerCopyWeight`, `againWeight`',
    `${signals.strangerCopyWeight}, ${signals.againWeight}`,
    'what a copy to a stranger counts; and a message to the readers of one of the last messages',
  ],
  [
    '`knownVolumeWeight`, `oddKnownWeight`, `knownSpamWeight`',
    `${signals.knownVolumeWeight}, ${signals.oddKnownWeight}, ${signals.knownSpamWeight}`,
    'what known people count as reached; as recipients of an odd client; as readers of spam',
  ],
  [
    '`spamShareFree`',
    signals.spamShareFree,
    'share of the messages that may look like spam, whatever is usual',
  ],
  [
    '`invitedWeight`, `invitedOfDomainMax`, `invitedMax`',
    `${signals.invitedWeight}, ${signals.invitedOfDomainMax}, ${signals.invitedMax}`,
    'what somebody who wrote first counts as new; how many of a domain and of all a day',
  ],
  [
    '`reachLeast`',
    reachLeast.join(', '),
    'strangers in a day, a week, 30 days that no account is reported for',
  ],
  ['`boostMax`', signals.boostMax, 'all risk factors together multiply by at most this'],
  [
    '`hourShare`',
    signals.hourShare,
    'an hour is unusual if it and its neighbours have less than this share of the messages',
  ],
  ['`hourMessagesMin`', signals.hourMessagesMin, 'and if at least this many messages are known'],
  [
    '`knownHereWeight`',
    signals.knownHereWeight,
    'share of a new recipient that one counts as if another account has known it for long',
  ],
  [
    '`lately`',
    signals.lately,
    'or this share, if the other account wrote to it only in the last days',
  ],
  [
    '`localWeight`',
    signals.localWeight,
    'share of a recipient that a recipient on this server counts as',
  ],
  ['`lagDays`', signals.lagDays, 'whole days that must pass before the guard learns from a day'],
  [
    '`growth`',
    signals.growth,
    'the allowed amount grows by at most this factor from one learned day',
  ],
  ['`growthHeld`', signals.growthHeld, 'or by this factor, if mail was held on that day'],
  [
    '`settledDays`, `doublingDays`',
    `${signals.settledDays}, ${signals.doublingDays}`,
    'from this age of the account on, the days in which the allowed amount doubles at most',
  ],
  ['`peakHalfLifeDays`', signals.peakHalfLifeDays, 'days with mail after which a peak has halved'],
  [
    '`baselineQuantile`',
    signals.baselineQuantile,
    'normal on this server: this share of account-days stays below it',
  ],
  [
    '`baselinePriorDays`',
    signals.baselinePriorDays,
    'account-days that the starting values count as',
  ],
];

export function guardNumbersPage(made: string): string {
  return `# The guard's numbers

The numbers the guard starts from. [How the guard judges](../internals/guard.md) says what they
do, and what was measured.
${made}
## Counts

Each is counted over ${signals.windowsMs.map(during).join(', ')}; three numbers are those windows.
\`factor + slack\` times an account's own peak is allowed (the slack grows up to a peak of 40).
What is allowed to every account starts at \`start\` and is learned on this server between
\`least\` and \`most\`. A message with n of them counts as n to the \`power\`.

| count | of what | weight | factor + slack | power | start | least | most |
|---|---|---|---|---|---|---|---|
${countNames.map(countLine).join('')}
## The rest

| name in signals.ts | value | meaning |
|---|---|---|
${otherNumbers.map(([name, value, meaning]) => `| ${name} | ${value} | ${meaning} |\n`).join('')}`;
}

function countLine(name: CountName): string {
  const { weight, factor, slack, power, least, prior, most } = signals.rules[name];
  const windows = [prior, least, most].map((three) => three.join(' / '));
  const cells = [`\`${name}\``, meanings[name], weight, `${factor} + ${slack}`, power, ...windows];
  return `| ${cells.join(' | ')} |\n`;
}
