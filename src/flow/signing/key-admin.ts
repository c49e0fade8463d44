/**
 * The operator's commands for DKIM keys: list, make, rotate, retire, use, adopt. The audit trail
 * keeps every change with who made it.
 */

import {
  type DkimKey,
  hasSigned,
  isKeyName,
  isWaiting,
  keyName,
  newKey,
  sameLine,
} from '../../core/signing/key.ts';
import {
  type KeyContext,
  nextStep,
  operatorsPart,
  wantedRecord,
} from '../../core/signing/key-advice.ts';
import { ordered, retired } from '../../core/signing/succession.ts';
import { faultText } from '../../lib/error-text.ts';
import type { Millis } from '../../lib/time.ts';
import type { AdminResult, KeyAdmin, KeyView, NewKeys } from '../../ports/admin.ts';
import { type KeyKeeper, notWritten, type SigningKeysDeps } from './key-keeper.ts';

type Named = Pick<DkimKey, 'domain' | 'selector'>;

export function openKeyAdmin(keeper: KeyKeeper, deps: SigningKeysDeps): KeyAdmin {
  return {
    folder: deps.files.folder,
    list: (domain) =>
      keeper.keys
        .filter((key) => domain === undefined || key.domain === domain)
        .map((key) => keyView(keeper, deps, key)),
    make: (wanted, by) => keeper.locked(() => make(keeper, wanted, by)),
    rotate: (domain, by) => keeper.locked(() => rotate(keeper, domain, by)),
    retire: (key, how, by) => keeper.locked(() => retire(keeper, deps, { ...key, ...how }, by)),
    use: (key, note, by) => keeper.locked(() => use(keeper, deps, key, { note, by })),
    adopt: (keys, note, by) => keeper.locked(() => adopt(keeper, deps, keys, { note, by })),
  };
}

function keyView(keeper: KeyKeeper, deps: SigningKeysDeps, key: DkimKey): KeyView {
  const { iso, policy, zone } = deps;
  const { clock } = deps.world;
  const canSend = zone.canSend(key.domain);
  const holder =
    key.use === 'probation' ? (keeper.holders.byKey.get(keyName(key))?.account ?? '') : undefined;
  const around: KeyContext = { policy: policy(), canSend, now: clock.now(), holder, iso };
  const { domain, selector, algorithm, bits, state, file, note, sight, sightAt, sightText } = key;
  return {
    domain,
    selector,
    algorithm,
    bits,
    state,
    file,
    note,
    sight,
    sightAt,
    sightText,
    since: key.times[state] ?? (0 as Millis),
    record: {
      name: keyName(key),
      text: wantedRecord(key, around),
      ttlSeconds: zone.ttlOf(key),
    },
    next: nextStep(key, around),
    todo: operatorsPart(key, around),
    fault: keeper.fault(key),
    ...(holder === undefined ? {} : { holder }),
    canSend,
    update: keeper.update(key),
  };
}

async function make(keeper: KeyKeeper, wanted: NewKeys, by: string): Promise<AdminResult> {
  const { domain, algorithms, selector } = wanted;
  if (!isKeyName(domain)) return no(`${domain} is not a domain as DNS has it`);
  if (selector !== undefined) {
    if (!isKeyName(selector)) return no(`${selector} is no selector`);
    if (algorithms.length > 1) {
      return no('a selector is the name of one key', 'add --algorithm rsa or ed25519');
    }
    if (keeper.find(domain, selector) !== undefined) {
      return no(`${selector} of ${domain} is known already: a selector is never used twice`);
    }
  }
  const made = await keeper.make(wanted, by);
  if (typeof made === 'string') return no(made);
  await lookAt(keeper, made);
  return done(`${domain}: made ${names(made)}`, made.length);
}

async function rotate(keeper: KeyKeeper, domain: string, by: string): Promise<AdminResult> {
  const current = keeper.keys.filter(
    (key) => key.domain === domain && key.state === 'signing' && key.use === undefined,
  );
  if (current.length === 0) {
    return no(`no key signs for ${domain}`, `make one: postern dkim new ${domain}`);
  }
  const ends = current.filter(
    (key) => !keeper.keys.some((other) => sameLine(other, key) && isWaiting(other)),
  );
  if (ends.length === 0) {
    return no(`new keys for ${domain} are on their way`, `see postern dkim keys ${domain}`);
  }
  const all: DkimKey[] = [];
  for (const { algorithm, bits } of ends) {
    const wanted = { domain, algorithms: [algorithm], selector: undefined, bits };
    const made = await keeper.make(wanted, by);
    if (typeof made === 'string') return no(made);
    all.push(...made);
  }
  await lookAt(keeper, all);
  return done(`${domain}: made ${names(all)} to follow ${names(ends)}`, all.length);
}

