/** Checks how providers treat our mail. Pure. */
import type { BadLane } from '../deliverability/lane.ts';
import { type Finding, fine, someOf } from '../finding.ts';

const namedMax = 5;

/** `unknown`: no guard runs, or it does not answer. */
export function checkProviders(bad: readonly BadLane[] | 'unknown'): Finding {
  const id = 'providers.lanes';
  const title = 'Providers';
  const wanted = 'providers that take our mail';
  if (bad === 'unknown') {
    const fix = 'start Postern, then run doctor again';
    const found = 'not known: the guard does not answer';
    return { id, kind: 'unknown', title, found, wanted, fix };
  }
  if (bad.length === 0) return fine(id, title, 'none slows or blocks our mail');
  const names = bad.map(({ family, provider, state }) =>
    family === 'ipv6' ? `${provider} by IPv6 (${state})` : `${provider} (${state})`,
  );
  const fix = 'postern providers list';
  return { id, kind: 'warn', title, found: someOf(names, namedMax), wanted, fix };
}
