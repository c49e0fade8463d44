/**
 * Plans what is tried, leg by leg: which rules or which part of which list, and how many candidates
 * that gives. Lists stay in their files, and only offsets are known here, so that no candidate is
 * in the memory of this process.
 */
import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { type Leg, legs } from '../../core/passwords/strength.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import type { John } from '../john/john.ts';
import { listUnread } from './list-search.ts';

export type CandidatePlan = {
  readonly leg: Leg;
  /** The name under which progress is noted; a leg may have several lists, each with a plan. */
  readonly key: string;
  /** Changes when the candidates change; then they are tried again on all accounts. */
  readonly edition: string;
  /** Positions: numbers of rules of John's single mode, or offsets in bytes of a list. */
  readonly from: number;
  readonly to: number;
  readonly candidates:
    | { readonly kind: 'own'; readonly rules: readonly string[] }
    | {
        readonly kind: 'list';
        readonly file: string;
        readonly rules: readonly string[];
        /** True if the empty password is tried first; a hash does not show that it is empty. */
        readonly blank: boolean;
      };
  /** Candidates for one account with `words` words, from one position to another. */
  count(from: number, to: number, words: number): number;
};

/**
 * Rules of John's single mode that belong to the first leg. They are sorted by success; a remark in
 * john.conf says that the first 25 find half of all passwords.
 */
const likelyRules = 25;
const topWords = 1_000;
/**
 * Rules for passwords of this and the last years, with digits or a sign behind. The years in John's
 * own rules end with 2019.
 */
const presentRules = (year: number): readonly string[] => {
  const last = [0, 1, 2].map((back) => String(year - back));
  const decade = `${String(year).slice(2, 3)}`;
  return [
    ...['c $!', 'c $1', 'l $1 $2 $3', 'c $1 $2 $3', 'c $1 $2 $3 $!', 'l $1 $2 $3 $4', 'c $1 $!'],
    ...last.flatMap((one) => [`l Az"${one}"`, `c Az"${one}"`, `c Az"${one}!"`]),
    `l Az"20[1${decade}][0-9]"`,
    `c Az"20[1${decade}][0-9]"`,
  ];
};

export type Lists = {
  /** Path of the list of common passwords; empty: John's own. */
  readonly top: string;
  readonly leaked: readonly string[];
  /** Paths of the lists that a worker generates. */
  readonly keyboard: string;
  readonly season: string;
};

/**
 * The plans of all legs in their order. `rules`: names of John's rule sections for the last leg.
 * Throws OperatorError if a list or a section is missing.
 */
export function planOf(
  john: John,
  lists: Lists,
  { rules, year }: { readonly rules: readonly string[]; readonly year: number },
): readonly CandidatePlan[] {
  const single = john.rules('Single') ?? [];
  if (single.length === 0) throw noRules('Single');
  const own = [...presentRules(year), ...single];
  const likely = presentRules(year).length + likelyRules;
  // Read once for all legs that use it: an operator's own list may have gigabytes.
  const top = measured(lists.top === '' ? john.list : lists.top, topWords);
  const plans: CandidatePlan[] = [
    ownPlan(legs.own, own, 0, likely),
    listPlan(legs.top, top, { to: top.at, blank: true }),
    listPlan(legs.keyboard, measured(lists.keyboard), { edition: 'keyboard-1' }),
    listPlan(legs.season, measured(lists.season), { edition: `season-1-${year}` }),
    ownPlan(legs['own-more'], own, likely, own.length),
    listPlan(legs['top-more'], top, { from: top.at }),
    ...lists.leaked.map((file) => listPlan(legs.leaked, measured(file), { key: digestOf(file) })),
  ];
  for (const name of rules) {
    const section = john.rules(name);
    if (section === undefined || section.length === 0) throw noRules(name);
    plans.push(listPlan(legs.rules, top, { key: name, rules: section }));
  }
  return plans.filter(({ from, to }) => to > from);
}

function noRules(name: string): OperatorError {
  return new OperatorError('no-rules', `john.conf has no rules [List.Rules:${name}]`, {
    hint: "John's core version has Single and Wordlist; --rules none leaves this step out",
    exit: sysexits.config,
  });
}

