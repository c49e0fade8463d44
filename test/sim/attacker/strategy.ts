/**
 * What a thief decides before an attack. Each choice is a gene: strategies are drawn, and the good
 * ones are changed a little. Pace and growth are found by trying.
 */
import type { Dice } from '../dice.ts';

/** The values of each gene, from mild to wild where they have an order. */
const genes = {
  /** Strangers on the first day of the attack. */
  perDay: [2, 5, 10, 20, 40, 80, 160, 400, 1000, 3000],
  /** The pace grows by this factor a day … */
  growth: [1, 1.02, 1.05, 1.1, 1.15, 1.18, 1.21, 1.24, 1.28, 1.35, 1.5, 2],
  /** … less and less, by this share in 30 days … */
  eases: [0, 0, 0.2, 0.4],
  /** … up to this many times the first day. */
  growsTo: [1, 2, 4, 10, 40, 200, 1000, 10_000],
  /** Recipients of a message, at most. */
  recipients: [1, 1, 1, 2, 3, 5, 10, 20, 30, 50, 200, 500],
  /** No more messages a day than this, until they are full. */
  messages: [1, 1, 2, 4, 8, 12, 16, 24, 48, 150],
  /**
   * When on a day: over the owner's hours or all day, at night, a minute or 5 s apart. A burst
   * every third day makes room in the short windows.
   */
  hours: ['owner', 'all day', 'evenly', 'night', 'per minute', 'burst', 'burst, then evenly'],
  /** Days with mail, then days without. */
  daysOn: [1, 1, 2, 3, 5, 30],
  daysOff: [0, 0, 0, 1, 2, 3, 7],
  /** Days of silence after the theft. */
  silence: [0, 0, 0, 1, 3, 7],
  /** Days of small mail first, and its recipients. */
  warmUp: [0, 0, 1, 2, 4, 8, 14],
  warmUpTo: ['contacts', 'inside', 'accomplices'],
  /** Messages to people the owner knows, for each one to strangers. */
  contacts: [0, 0, 0, 0.3, 1, 3],
  /** Known people in each message to strangers. */
  copies: [0, 0, 0, 1, 3],
  /** Share of addresses that do not exist. */
  dead: [0, 0, 0, 0.01, 0.03, 0.1, 0.3],
  spelling: ['plain', 'plain', 'case', 'quoted', 'plus', 'dots', 'below', 'idn', 'route'],
  /** Where the strangers are: at many firms, at one, at large providers, at those of contacts. */
  victims: ['many', 'one', 'common', 'contacts', 'below one'],
  /**
   * Who writes in first: nobody, addresses of the thief (own domains or large providers), or
   * victims, forged where a domain lets anybody send as it.
   */
  writeIn: ['none', 'none', 'own', 'common', 'forged'],
  /** What messages say they answer: nothing, mail that really came in, something made up. */
  answers: ['none', 'none', 'real', 'made up'],
  score: [0, 0, 2.5, 3.9, 6],
  list: [false, false, true],
  links: ['none', 'none', 'known', 'one', 'many'],
  body: ['many', 'many', 'one', 'few'],
  /** The owner's own machine; another network with the owner's program or another; a botnet. */
  client: ['own', 'own', 'copied', 'strange', 'botnet'],
  /** Reads the owner's mail from there, before and during the attack. */
  reads: [true, false],
  /** Stops for the day when the account is watched, as one can compute who knows the source. */
  watches: [true, true, false],
} as const;

type Genes = typeof genes;
export type Strategy = {
  readonly [Name in Exclude<keyof Genes, 'perDay'>]: Genes[Name][number];
} & {
  readonly perDay: number;
};
const names = Object.keys(genes) as (keyof Genes)[];

function drawn(name: keyof Genes, dice: Dice): Strategy[keyof Genes] {
  return dice.pick(genes[name] as readonly Strategy[keyof Genes][]);
}

export function randomStrategy(dice: Dice): Strategy {
  return Object.fromEntries(names.map((name) => [name, drawn(name, dice)])) as Strategy;
}

/** The same with one to three genes changed; a gene with an order mostly moves one step. */
export function changed(strategy: Strategy, dice: Dice): Strategy {
  const changes: Partial<Record<keyof Genes, unknown>> = {};
  for (let left = 1 + dice.below(3); left > 0; left--) {
    const name = dice.pick(names);
    const values = genes[name] as readonly unknown[];
    const at = values.indexOf(strategy[name]);
    const step = dice.roll() < 0.5 ? 1 : -1;
    const isOrdered = typeof values[0] === 'number' && dice.roll() < 0.6;
    changes[name] = (isOrdered ? values[at + step] : undefined) ?? drawn(name, dice);
  }
  return { ...strategy, ...changes } as Strategy;
}

/** One who takes care: the owner's own machine, clean text, the owner's hours. */
const careful: Strategy = {
  perDay: 10,
  growth: 1,
  growsTo: 1,
  eases: 0,
  recipients: 1,
  messages: 1,
  hours: 'owner',
  daysOn: 30,
  daysOff: 0,
  silence: 0,
  warmUp: 0,
  warmUpTo: 'contacts',
  contacts: 0,
  copies: 0,
  dead: 0,
  spelling: 'plain',
  victims: 'many',
  writeIn: 'none',
  answers: 'none',
  score: 0,
  list: false,
  links: 'none',
  body: 'many',
  client: 'own',
  reads: true,
  watches: true,
};

/** What somebody who has read the source tries first. */
const grows = { ...careful, hours: 'evenly', growsTo: 10_000, watches: false } as const;
export const openings: readonly Strategy[] = [
  careful,
  { ...grows, growth: 1.28, eases: 0.2, recipients: 500, messages: 12, contacts: 3, perDay: 20 },
  { ...grows, growth: 1.21, recipients: 50, messages: 24 },
  { ...grows, growth: 1.1, recipients: 5, messages: 24, client: 'botnet', score: 3.9 },
  { ...careful, hours: 'all day', growth: 1.02, growsTo: 2, recipients: 3 },
  { ...careful, hours: 'per minute', recipients: 10, perDay: 20 },
  { ...grows, writeIn: 'forged', growth: 1.05, messages: 24, perDay: 4 },
  { ...careful, victims: 'common', answers: 'real', perDay: 14 },
  { ...careful, daysOn: 1, daysOff: 3, recipients: 20, hours: 'burst', perDay: 20 },
];

/** What differs from one who takes care, for people. */
export function described(strategy: Strategy): string {
  const special = names.filter(
    (name) => name !== 'perDay' && name !== 'growsTo' && strategy[name] !== careful[name],
  );
  const told = special.map((name) => `${name} ${strategy[name]}`);
  return [`${Math.round(10 * strategy.perDay) / 10} a day`, ...told].join(', ');
}
