/**
 * Checks the DKIM keys of the running guard: Postern can read them, their records are in the DNS,
 * and the records stay there longer than mail can wait in a queue. Pure.
 */
import { dayMs, hourMs, type Millis, minuteMs, secondMs } from '../../../lib/time.ts';
import { type Finding, fine } from '../../finding.ts';

export type DkimKeyFacts = {
  readonly domain: string;
  readonly selector: string;
  readonly state: string;
  readonly since: Millis;
  /** What the operator has to do; empty where there is nothing to do. */
  readonly todo: string;
  /** Why the key cannot sign; empty where it can. */
  readonly fault: string;
  /** Of a probation key: its account; empty while it is spare. */
  readonly holder?: string;
  /** Postern can change its record. */
  readonly canSend: boolean;
};

/** Time that an operator has to publish a record before doctor warns. */
const patienceMs = 2 * dayMs;
/** Keys that a finding names; `postern dkim keys` lists all. */
const namedMax = 3;

/** Empty where there are no keys. */
export function checkDkimKeys(keys: readonly DkimKeyFacts[], now: Millis): readonly Finding[] {
  const id = 'signing.keys';
  const title = 'DKIM keys';
  const here = keys.filter(({ state }) => state !== 'gone');
  if (here.length === 0) return [];
  const broken = here.filter(({ fault }) => fault !== '');
  if (broken.length > 0) {
    const found = named(broken, ({ fault }) => fault);
    const fix =
      'put the file back, or make it private (chmod 0600), or make a new key: postern dkim new';
    return [
      {
        id,
        kind: 'fail',
        title,
        found,
        wanted: 'private key files that only Postern can read',
        fix,
      },
    ];
  }
  const stuck = here.filter(({ todo, since }) => todo !== '' && now - since > patienceMs);
  if (stuck.length > 0) {
    const found = named(stuck, ({ todo }) => todo);
    const fix = 'postern dkim keys shows the records to publish';
    return [
      {
        id,
        kind: 'warn',
        title,
        found,
        wanted: 'records that every name server of the zone answers with',
        fix,
      },
    ];
  }
  const all = here.filter(({ holder }) => holder === undefined);
  const signing = all.filter(({ state }) => state === 'signing');
  const domains = new Set(signing.map(({ domain }) => domain));
  const waiting = all.length - signing.length;
  const rest = waiting === 0 ? '' : `; ${waiting} more being introduced or retired`;
  const count = `${counted(signing.length, 'key')} for ${counted(domains.size, 'domain')}`;
  return [fine(id, title, `signing with ${count}${rest}`)];
}

/** `queueLifetime` as main.cf has it; undefined: main.cf does not set it. */
export function checkQueueLifetime(
  queueLifetime: string | undefined,
  withdrawAfterMs: number,
): readonly Finding[] {
  const lifetime = queueLifetime ?? '5d';
  const ms = postfixTime(lifetime);
  if (ms === undefined || ms < withdrawAfterMs) return [];
  return [
    {
      id: 'signing.queue-lifetime',
      kind: 'warn',
      title: 'Lifetime of DKIM records',
      found:
        'shorter than mail may wait in Postfix ' +
        `(maximal_queue_lifetime = ${lifetime} in main.cf)`,
      wanted: 'maximal_queue_lifetime shorter than signing.rotation.withdraw_after',
      fix: 'set signing.rotation.withdraw_after in postern.toml to twice maximal_queue_lifetime',
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

/** postconf(5): a number and s, m, h, d or w; without a unit it counts days. */
export function postfixTime(text: string): number | undefined {
  const [, number, unit = 'd'] = /^(\d+)([smhdw])?$/.exec(text.trim()) ?? [];
  return number === undefined ? undefined : Number(number) * (units[unit] ?? dayMs);
}

export function counted(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`;
}

function named(keys: readonly DkimKeyFacts[], what: (key: DkimKeyFacts) => string): string {
  const lines = keys
    .slice(0, namedMax)
    .map((key) => `${key.selector} of ${key.domain}: ${what(key)}`);
  const more = keys.length - lines.length;
  return `${lines.join('; ')}${more === 0 ? '' : `; and ${more} more`}`;
}