function ownPlan(leg: Leg, rules: readonly string[], from: number, to: number): CandidatePlan {
  const counts = rules.map(expansions);
  return {
    leg,
    key: leg.name,
    from,
    to,
    edition: digestOf(rules.slice(from, to).join('\n')),
    candidates: { kind: 'own', rules },
    count: (first, last, words) => {
      let sum = 0;
      for (let at = first; at < last; at++) sum += counts[at] ?? 0;
      return sum * words;
    },
  };
}

function listPlan(
  leg: Leg,
  { file, size, mtime, lines }: List,
  how: {
    readonly from?: number;
    readonly to?: number;
    readonly edition?: string;
    readonly key?: string;
    readonly blank?: boolean;
    readonly rules?: readonly string[];
  },
): CandidatePlan {
  const { from = 0, to = size, rules = [], blank = false } = how;
  const factor = rules.reduce((sum, rule) => sum + expansions(rule), 0) || 1;
  const perByte = (lines / Math.max(size, 1)) * factor;
  const edition =
    how.edition ?? digestOf(`${file} ${size} ${mtime} ${from} ${to} ${blank} ${rules.join('\n')}`);
  return {
    leg,
    key: how.key === undefined ? leg.name : `${leg.name}:${how.key}`,
    from,
    to: Math.min(to, size),
    edition,
    candidates: { kind: 'list', file, rules, blank },
    count: (first, last) => Math.max(1, Math.round((last - first) * perByte)),
  };
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}

/**
 * How many rules John's preprocessor makes of a line. Brackets multiply, except those with \p,
 * which run in parallel with another.
 */
export function expansions(rule: string): number {
  let product = 1;
  for (const [, parallel, set = ''] of rule.matchAll(/(\\p\d?)?(?<!\\)\[((?:\\.|[^\]\\])*)\]/g)) {
    if (parallel !== undefined) continue;
    let size = 0;
    for (const [, first = '', last] of set.matchAll(/(\\.|[^\\])(?:-(\\.|[^\\]))?/g)) {
      const from = first.charCodeAt(first.length - 1);
      // A range may be written backwards.
      size += last === undefined ? 1 : 1 + Math.abs(last.charCodeAt(last.length - 1) - from);
    }
    product *= Math.max(1, size);
  }
  return product;
}

const blockBytes = 65_536;

type List = {
  readonly file: string;
  readonly size: number;
  readonly mtime: number;
  readonly lines: number;
  /** Offset at which the first part of the list ends. */
  readonly at: number;
};

/** Size and lines of a list, and the offset behind line number `line`. Clears what it read. */
function measured(file: string, line = 0): List {
  let fd: number;
  try {
    fd = openSync(file, 'r');
  } catch (cause) {
    throw listUnread(file, cause);
  }
  const { size, mtimeMs } = fstatSync(fd);
  const block = Buffer.alloc(blockBytes);
  let [lines, at, found] = [0, 0, size];
  try {
    for (let got = readSync(fd, block); got > 0; got = readSync(fd, block)) {
      for (let end = block.indexOf(10); end >= 0 && end < got; end = block.indexOf(10, end + 1)) {
        if (++lines === line) found = at + end + 1;
      }
      at += got;
      if (lines > countedMax && line <= lines) break;
    }
  } finally {
    block.fill(0);
    closeSync(fd);
  }
  // The beginning of a long list shows how long its lines are, on average.
  const all = at < size ? Math.round((lines * size) / at) : lines;
  return { file, size, mtime: mtimeMs, lines: all, at: found };
}

const countedMax = 2_000_000;

/**
 * Copies the lines of a list that begin between two offsets; `from` is the beginning of a line.
 * Answers with the offset of the next line.
 */
export function copySlice(
  file: string,
  {
    from,
    to,
    into,
    blank = false,
  }: {
    readonly from: number;
    readonly to: number;
    readonly into: string;
    /** True for an empty line in front. */
    readonly blank?: boolean;
  },
): number {
  const source = openSync(file, 'r');
  const target = openSync(into, 'w', 0o600);
  const block = Buffer.alloc(blockBytes);
  let at = from;
  try {
    if (blank) writeSync(target, '\n');
    while (true) {
      const got = readSync(source, block, 0, block.length, at);
      if (got === 0) return at;
      const last = Math.max(0, to - 1 - at);
      const end = last >= got ? -1 : block.subarray(0, got).indexOf(10, last);
      const take = end < 0 ? got : end + 1;
      writeSync(target, block, 0, take);
      at += take;
      if (end >= 0) return at;
    }
  } finally {
    block.fill(0);
    closeSync(source);
    closeSync(target);
  }
}
