/** The figures of a world as text, and the goals that they must reach. */
import type { Goal } from '../figures.ts';
import type { WorldFigures } from './evaluate.ts';
import type { HijackFigures } from './hijack-side.ts';
import type { KindFigures } from './honest-side.ts';

/** What is wanted: with all that a gate sees, and of a plain recording. */
const wanted = {
  rich: { suspended: 4, late: 2, stopped: 1.2, median: 2, p90: 20, worst: 60 },
  plain: { suspended: 8, late: 5, stopped: 3, median: 3, p90: 30, worst: 75 },
} as const;
/** No kind of account has more of its mail stopped than this, in percent, after a month. */
const kindStoppedMax = 10;
/** Somebody is told within so many messages of an attacker … */
const toldWithin = 20;
/** … in this share, in percent, of the hijacks whose text is clean. */
const toldLeast = 75;
const cleanStyles: ReadonlySet<string> = new Set(['bec', 'lateral']);

export function worldGoals(name: string, world: WorldFigures, plain: boolean): readonly Goal[] {
  const most = wanted[plain ? 'plain' : 'rich'];
  const all = spread(counted(world));
  const clean = counted(world).filter(({ style }) => cleanStyles.has(style));
  const ofKind = Math.max(...[...world.kinds.values()].map(lateShare));
  const goal = (what: string, value: number, unit: string, limit: Partial<Goal>): Goal => ({
    what: `${name}: ${what}`,
    value,
    unit,
    ...limit,
  });
  const suspended = perThousand(world.suspensions.length, world.accountMonths);
  const late = perThousand(world.lateSuspensions, world.lateMonths);
  const stopped = percent(world.stopped, world.messages);
  return [
    goal('false suspensions, 1,000 account-months', suspended, '', { most: most.suspended }),
    goal('the same after day 14', late, '', { most: most.late }),
    goal('honest mail refused', world.refused, '', { most: 0 }),
    goal('honest mail not passed at once', stopped, '%', { most: most.stopped }),
    goal('the worst kind after its first month', ofKind, '%', { most: kindStoppedMax }),
    goal('reached by a hijack, median', all.median, '', { most: most.median }),
    goal('reached by a hijack, 90th percentile', all.p90, '', { most: most.p90 }),
    goal('reached by a hijack, worst', all.worst, '', { most: most.worst }),
    goal('hijacks contained', percent(all.contained, all.count), '%', { least: 100 }),
    ...(clean.length === 0
      ? []
      : [
          goal(
            'told of clean text within 20 messages',
            percent(spread(clean).told, clean.length),
            '%',
            { least: toldLeast },
          ),
        ]),
  ];
}

export function figuresText(world: WorldFigures): string {
  const { accountMonths, lateMonths, lateSuspensions, suspensions } = world;
  const lines = [
    `honest: ${perThousand(suspensions.length, accountMonths).toFixed(1)} suspended per 1,000 ` +
      `account-months (after day 14 ${perThousand(lateSuspensions, lateMonths).toFixed(1)}), ` +
      `not passed ${percent(world.stopped, world.messages).toFixed(2)} %, ` +
      `refused ${world.refused}, ` +
      `told operator ${world.toldOperator} owner ${world.toldOwner}`,
  ];
  const kinds = [...world.kinds].sort(([, a], [, b]) => b.stopped - a.stopped);
  for (const [name, kind] of kinds) lines.push(kindLine(name, kind));
  const hijacks = counted(world);
  for (const [style, list] of Map.groupBy(hijacks, ({ style }) => style))
    lines.push(hijackLine(style, list));
  lines.push(hijackLine('all', hijacks));
  return lines.join('\n');
}

/** A line for each suspension by mistake, and for each of the hijacks that reached most. */
export function detailsText({ hijacks, suspensions }: WorldFigures): string {
  const worst = [...hijacks].sort((a, b) => b.leaked - a.leaked).slice(0, 25);
  return [
    ...suspensions.map((one) => JSON.stringify(one)),
    ...worst.map(
      (one) =>
        `${one.style} ${one.kind} ${one.account} ${one.trick} leaked ${one.leaked}/${one.tried} ` +
        `msgs ${one.leakedMessages}/${one.messages} days ${one.days.toFixed(1)} ` +
        `told ${one.toldAt} contained ${one.contained} first hold: ${one.firstHold.join('; ')}`,
    ),
  ].join('\n');
}

function kindLine(name: string, kind: KindFigures): string {
  const { accounts, messages, reasons, stopped, suspensions, told } = kind;
  const signals = [...reasons]
    .sort(([, a], [, b]) => b - a)
    .slice(0, 4)
    .map(([signal, count]) => `${signal} ${count}`);
  return [
    `  ${name.padEnd(11)} ${String(accounts).padStart(4)} acc ${String(messages).padStart(7)} msg`,
    `stopped ${String(stopped).padStart(5)} = ${padded(percent(stopped, messages))} %`,
    `after a month ${padded(lateShare(kind))} %`,
    `suspended ${suspensions} told ${told}`,
    signals.join(', '),
  ].join('  ');
}

function hijackLine(name: string, list: readonly HijackFigures[]): string {
  const { contained, count, median, p90, suspended, told, worst } = spread(list);
  return [
    `  ${name.padEnd(14)} ${String(count).padStart(3)}`,
    `leaked ${median} / ${p90} / ${worst}`,
    `suspended ${suspended}`,
    `contained ${contained}`,
    `told in ${toldWithin}: ${told}`,
  ].join('  ');
}

/** Hijacks that have sent something, of accounts that were not suspended then. */
function counted({ hijacks }: WorldFigures): readonly HijackFigures[] {
  return hijacks.filter(({ before, messages }) => !before && messages > 0);
}

function spread(list: readonly HijackFigures[]): {
  readonly count: number;
  readonly median: number;
  readonly p90: number;
  readonly worst: number;
  readonly suspended: number;
  readonly contained: number;
  readonly told: number;
} {
  const leaks = list.map(({ leaked }) => leaked).sort((a, b) => a - b);
  const at = (share: number): number =>
    leaks[Math.min(leaks.length - 1, Math.floor(share * leaks.length))] ?? 0;
  return {
    count: list.length,
    median: at(0.5),
    p90: at(0.9),
    worst: leaks.at(-1) ?? 0,
    suspended: list.filter(({ suspended }) => suspended).length,
    contained: list.filter(({ contained }) => contained).length,
    told: list.filter(({ toldAt }) => toldAt > 0 && toldAt <= toldWithin).length,
  };
}

const percent = (part: number, whole: number): number => (100 * part) / Math.max(1, whole);
const perThousand = (count: number, months: number): number => (1000 * count) / months;
const padded = (value: number): string => value.toFixed(2).padStart(5);

function lateShare({ late, lateStopped }: KindFigures): number {
  return percent(lateStopped, late);
}
