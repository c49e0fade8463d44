/**
 * Mailing lists in tables of aliases and transports: which program serves an address, and the user
 * of that program. Pure.
 */

/** A row of an alias or transport table; the key may lack a domain. */
export type AliasRow = { readonly key: string; readonly value: string };

/** `user`: the user of the program, under which its mail counts, by SMTP and by sendmail. */
type ListProgram = { readonly name: string; readonly user: string };

export type ListAddress = { readonly address: string; readonly program: ListProgram };

/** With the users that packages of Debian give them. */
const programs: readonly (readonly [pattern: RegExp, program: ListProgram])[] = [
  [
    /\bmailman3?\b|\blmtp:(?:inet:)?\[?(?:127\.0\.0\.1|::1|localhost)\]?:8024\b/i,
    { name: 'Mailman', user: 'list' },
  ],
  [/\bmlmmj(?:-receive|-recieve)?\b/i, { name: 'mlmmj', user: 'mlmmj' }],
  [/\bsympa\b/i, { name: 'Sympa', user: 'sympa' }],
  [/\bezmlm(?:-\w+)?\b/i, { name: 'ezmlm', user: 'alias' }],
  [/\bmajordomo\b/i, { name: 'Majordomo', user: 'majordomo' }],
];

/** Extra addresses of a list, from which its program writes. */
const roles =
  /[-+](?:admin|bounces?|confirm|editor|help|join|leave|owner|request|return|(?:un)?subscribe)$/;

/** Aliases that are followed from one to the next. */
const aliasChainMax = 3;

/**
 * Addresses that a list program serves, also by a virtual alias (`team@example.org` leads to
 * `team`, and `team` to the program). `origin`: the domain of keys without one. `users`: users of
 * transports that start programs, by the transport's name.
 */
export function listAddresses(
  rows: readonly AliasRow[],
  { origin, users }: { readonly origin: string; readonly users: ReadonlyMap<string, string> },
): readonly ListAddress[] {
  const found = new Map<string, ListAddress>();
  for (const { key, value } of rows) {
    const program = programOf(value);
    const address = addressOf(key, origin);
    if (program === undefined || address === undefined || found.has(address)) continue;
    const user = users.get(/^([\w-]+):/.exec(value)?.[1] ?? '') ?? program.user;
    found.set(address, { address, program: { ...program, user } });
  }
  const programAt = (word: string): ListProgram | undefined =>
    found.get(addressOf(word, origin) ?? '')?.program;
  for (let chain = 0; chain < aliasChainMax; chain++) {
    for (const { key, value } of rows) {
      const address = addressOf(key, origin);
      const program = programAt(value);
      if (program === undefined || address === undefined || found.has(address)) continue;
      found.set(address, { address, program });
    }
  }
  return [...found.values()];
}

function programOf(value: string): ListProgram | undefined {
  // A pipe or a transport, not an alias to an address such as mailman@example.org.
  const isProgram = /^"?\|/.test(value) || /^[\w-]+:/.test(value);
  if (!isProgram || /^:include:/i.test(value)) return undefined;
  return programs.find(([pattern]) => pattern.test(value))?.[1];
}

function addressOf(key: string, origin: string): string | undefined {
  const name = key.replace(/:$/, '').toLowerCase();
  const whole = name.includes('@') ? name : origin === '' ? '' : `${name}@${origin}`;
  return /^[^\s@"|/]+@[a-z0-9.-]+$/.test(whole) ? whole : undefined;
}

/** The list of an address: `team` for `team-bounces@example.org`. */
export function listOf(address: string): string {
  const at = address.lastIndexOf('@');
  return `${address.slice(0, at).replace(roles, '')}${address.slice(at)}`;
}

/** Aliases that leave this server: their mail keeps its From and needs no declaration. */
export function forwarders(
  rows: readonly AliasRow[],
  isHere: (domain: string) => boolean,
): readonly string[] {
  return rows.flatMap(({ key, value }) => {
    const words = /^"?[|/]/.test(value) ? [] : value.split(/[\s,]+/);
    const away = words.some(
      (one) => /^[^|/:"@]+@[^@]+$/.test(one) && !isHere(one.slice(one.indexOf('@') + 1)),
    );
    return away ? [key] : [];
  });
}
