/** The file in the state folder that keeps the report of the last drill. Pure. */
import { withoutControls } from '../../lib/peer-text.ts';
import type { Millis } from '../../lib/time.ts';
import { type LinkResult, linkIds } from './links.ts';
import type { DrillReport } from './report.ts';

/** Below the state folder. */
export const drillFile = 'drill.json';

/** The last millisecond that a date can have (ECMA-262 section 21.4.1.1). */
const timeMax = 8_640_000_000_000_000;
const states: readonly string[] = ['fine', 'failed', 'not reached', 'unset'];

export function drillFileText(report: DrillReport): string {
  return `${JSON.stringify(report)}\n`;
}

/** Undefined if the text is no report of this version. */
export function parseReport(text: string): DrillReport | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { at, tookMs, host, fine, links, ping } = value as Partial<Record<string, unknown>>;
  if (typeof tookMs !== 'number' || typeof host !== 'string') return undefined;
  if (!Number.isSafeInteger(at) || Math.abs(Number(at)) > timeMax) return undefined;
  if (typeof fine !== 'boolean' || typeof ping !== 'string' || !Array.isArray(links)) {
    return undefined;
  }
  const known = links.filter(isLink);
  if (known.length !== links.length) return undefined;
  return {
    at: at as Millis,
    tookMs,
    host: withoutControls(host),
    fine,
    ping: withoutControls(ping),
    links: known.map(plainLink),
  };
}

/** Whoever owns the folder can write what they like into the file, and root prints it. */
function plainLink({ fix, id, saw, state, title }: LinkResult): LinkResult {
  const [plainTitle = '', plainSaw = '', plainFix = ''] = [title, saw, fix].map((text) =>
    withoutControls(text, ' '),
  );
  return { id, title: plainTitle, state, saw: plainSaw, fix: plainFix };
}

function isLink(value: unknown): value is LinkResult {
  if (typeof value !== 'object' || value === null) return false;
  const { id, title, state, saw, fix } = value as Partial<Record<string, unknown>>;
  const texts = [title, saw, fix].every((text) => typeof text === 'string');
  const known = linkIds.some((one) => one === id);
  return texts && known && states.includes(String(state));
}
