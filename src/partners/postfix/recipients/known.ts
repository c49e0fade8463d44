/**
 * Asks Postfix's tables which recipients exist, many at a time, by the keys that smtpd(8) uses for
 * a list of recipients (local_recipient_maps, virtual_mailbox_maps, relay_recipient_maps).
 */
import { programLines } from '../../program.ts';

/** No mailbox has this name. */
export const madeUpName = 'postern-nobody-a7c41f';
/** Keys in one call of postmap(1). */
const keysMax = 5_000;
const callMs = 60_000;

/** Rejects if Postfix cannot ask the table, for example because its server is away. */
export async function lookUpAll(
  table: string,
  keys: Iterable<string>,
  configDirectory: string,
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  const all = [...new Set(keys)].filter((key) => !/[\s\p{Cc}]/u.test(key));
  for (let at = 0; at < all.length; at += keysMax) {
    const lines = programLines({
      program: '/usr/sbin/postmap',
      args: ['-c', configDirectory, '-q', '-', table.replace(/^proxy:/, '')],
      input: `${all.slice(at, at + keysMax).join('\n')}\n`,
      signal: AbortSignal.timeout(callMs),
      errors: 'lines',
      // None of the keys was found.
      fine: [1],
    });
    for await (const line of lines) {
      if (/^postmap: (?:fatal|error|warning): /.test(line)) throw new Error(line);
      const tab = line.indexOf('\t');
      if (tab > 0) found.set(line.slice(0, tab), line.slice(tab + 1));
    }
  }
  return found;
}

export type KeyForms = {
  /** recipient_delimiter; empty without extensions of addresses. */
  readonly delimiter: string;
  /** The class is `local`, where a name without a domain is a key too. */
  readonly isLocal: boolean;
};

/** The keys by which Postfix looks for an address, as typed in lower case. */
function recipientKeys(address: string, { delimiter, isLocal }: KeyForms): readonly string[] {
  const at = address.lastIndexOf('@');
  if (at <= 0) return [address];
  const [local, domain] = [address.slice(0, at), address.slice(at)];
  const cut = [...local].findIndex((char, nth) => nth > 0 && delimiter.includes(char));
  const bare = cut < 0 ? local : local.slice(0, cut);
  const names = [...new Set([local, bare])];
  return [...names.map((name) => name + domain), ...(isLocal ? names : []), domain];
}

/** The addresses that one of the tables knows. */
export async function knownIn(
  tables: readonly string[],
  addresses: readonly string[],
  how: KeyForms & { readonly configDirectory: string },
): Promise<ReadonlySet<string>> {
  const known = new Set<string>();
  for (const table of tables) {
    const open = addresses.filter((one) => !known.has(one));
    if (open.length === 0) break;
    const keys = open.map((address) => ({ address, keys: recipientKeys(address, how) }));
    const found = await lookUpAll(
      table,
      keys.flatMap((one) => one.keys),
      how.configDirectory,
    );
    for (const one of keys) if (one.keys.some((key) => found.has(key))) known.add(one.address);
  }
  return known;
}
