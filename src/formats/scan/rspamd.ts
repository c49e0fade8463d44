/** Reads the answer of rspamd's /checkv2. Pure, never throws. */
import { fault, ok, type Result } from '../../lib/result.ts';
import type { RuleHit } from './rule.ts';

export type RspamdReply = {
  readonly score: number;
  /** The score from which rspamd marks a message as spam. */
  readonly required: number;
  readonly rules: readonly RuleHit[];
};

const rulesMax = 200;
/**
 * rspamd reports the score from which it rejects mail, not the score from which it marks spam.
 * Debian's configuration has 15 and 6. If the answer has both, the answer counts.
 */
const markShare = 6 / 15;

export function parseRspamdReply(text: string): Result<RspamdReply, string> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return fault('not JSON');
  }
  if (!isObject(value)) return fault('not an object');
  const { score, required_score: refuse, symbols, thresholds } = value;
  if (!isNumber(score) || !isNumber(refuse)) {
    return fault(typeof value['error'] === 'string' ? value['error'].slice(0, 200) : 'no score');
  }
  const mark = isObject(thresholds) ? thresholds['add header'] : undefined;
  return ok({
    score,
    required: isNumber(mark) && mark > 0 ? mark : refuse * markShare,
    rules: isObject(symbols) ? Object.entries(symbols).slice(0, rulesMax).map(hit) : [],
  });
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
