/**
 * The DKIM keys of the running guard: usable, on their way, and longer in the DNS than mail is in a
 * queue. Pure.
 */
import { dayMs, hourMs, type Millis, minuteMs, secondMs } from '../../lib/time.ts';
import { type Finding, fine } from '../finding.ts';

export type DkimKeyFacts = {
  readonly domain: string;
  readonly selector: string;
  readonly state: string;
  readonly since: Millis;
  /** What the operator is to do. */
  readonly todo: string;
  /** Why it cannot sign. */
  readonly fault: string;
};

/** Who was asked to publish a record has so long before doctor speaks of it. */
const patienceMs = 2 * dayMs;
/** The rest is said by `postern dkim keys`. */
const namedMax = 3;

/** Empty where there are no keys: then nothing is wrong with them. */
export function checkDkimKeys(keys: readonly DkimKeyFacts[], now: Millis): readonly Finding[] {
  const id = 'signing.keys';
  const title = 'DKIM keys can be used, and their records are in the DNS';
  const here = keys.filter(({ state }) => state !== 'gone');
  if (here.length === 0) return [];
  const broken = here.filter(({ fault }) => fault !== '');
  if (broken.length > 0) {
    const found = named(broken, ({ fault }) => fault);
    const mend =
      'put the file back, or make it private again (chmod 0600); else a new key: postern dkim new';
    return [{ id, kind: 'fail', title, found, wanted: 'files that can be read', mend }];
  }
  const stuck = here.filter(({ todo, since }) => todo !== '' && now - since > patienceMs);
  if (stuck.length > 0) {
    const found = named(stuck, ({ todo }) => todo);
    const mend = 'postern dkim keys has the records';
    return [{ id, kind: 'warn', title, found, wanted: 'records that all servers show', mend }];
  }
  const signing = here.filter(({ state }) => state === 'signing');
  const domains = new Set(signing.map(({ domain }) => domain));
  const waiting = here.length - signing.length;
  const rest = waiting === 0 ? '' : `, ${waiting} on their way in or out`;
  return [fine(id, title, `${signing.length} sign for ${domains.size} domains${rest}`)];
}

/** `queueLifetime`: as in main.cf; undefined: not set there. */
export function checkQueueLifetime(
  queueLifetime: string | undefined,
  withdrawAfterMs: number,
): readonly Finding[] {
  const ms = postfixTime(queueLifetime ?? '5d');
  if (ms === undefined || ms < withdrawAfterMs) return [];
  return [
    {
      id: 'signing.queue-lifetime',
      kind: 'warn',
      title: 'DKIM records stay for as long as mail may be in a queue',
      found: `maximal_queue_lifetime = ${queueLifetime ?? '5d'} in main.cf`,
      wanted: 'less than signing.rotation.withdraw_after',
      mend: 'set signing.rotation.withdraw_after in postern.toml to twice of it',
    },
  ];
}

const units: Readonly<Record<string, number>> = {
  s: secondMs,
  m: minuteMs,
  h: hourMs,
  d: dayMs,
  w: 7 * dayMs,
};

/** postconf(5): a number and s, m, h, d or w; this parameter's own unit is the day. */
function postfixTime(text: string): number | undefined {
  const [, number, unit = 'd'] = /^(\d+)([smhdw])?$/.exec(text.trim()) ?? [];
  return number === undefined ? undefined : Number(number) * (units[unit] ?? dayMs);
}

function named(keys: readonly DkimKeyFacts[], what: (key: DkimKeyFacts) => string): string {
  const lines = keys
    .slice(0, namedMax)
    .map((key) => `${key.selector} of ${key.domain}: ${what(key)}`);
  const more = keys.length - lines.length;
  return `${lines.join('; ')}${more === 0 ? '' : `; and ${more} more`}`;
}
