/**
 * A thief who has a password, knows the source, and takes time: how many strangers they reach
 * before a hold or a notice. The seed is in each test's name; SEED=n plays another one,
 * ATTACK_STRATEGIES=n more strategies. ATTACK_TABLE=1 prints what was found.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scratchFiles } from '../scratch-files.ts';
import { attack, type Reached, readHistory, type Stage, setStage } from './attacker/attack.ts';
import { figureOf, figures, type Search, search } from './attacker/search.ts';
import {
  attackAt,
  kinds,
  ownStrangers,
  type Resident,
  smallHoster,
} from './attacker/small-hoster.ts';
import { described, openings, randomStrategy } from './attacker/strategy.ts';
import { firstVersion, today } from './attacker/versions.ts';
import { openDice } from './dice.ts';

const seed = Number(process.env['SEED'] ?? 1);
const strategies = Number(process.env['ATTACK_STRATEGIES'] ?? 60);
const named = (what: string): string => `${what} (SEED=${seed})`;

/** What nobody reaches unseen with the password of an ordinary account. */
const most: Reached = { day: 40, week: 120, month: 300 };
/** This share of the accounts is ordinary. For the others it is a factor of their own strangers. */
const ordinaryShare = 0.95;
const ownFactor = 1.5;
/** What the program must reach against version 0.1, else it is too weak to count. */
const enough = 40_000;

const hoster = smallHoster(seed);
const history = readHistory(today, hoster.history);

/** One account of each kind. */
const victims = [...Map.groupBy(hoster.residents, ({ kind }) => kind)].map(
  ([, [first]]) => first as Resident,
);

test('the small hoster is the same each time, and every kind has a past', () => {
  const again = smallHoster(seed);
  assert.deepEqual(again.history.slice(-50), hoster.history.slice(-50));
  for (const { kind, lines } of hoster.residents) {
    const sent = lines.filter(({ at, type }) => type === 'send' && at < attackAt);
    assert.ok(sent.length >= (kind === 'quiet' ? 1 : 20), `${kind}: ${sent.length}`);
  }
});

test('strategies spell, stay silent and answer as they say, and are the same each time', () => {
  const victim = victims[0] as Resident;
  const stage = setStage(today, history, victim);
  const dice = openDice(seed);
  for (let nth = 0; nth < 6; nth++) {
    const strategy = randomStrategy(dice);
    assert.deepEqual(attack(stage, strategy, nth), attack(stage, strategy, nth));
  }
});

/** What was found for an account. */
type Row = { readonly victim: Resident; readonly found: Search; readonly own: Reached };

function show({ victim, found, own }: Row): void {
  if (process.env['ATTACK_TABLE'] === undefined) return;
  console.log(`${victim.kind}, own ${own.day} / ${own.week} / ${own.month}:`);
  for (const figure of figures) {
    const { outcome, strategy } = found.best[figure];
    console.log(`  ${figure} ${figureOf(outcome, figure)}: ${described(strategy)}`);
  }
}

test(named('nobody reaches many strangers unseen'), () => {
  const each = Math.ceil(strategies / victims.length);
  const over: string[] = [];
  let ordinary = 0;
  let all = 0;
  for (const victim of victims) {
    const stage = setStage(today, history, victim);
    const found = search(stage, each, seed);
    const own = ownStrangers(victim);
    show({ victim, found, own });
    const { share } = kinds[victim.kind];
    all += share;
    const reached = reachedBy(found);
    assert.ok(stage.bound !== undefined && isWithin(reached, stage.bound), told(stage, reached));
    if (isWithin(reached, most)) ordinary += share;
    else if (!isWithin(reached, roomOf(own))) over.push(told(stage, reached));
  }
  assert.deepEqual(over, []);
  assert.ok(ordinary / all >= ordinaryShare, `${ordinary} of ${all}`);
});

function reachedBy({ best }: Search): Reached {
  return {
    day: best.day.outcome.unseen.day,
    week: best.week.outcome.unseen.week,
    month: best.month.outcome.unseen.month,
  };
}

function isWithin(reached: Reached, room: Reached): boolean {
  return reached.day <= room.day && reached.week <= room.week && reached.month <= room.month;
}

/** An account that reaches more strangers itself leaves more room. */
function roomOf(own: Reached): Reached {
  return {
    day: Math.max(most.day, ownFactor * own.day),
    week: Math.max(most.week, ownFactor * own.week),
    month: Math.max(most.month, ownFactor * own.month),
  };
}

function told({ bound, victim }: Stage, { day, week, month }: Reached): string {
  const own = ownStrangers(victim);
  return (
    `${victim.kind}: ${day} / ${week} / ${month}, own ${own.day} / ${own.week} / ${own.month}, ` +
    `bound ${bound?.day} / ${bound?.week} / ${bound?.month}`
  );
}

test('the same program finds the hole of version 0.1', async (t) => {
  const { folder } = scratchFiles('attacker');
  const version = await firstVersion(folder);
  if (typeof version === 'string') {
    t.skip(version);
    return;
  }
  const world = smallHoster(1);
  const club = world.residents.find(({ kind }) => kind === 'club') as Resident;
  const stage = setStage(version, readHistory(version, world.history), club);
  const { best } = search(stage, openings.length, 1);
  const { outcome, strategy } = best.month;
  assert.ok(outcome.unseen.month >= enough, `${outcome.unseen.month}: ${described(strategy)}`);
});
