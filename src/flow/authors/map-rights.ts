/** Looks in the mail server's tables for what allows an account to write as an address. */
import type { Account, LoginDomains } from '../../core/account-name.ts';
import { accountOf } from '../../core/account-name.ts';
import { mailboxesOf, ownsAddress } from '../../core/authors/own.ts';
import { authorKey, localPartOf, withoutExtension } from '../../core/authors/place.ts';
import {
  addressKeys,
  aliasKeys,
  isSameMailbox,
  loginsOf,
  type TableKey,
  type TableName,
  targetsMax,
  targetsOf,
} from '../../core/authors/table-keys.ts';
import { domainOf } from '../../formats/message/address.ts';
import { faultText } from '../../lib/error-text.ts';
import type { AuthorTables, TableAnswer } from '../../ports/authors.ts';

/** Aliases that lead to aliases. Postfix allows 1000; real ones are not this deep. */
const depthMax = 8;

export type MapRight =
  | { readonly kind: 'map'; readonly source: string }
  | { readonly kind: 'own' | 'foreign' }
  /** A table could not be asked, and no other one allows it. */
  | { readonly kind: 'unknown'; readonly why: string };

type Asked = {
  readonly account: Account;
  /** The form that is compared (core/authors/place.ts). */
  readonly address: string;
  readonly logins: LoginDomains;
  readonly tables: AuthorTables;
  readonly signal: AbortSignal;
};

/** Never rejects. */
export async function rightByTables(asked: Asked): Promise<MapRight> {
  const { account, address, tables } = asked;
  let why = '';
  try {
    await tables.read(asked.signal);
    if (ownsAddress(account, address, tables.place)) return { kind: 'own' };
  } catch (fault) {
    why = faultText(fault);
  }
  for (const look of [senderLogin, aliases, shownAs, sameMailbox]) {
    try {
      const source = await look(asked);
      if (source !== undefined) return { kind: 'map', source };
    } catch (fault) {
      why = faultText(fault);
      if (asked.signal.aborted) break;
    }
  }
  return why === '' ? { kind: 'foreign' } : { kind: 'unknown', why };
}

const sourceOf = (name: TableName, table: string): string => `${name} = ${table}`;

/** The entries for the first of the keys that has any, and that key. */
function firstOf(
  keys: readonly TableKey[],
  found: ReadonlyMap<string, readonly TableAnswer[]>,
): { readonly key: string; readonly answers: readonly TableAnswer[] } | undefined {
  for (const { key } of keys) {
    const answers = found.get(key);
    if (answers !== undefined && answers.length > 0) return { key, answers };
  }
  return undefined;
}

/** smtpd_sender_login_maps names the login for this address. */
async function senderLogin(asked: Asked): Promise<string | undefined> {
  const { account, address, logins, signal, tables } = asked;
  const keys = addressKeys(address, tables.place);
  const found = await tables.find('smtpd_sender_login_maps', keys, signal);
  // Services may have tables of their own, with entries under different keys.
  for (const { key } of keys) {
    const answer = found
      .get(key)
      ?.find(({ value }) => loginsOf(value).some((login) => accountOf(login, logins) === account));
    if (answer !== undefined) return sourceOf('smtpd_sender_login_maps', answer.table);
    if (found.has(key) && !key.startsWith('@')) return undefined;
  }
  return undefined;
}

/** Mail to this address reaches the account, by virtual_alias_maps and alias_maps. */
async function aliases({ account, address, signal, tables }: Asked): Promise<string | undefined> {
  const { place } = tables;
  const mailboxes = new Set(mailboxesOf(account, place));
  if (mailboxes.size === 0) return undefined;
  const isReached = (target: string): boolean => {
    const base = withoutExtension(target, place.delimiters);
    if (mailboxes.has(target) || mailboxes.has(base)) return true;
    const domain = domainOf(base);
    return place.localUserDomains.has(domain) && mailboxes.has(localPartOf(base));
  };
  let level: readonly string[] = [address];
  const seen = new Set(level);
  for (let depth = 0; depth < depthMax && level.length > 0; depth++) {
    const next: string[] = [];
    for (const step of [
      { name: 'virtual_alias_maps', keysOf: addressKeys },
      { name: 'alias_maps', keysOf: aliasKeys },
    ] as const) {
      const keys = level.map((one) => ({ one, keys: step.keysOf(one, place) }));
      const all = keys.flatMap((each) => each.keys);
      if (all.length === 0) continue;
      const found = await tables.find(step.name, all, signal);
      for (const { one, keys: own } of keys) {
        for (const { table, value } of firstOf(own, found)?.answers ?? []) {
          const targets = targetsOf(value, one) ?? [];
          if (targets.some(isReached)) return sourceOf(step.name, table);
          for (const target of targets) {
            if (seen.has(target) || seen.size > targetsMax) continue;
            seen.add(target);
            next.push(target);
          }
        }
      }
    }
    level = next;
  }
  return undefined;
}

/** Postfix itself shows the account's own address as this one. */
async function shownAs({ account, address, signal, tables }: Asked): Promise<string | undefined> {
  const { place } = tables;
  const wanted = withoutExtension(address, place.delimiters);
  for (const mailbox of mailboxesOf(account, place)) {
    let now = mailbox;
    for (const name of ['sender_canonical_maps', 'canonical_maps', 'smtp_generic_maps'] as const) {
      const keys = addressKeys(now, place);
      const answer = firstOf(keys, await tables.find(name, keys, signal))?.answers[0];
      const [target] = (answer === undefined ? undefined : targetsOf(answer.value, now)) ?? [];
      if (answer === undefined || target === undefined) continue;
      const whole = target.includes('@') ? target : authorKey(`${target}@${place.origin}`);
      if (whole === wanted) return sourceOf(name, answer.table);
      now = whole;
    }
  }
  return undefined;
}

/** virtual_mailbox_maps or Dovecot has the same mailbox for both. */
async function sameMailbox({
  account,
  address,
  signal,
  tables,
}: Asked): Promise<string | undefined> {
  const { place } = tables;
  for (const mailbox of mailboxesOf(account, place)) {
    if (!mailbox.includes('@')) continue;
    for (const name of ['virtual_mailbox_maps', 'dovecot userdb'] as const) {
      const [theirs, own] = [addressKeys(address, place), addressKeys(mailbox, place)];
      const found = await tables.find(name, [...theirs, ...own], signal);
      const mine = firstOf(own, found)?.answers ?? [];
      for (const { table, value } of firstOf(theirs, found)?.answers ?? []) {
        if (mine.some((one) => isSameMailbox(one.value, value, mailbox))) {
          return sourceOf(name, table);
        }
      }
    }
  }
  return undefined;
}
