/**
 * The answer of `postern check` in the form that Nagios, Icinga and others read: one line with the
 * state, what is wrong, and numbers after a bar. Pure.
 */
import { many, plain, span } from '../terminal/format.ts';
import type { CheckFacts, CheckNumbers } from './facts.ts';

export type CheckLimits = {
  readonly heldWarning?: number | undefined;
  readonly heldCritical?: number | undefined;
  readonly ageWarningMs?: number | undefined;
  readonly ageCriticalMs?: number | undefined;
};

const states = ['OK', 'WARNING', 'CRITICAL', 'UNKNOWN'] as const;
/** As its exit code: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN. */
export type CheckState = 0 | 1 | 2 | 3;
export type CheckAnswer = { readonly state: CheckState; readonly line: string };

/** Monitors cut a line; each thing that is wrong gets a share. */
const partMax = 160;
const partsMax = 8;
const namesMax = 3;

type Finding = { readonly state: CheckState; readonly text: string };

export function judged(facts: CheckFacts, limits: CheckLimits): CheckAnswer {
  const { numbers } = facts;
  const findings = [
    ...healthFindings(facts),
    ...(numbers === undefined ? [] : numberFindings(numbers, facts, limits)),
  ];
  const sorted = findings.toSorted((one, other) => other.state - one.state);
  const texts = sorted.length === 0 ? [goodText(numbers)] : sorted.map(({ text }) => text);
  return answer(
    sorted[0]?.state ?? 0,
    texts,
    numbers === undefined ? '' : perfdata(numbers, limits),
  );
}

/** An answer without a guard to tell anything. */
export function answer(state: CheckState, texts: readonly string[], data = ''): CheckAnswer {
  const shown = texts.slice(0, partsMax).map(safe);
  const more = texts.length - shown.length;
  const said = [...shown, ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
  const after = data === '' ? '' : `|${data}`;
  return { state, line: `POSTERN ${states[state]} - ${said}${after}\n` };
}

function healthFindings({ healthy, numbers, why }: CheckFacts): readonly Finding[] {
  if (healthy) return [];
  if (why.length > 0) return why.map((text): Finding => ({ state: 2, text }));
  if (numbers?.ledgerOk === false) return []; // said with the numbers
  return [{ state: 2, text: 'the guard says that something is wrong: run postern status' }];
}

function numberFindings(
  numbers: CheckNumbers,
  { suspendedNames, why }: CheckFacts,
  limits: CheckLimits,
): readonly Finding[] {
  const found: Finding[] = [];
  const warn = (isSo: boolean, text: string): void => {
    if (isSo) found.push({ state: 1, text });
  };
  if (!numbers.ledgerOk && why.length === 0) {
    found.push({ state: 2, text: 'the ledger takes no writes' });
  }
  const { logsReading, logsWanted, scannersDown, suspended } = numbers;
  warn(suspended > 0, suspendedText(suspended, suspendedNames));
  found.push(...heldFindings(numbers, limits));
  warn(scannersDown.length > 0, `scanner down: ${scannersDown.join(', ')}`);
  warn(logsReading < logsWanted, `${logsReading} of ${many(logsWanted, 'mail log')} read`);
  warn(numbers.noticesWaiting > 0, `${many(numbers.noticesWaiting, 'notice')} not delivered`);
  warn(numbers.keysUnusable > 0, `${many(numbers.keysUnusable, 'DKIM key')} cannot be used`);
  warn(numbers.lanesBlocked > 0, `providers block ${many(numbers.lanesBlocked, 'lane')} of mail`);
  return found;
}

function suspendedText(suspended: number, names: readonly string[]): string {
  const some = names.slice(0, namesMax).map((name) => name.slice(0, 60));
  const rest = suspended - some.length;
  const list = [...some, ...(rest > 0 && some.length > 0 ? [`and ${rest} more`] : [])].join(', ');
  return `${many(suspended, 'account')} suspended${list === '' ? '' : `: ${list}`}`;
}

function heldFindings(numbers: CheckNumbers, limits: CheckLimits): readonly Finding[] {
  const { held, heldOldestSeconds } = numbers;
  const ageMs = heldOldestSeconds * 1_000;
  return [
    ...passed(held, [limits.heldWarning, limits.heldCritical], `${many(held, 'message')} held`),
    ...passed(ageMs, [limits.ageWarningMs, limits.ageCriticalMs], `mail held for ${span(ageMs)}`),
  ];
}

/** `-w 100` warns at 100. */
function passed(
  value: number,
  [warning = Infinity, critical = Infinity]: readonly [number | undefined, number | undefined],
  text: string,
): readonly Finding[] {
  if (value >= critical) return [{ state: 2, text }];
  return value >= warning ? [{ state: 1, text }] : [];
}

function goodText(numbers: CheckNumbers | undefined): string {
  if (numbers === undefined) return 'the guard is well; give --token-file for numbers';
  const { guarding, held, messages, upSeconds } = numbers;
  const doing = guarding ? 'guarding' : 'observing only';
  const since = span(upSeconds * 1_000);
  return `${doing} for ${since}, ${many(messages, 'message')} judged, ${held} held`;
}

/** `label=value;warning;critical;min`, as the Nagios plug-in guidelines say. */
function perfdata(numbers: CheckNumbers, limits: CheckLimits): string {
  const seconds = (ms: number | undefined): number | undefined =>
    ms === undefined ? undefined : ms / 1_000;
  const one = (
    name: string,
    value: number | string,
    [warning, critical]: readonly (number | undefined)[] = [],
  ): string => `${name}=${value};${warning ?? ''};${critical ?? ''};0`;
  return [
    one('held', numbers.held, [limits.heldWarning, limits.heldCritical]),
    one('held_oldest', `${numbers.heldOldestSeconds}s`, [
      seconds(limits.ageWarningMs),
      seconds(limits.ageCriticalMs),
    ]),
    one('suspended', numbers.suspended),
    one('watched', numbers.watched),
    one('notices_waiting', numbers.noticesWaiting),
    one('lanes_slowed', numbers.lanesSlowed),
    one('lanes_blocked', numbers.lanesBlocked),
    one('messages', `${numbers.messages}c`),
  ].join(' ');
}

/**
 * Names of accounts come from strangers. A bar would begin the numbers, a line break another line,
 * and monitors hand the rest to shells and web pages.
 */
function safe(text: string): string {
  const line = plain(text).replace(/[|`$<>"'&~\\]/g, '?');
  return line.length > partMax ? `${line.slice(0, partMax - 1)}…` : line;
}
