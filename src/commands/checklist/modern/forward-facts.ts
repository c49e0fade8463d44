/** Finds the addresses here that lead to other servers: aliases of Postfix, and .forward files. */
import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import type { ForwardFacts } from '../../../core/checklist/modern/forwards.ts';
import { domainOf } from '../../../formats/message/address.ts';
import { tableEntries, wordsOf } from '../../../partners/postfix/lists.ts';
import { readMailFacts } from '../../../partners/postfix/mail-facts.ts';
import { postconfValues } from '../../../partners/postfix/postconf.ts';
import { programOutput } from '../../../partners/program.ts';

const names = [
  'alias_maps',
  'virtual_alias_maps',
  'sender_canonical_maps',
  'smtpd_milters',
  'non_smtpd_milters',
] as const;
/** Users whose home is looked at for a .forward. */
const usersMax = 5_000;
/** Domains that are named in the count; a table of strangers may name any. */
const domainsMax = 1_000;

export async function forwardFacts(
  configDirectory: string,
  sealsArc: boolean,
): Promise<ForwardFacts> {
  const values = await postconfValues(names, configDirectory);
  const { localDomains } = await readMailFacts(configDirectory);
  const outside = new Map<string, number>();
  const unread: string[] = [];
  for (const table of wordsOf(`${values.alias_maps} ${values.virtual_alias_maps}`)) {
    // What others than Postfix keep, such as NIS, is often named by default and not there.
    if (table.startsWith('nis:')) continue;
    const entries = await tableEntries(table, configDirectory).catch(() => undefined);
    if (entries === undefined) unread.push(table);
    for (const { value } of entries ?? []) {
      for (const domain of domainsIn(value)) {
        if (isOwn(domain, localDomains)) continue;
        if (outside.has(domain) || outside.size < domainsMax) {
          outside.set(domain, (outside.get(domain) ?? 0) + 1);
        }
      }
    }
  }
  const milters = `${values.smtpd_milters} ${values.non_smtpd_milters}`;
  return {
    outside: Object.fromEntries(outside),
    ...(await forwardFiles()),
    unread,
    srs: /\bpostsrsd\b|\bsrs\b|:1000[12]\b/i.test(values.sender_canonical_maps)
      ? 'sender_canonical_maps'
      : '',
    arc: sealsArc ? 'Postern' : /openarc/.test(milters) ? 'OpenARC' : '',
  };
}

/** Addresses in the value of an alias; not commands, files and lists. */
function domainsIn(value: string): readonly string[] {
  if (/^["']?[|/:]/.test(value)) return [];
  return value
    .split(/[\s,]+/)
    .filter((one) => /^[^|/:@"]+@[A-Za-z0-9.-]+$/.test(one))
    .map((one) => domainOf(one).toLowerCase());
}

function isOwn(domain: string, own: readonly string[]): boolean {
  return own.some((one) => one === domain || (one.startsWith('.') && domain.endsWith(one)));
}

/** How many users have a .forward. It is theirs, so it is not opened. */
async function forwardFiles(): Promise<Pick<ForwardFacts, 'files' | 'unseenHomes'>> {
  const users = await programOutput({
    program: '/usr/bin/getent',
    args: ['passwd'],
    errors: 'complaint',
    fine: [2],
    signal: AbortSignal.timeout(5_000),
  });
  const homes = new Set(users.slice(0, usersMax).map((line) => line.split(':')[5] ?? ''));
  const found = [...homes].filter((home) => home.startsWith('/')).map(forwardIn);
  return {
    files: found.filter((one) => one === 'there').length,
    unseenHomes: found.filter((one) => one === 'unseen').length,
  };
}

function forwardIn(home: string): 'there' | 'none' | 'unseen' {
  try {
    return lstatSync(join(home, '.forward')).isFile() ? 'there' : 'none';
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    return code === 'EACCES' || code === 'EPERM' ? 'unseen' : 'none';
  }
}
