/** Reads the answer of rspamd's /checkv2. Pure, never throws. */
import { fault, ok, type Result } from '../../lib/result.ts';
import type { RuleHit } from './rule.ts';

export type RspamdReply = {
  readonly score: number;
  /** What rspamd would do with the message: `add header`, `reject`, `no action` ... */
  readonly action: string;
  /** Whether this action says that the message is spam, whatever the numbers are. */
  readonly isSpam: boolean;
  /** Points from which rspamd marks a message as spam; 0 if its answer does not say. */
  readonly mark: number;
  /** The highest limit of all actions (required_score); 0 if none has a limit. */
  readonly highest: number;
  readonly rules: readonly RuleHit[];
};

const rulesMax = 200;
/** Actions for spam. `greylist` and `soft reject` only delay a message. */
const spamActions = ['add header', 'rewrite subject', 'quarantine', 'discard', 'reject'];

export function parseRspamdReply(text: string): Result<RspamdReply, string> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return fault('not JSON');
  }
  if (!isObject(value)) return fault('not an object');
  const { score, required_score: highest, symbols, thresholds, action } = value;
  if (!isNumber(score) || typeof action !== 'string') {
    const { error } = value;
    return fault(typeof error === 'string' ? error.slice(0, 200) : 'no score and action');
  }
  const name = actionName(action).slice(0, 50);
  return ok({
    score,
    action: name,
    isSpam: spamActions.includes(name),
    mark: isObject(thresholds) ? markOf(thresholds) : 0,
    highest: isNumber(highest) && highest > 0 ? highest : 0,
    rules: isObject(symbols) ? Object.entries(symbols).slice(0, rulesMax).map(hit) : [],
  });
}

/** Configurations write `add_header`, answers `add header`. */
function actionName(name: string): string {
  return name.replaceAll('_', ' ').toLowerCase();
}

/** The lowest limit of an action for spam. An action that is switched off has no number. */
function markOf(thresholds: Readonly<Record<string, unknown>>): number {
  const limits = Object.entries(thresholds).flatMap(([name, limit]) =>
    spamActions.includes(actionName(name)) && isNumber(limit) && limit > 0 ? [limit] : [],
  );
  return limits.length === 0 ? 0 : Math.min(...limits);
}

function hit([name, symbol]: readonly [string, unknown]): RuleHit {
  const points = isObject(symbol) ? symbol['score'] : undefined;
  const about = isObject(symbol) ? symbol['description'] : undefined;
  return {
    name: name.slice(0, 100),
    points: isNumber(points) ? points : 0,
    about: typeof about === 'string' ? about.slice(0, 300) : '',
  };
}

/**
 * Whether a value is a usable number. JSON allows 1e999, which would make every sum of the
 * statistics infinite.
 */
function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Math.abs(value) < 1e9;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
