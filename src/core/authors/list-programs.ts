/**
 * Mailing lists in tables of aliases and transports: which program serves an address, and how that
 * program hands its mail to Postfix. Pure.
 */

/** A row of an alias or transport table; the key may lack a domain. */
export type AliasRow = { readonly key: string; readonly value: string };

/** `smtp`: from this machine without a login. `sendmail`: by the program, as its user. */
export type ListProgram = {
  readonly name: string;
  readonly hands: 'smtp' | 'sendmail';
  readonly user: string;
};

export type ListAddress = { readonly address: string; readonly program: ListProgram };

/** As these programs are set up usually; Mailman and mlmmj speak SMTP with localhost. */
const programs: readonly (readonly [pattern: RegExp, program: ListProgram])[] = [
  [
    /\bmailman3?\b|\blmtp:(?:inet:)?\[?(?:127\.0\.0\.1|::1|localhost)\]?:8024\b/i,
    { name: 'Mailman', hands: 'smtp', user: 'list' },
  ],
  [/\bmlmmj(?:-receive|-recieve)?\b/i, { name: 'mlmmj', hands: 'smtp', user: 'mlmmj' }],
  [/\bsympa\b/i, { name: 'Sympa', hands: 'sendmail', user: 'sympa' }],
  [/\bezmlm(?:-\w+)?\b/i, { name: 'ezmlm', hands: 'sendmail', user: 'alias' }],
  [/\bmajordomo\b/i, { name: 'Majordomo', hands: 'sendmail', user: 'majordomo' }],
];

/** Extra addresses of a list, from which its program writes. */
const roles =
  /[-+](?:admin|bounces?|confirm|editor|help|join|leave|owner|request|return|(?:un)?subscribe)$/;

/** Addresses that a list program serves. `origin`: the domain of keys without one. */
export function listAddresses(rows: readonly AliasRow[], origin: string): readonly ListAddress[] {
  const found = new Map<string, ListAddress>();
  for (const { key, value } of rows) {
    const program = programOf(value);
    const address = addressOf(key, origin);
    if (program !== undefined && address !== undefined && !found.has(address)) {
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
