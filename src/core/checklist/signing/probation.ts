/**
 * Checks what probation keys need: a zone that Postern can change, keys that are ready, and
 * signatures that last longer than mail waits in a queue. Pure.
 */
import { type Finding, fine, someOf } from '../../finding.ts';
import { counted, type DkimKeyFacts, postfixTime } from './dkim-keys.ts';

/** Domains that a finding names. */
const namedMax = 3;

/** Empty while they are off, or where no key signs. `queueLifetime` as of checkQueueLifetime. */
export function checkProbation(
  keys: readonly DkimKeyFacts[],
  settings: { readonly enabled: boolean; readonly expires: string; readonly expiresMs: number },
  queueLifetime: string | undefined,
): readonly Finding[] {
  const signing = keys.filter(({ state }) => state === 'signing');
  const domains = signing.filter(({ holder }) => holder === undefined);
  if (!settings.enabled || domains.length === 0) return [];
  const id = 'signing.probation';
  const title = 'Probation keys';
  const lifetime = queueLifetime ?? '5d';
  if ((postfixTime(lifetime) ?? 0) >= settings.expiresMs) {
    const found =
      `signatures expire after ${settings.expires}, and mail may wait in Postfix for ${lifetime} ` +
      '(maximal_queue_lifetime)';
    const wanted = 'signing.probation.expires longer than maximal_queue_lifetime';
    const fix = 'set signing.probation.expires in postern.toml to twice maximal_queue_lifetime';
    return [{ id, kind: 'warn', title, found, wanted, fix }];
  }
  const fixed = distinct(domains.filter(({ canSend }) => !canSend));
  if (fixed.length > 0) {
    const found =
      `none for ${someOf(fixed, namedMax)}: Postern cannot revoke a record there, so the key of ` +
      'the domain signs mail of all accounts';
    const wanted = 'zones that Postern can change';
    const fix =
      'add the zones to [[dns.updates]] (docs/dns-and-signing.md), or turn signing.probation off';
    return [{ id, kind: 'warn', title, found, wanted, fix }];
  }
  const own = signing.filter(({ holder }) => holder !== undefined);
  const spare = own.filter(({ holder }) => holder === '');
  const ready = new Set(spare.map(({ domain }) => domain));
  const without = distinct(domains).filter((domain) => !ready.has(domain));
  if (without.length > 0) {
    const found =
      `none is ready for ${someOf(without, namedMax)}: the key of the domain signs mail of ` +
      'accounts that need one now';
    const wanted = 'a spare key for each domain';
    const fix =
      'wait an hour after a change; then see postern dkim keys, and raise ' +
      'signing.probation.spare or keys_max';
    return [{ id, kind: 'warn', title, found, wanted, fix }];
  }
  const held = own.length - spare.length;
  return [
    fine(id, title, `${counted(held, 'account')} with keys of their own; ${spare.length} ready`),
  ];
}

function distinct(keys: readonly DkimKeyFacts[]): readonly string[] {
  return [...new Set(keys.map(({ domain }) => domain))];
}
