/**
 * docs/reference/guard-numbers.md: the numbers that the guard starts from, read out of
 * src/core/account/signals.ts.
 */
import * as signals from '../src/core/account/signals.ts';

const meanings: Readonly<Record<signals.CountName, string>> = {
  strangers: 'recipients to whom nobody here ever wrote',
  'new-recipients': 'recipients to whom the account never wrote',
  recipients: 'recipients, known or not',
  messages: 'messages',
  'failed-recipients': 'replies that there is no such user',
  'same-body': 'messages with a body that was sent before',
  elsewhere: 'recipients written to from a new network at a strange hour, or after a guessed login',
  'spam-like': 'messages that a scanner would mark as spam, weighed by their points',
};

export function guardNumbersPage(made: string): string {
  const rows = signals.counts.map((name, nth) => {
    const rule = signals.rules[nth];
    if (rule === undefined) return '';
    const { weight, factor, slack, power, least, prior, most } = rule;
    const three = (values: readonly number[]): string => values.join(' / ');
    const numbers = [
      weight,
      `${factor} + ${slack}`,
      power,
      three(prior),
      three(least),
      three(most),
    ];
    return `| \`${name}\` | ${meanings[name]} | ${numbers.join(' | ')} |\n`;
  });
  const { boosts } = signals;
  const others: readonly (readonly [string, string | number, string])[] = [
    [
      '`watchAt`, `holdAt`, `suspendAt`',
      `${signals.watchAt}, ${signals.holdAt}, ${signals.suspendAt}`,
      'evidence at which an account is watched, a message held, an account suspended',
    ],
    ['`firstSignAt`', signals.firstSignAt, 'evidence from which an incident is told to have begun'],
    [
      '`norm`',
      signals.norm,
      'ratios add up in this norm: several near the line weigh more than one',
    ],
    [
      '`boosts`',
      `hour ${boosts.hour}, network ${boosts.network}, identity ${boosts.identity}, breach ${boosts.breach}, content ${boosts.content}`,
      'risk factors multiply the evidence',
    ],
    [
      '`spamLikeMin`, `spamLikeMost`',
      `${signals.spamLikeMin}, ${signals.spamLikeMost}`,
      'share of the points that make spam from which a message counts as spam-like, and as how many at most',
    ],
    ['`boostMax`', signals.boostMax, 'together at most by this'],
    [
      '`hourShare`',
      signals.hourShare,
      'an hour is unusual when it and its neighbours have less than this share of the messages',
    ],
    ['`hourMessagesMin`', signals.hourMessagesMin, 'and when at least so many are known'],
    [
      '`knownHereWeight`',
      signals.knownHereWeight,
      'a recipient new to the account but long known to another here counts this much of a stranger',
    ],
    [
      '`lately`',
      signals.lately,
      'or this much, when the other has written to it only in the last days',
    ],
    ['`localWeight`', signals.localWeight, 'a recipient of this server counts this much'],
    ['`lagDays`', signals.lagDays, 'whole days that a day must lie back before it teaches'],
    ['`growth`', signals.growth, 'what is allowed grows at most by this from one learned day'],
    ['`growthHeld`', signals.growthHeld, 'or by this, when mail was held on that day'],
    ['`peakHalfLifeDays`', signals.peakHalfLifeDays, 'days with mail in which a peak halves'],
    [
      '`baselineQuantile`',
      signals.baselineQuantile,
      'what is usual on this server: this share of account-days stays below',
    ],
    [
      '`baselinePriorDays`',
      signals.baselinePriorDays,
      'account-days that the starting values are worth',
    ],
  ];
  return `# The guard's numbers

What the guard starts from. [How the guard judges](../internals/guard.md) tells what they do, and what was measured.
${made}
## Counts

Each is counted over ${signals.windowNames.join(', ')}; three numbers are those windows. \`factor + slack\` times an account's
own peak is allowed (the slack grows in up to a peak of 40); what is allowed to anybody starts at \`start\` and is learned on
this server between \`least\` and \`most\`. n of them in one message count as n to the \`power\`.

| count | of what | weight | factor + slack | power | start | least | most |
|---|---|---|---|---|---|---|---|
${rows.join('')}
## The rest

| name in signals.ts | value | meaning |
|---|---|---|
${others.map(([name, value, meaning]) => `| ${name} | ${value} | ${meaning} |\n`).join('')}`;
}