async function retire(
  keeper: KeyKeeper,
  deps: SigningKeysDeps,
  { domain, selector, compromised }: Named & { readonly compromised: boolean },
  by: string,
): Promise<AdminResult> {
  const key = keeper.find(domain, selector);
  if (key === undefined) return no(`there is no key ${selector} of ${domain}`);
  const after = retired(key, deps.world.clock.now(), { compromised });
  if (after === key) return no(`${selector} of ${domain} is ${key.state} already`);
  if (!(await keeper.keep([after], by))) return no(notWritten);
  // Before any look at DNS, which may take minutes.
  if (compromised) await keeper.act([{ kind: 'revoke', key: after }]);
  const words = [
    `${selector} of ${domain} no longer signs${compromised ? ', and is revoked' : ''}`,
  ];
  const followed = keeper.keys.some(
    (other) => sameLine(other, key) && (isWaiting(other) || other.state === 'signing'),
  );
  if (compromised && !followed && hasSigned(key) && key.use === undefined) {
    const { algorithm, bits } = key;
    const wanted = { domain, algorithms: [algorithm], selector: undefined, bits };
    const made = await keeper.make(wanted, by);
    words.push(typeof made === 'string' ? made : `made ${names(made)} in its place`);
  }
  await keeper.step((one) => one.domain === domain);
  if (keeper.of(domain).length === 0) words.push(`nothing signs for ${domain} now`);
  return done(words.join('; '), 1);
}

async function use(
  keeper: KeyKeeper,
  deps: SigningKeysDeps,
  { domain, selector }: Named,
  { note, by }: { readonly note: string; readonly by: string },
): Promise<AdminResult> {
  const key = keeper.find(domain, selector);
  const named = `${selector} of ${domain}`;
  if (key === undefined) return no(`there is no key ${named}`);
  if (note === '') return no('it needs a note that says why', 'add --note WHY');
  if (!isWaiting(key)) return no(`${named} is ${key.state} already`);
  try {
    deps.files.open(key);
  } catch (error) {
    return no(faultText(error));
  }
  const at = deps.world.clock.now();
  const after = ordered(keeper.keys, key, at);
  const changed = after.filter((one) => !keeper.keys.includes(one));
  const detail = `${selector}: signs by order: ${note}`;
  const row = { at, by, action: 'dkim', account: domain, detail };
  if (!(await keeper.keep(changed, by, [{ kind: 'audit', row }]))) return no(notWritten);
  const shown = key.sightText === '' ? key.sight : key.sightText;
  return done(
    `${named} signs now, by your order; DNS showed at the last look: ${shown}. ` +
      `To undo it: postern dkim retire ${domain} ${selector}`,
    1,
  );
}

async function adopt(
  keeper: KeyKeeper,
  deps: SigningKeysDeps,
  named: readonly Named[],
  { note, by }: { readonly note: string; readonly by: string },
): Promise<AdminResult> {
  const rows: DkimKey[] = [];
  const lines: string[] = [];
  for (const { domain, selector } of named) {
    const row = adopted(keeper, deps, { domain, selector, note }, rows);
    if (typeof row === 'string') lines.push(`${selector} of ${domain}: ${row}`);
    else rows.push(row);
  }
  if (!(await keeper.keep(rows, by))) return no(notWritten);
  await lookAt(keeper, rows);
  for (const { domain, selector } of rows) {
    const key = keeper.find(domain, selector);
    const why = key?.sightText === '' ? '' : ` (${key?.sightText})`;
    const how = key?.state === 'signing' ? 'signs' : `waits to be seen in DNS${why}`;
    lines.push(`${selector} of ${domain}: taken over, ${how}`);
  }
  const text = lines.join('\n');
  return rows.length === 0
    ? no(text === '' ? 'there is nothing to take over' : text)
    : done(text, rows.length);
}

function adopted(
  keeper: KeyKeeper,
  deps: SigningKeysDeps,
  what: Named & { readonly note: string },
  others: readonly DkimKey[],
): DkimKey | string {
  const { domain, selector } = what;
  if (!isKeyName(domain) || !isKeyName(selector)) return 'is not a name as DNS has it';
  if (keeper.find(domain, selector) !== undefined) return 'is known already';
  try {
    const facts = deps.files.facts({ domain, selector });
    const line = { domain, algorithm: facts.algorithm };
    const there = [...keeper.keys, ...others].find(
      (key) => sameLine(key, line) && (isWaiting(key) || key.state === 'signing'),
    );
    if (there !== undefined) return `not taken: ${there.selector} is there for that already`;
    const now = deps.world.clock.now();
    // DNS may have shown it for years: it signs as soon as it is seen.
    const times = { made: now, published: now };
    const key = newKey({ ...what, ...facts }, now);
    return { ...key, state: 'published', times, absentAt: undefined, toldAt: now };
  } catch (error) {
    return faultText(error);
  }
}

function lookAt(keeper: KeyKeeper, keys: readonly DkimKey[]): Promise<void> {
  const wanted = new Set(keys.map(keyName));
  return keeper.step((key) => wanted.has(keyName(key)));
}

function names(keys: readonly DkimKey[]): string {
  return keys
    .map(({ selector, algorithm, bits }) =>
      algorithm === 'rsa-sha256' ? `${selector} (RSA, ${bits} bits)` : `${selector} (Ed25519)`,
    )
    .join(', ');
}

function done(text: string, count: number): AdminResult {
  return { ok: true, text, count };
}

function no(text: string, hint?: string): AdminResult {
  return { ok: false, text, ...(hint === undefined ? {} : { hint }) };
}
