/**
 * Reads from Postfix what decides which addresses an account may write as: names of the machine,
 * and the tables of each parameter. Services in master.cf may have tables of their own.
 */
import { join } from 'node:path';
import type { MailPlace } from '../../core/authors/place.ts';
import { type TableName, tableNames } from '../../core/authors/table-keys.ts';
import { asciiDomain } from '../../formats/message/author-domains.ts';
import { programOutput } from '../program.ts';
import { filesOf } from './files.ts';
import { listEntries, mailOrigin, wordsOf } from './lists.ts';
import { postconfPath, postconfValues } from './postconf.ts';

export type InstanceTables = {
  readonly configDirectory: string;
  readonly place: Omit<MailPlace, 'ownDomains'>;
  /** The tables of each parameter; more than one list where services have their own. */
  readonly tables: Readonly<Record<TableName, readonly (readonly string[])[]>>;
  /** Files that say something else when they change. */
  readonly files: readonly string[];
};

const names = [
  ...tableNames,
  'myhostname',
  'myorigin',
  'mydestination',
  'recipient_delimiter',
  'masquerade_domains',
] as const;

/** More domains of local users are not known; each is a key in memory. */
const domainsMax = 100_000;

export async function readInstanceTables(configDirectory: string): Promise<InstanceTables> {
  const values = await postconfValues(names, configDirectory);
  const domains: string[] = [];
  for (const word of wordsOf(values.mydestination)) {
    if (word.startsWith('!')) continue;
    const entries = await listEntries(word, configDirectory).catch(() => undefined);
    domains.push(...(entries ?? []));
  }
  const origin = await mailOrigin(values.myorigin, configDirectory);
  const overrides = await serviceValues('smtpd_sender_login_maps', configDirectory);
  const tables = Object.fromEntries(
    tableNames.map((name) => {
      const more = name === 'smtpd_sender_login_maps' ? overrides : [];
      const lists = [values[name], ...more].map(wordsOf).filter((list) => list.length > 0);
      return [name, distinct(lists)];
    }),
  ) as unknown as InstanceTables['tables'];
  return {
    configDirectory,
    place: {
      hostNames: new Set([values.myhostname, origin].flatMap(domainName)),
      localUserDomains: new Set(domains.slice(0, domainsMax).flatMap(domainName)),
      origin,
      delimiters: values.recipient_delimiter,
      masqueraded: wordsOf(values.masquerade_domains.toLowerCase()),
    },
    tables,
    files: [
      ...['main.cf', 'master.cf'].map((name) => join(configDirectory, name)),
      ...wordsOf(values.mydestination).flatMap(filesOf),
      ...Object.values(tables).flat(2).flatMap(filesOf),
    ],
  };
}

function domainName(text: string): readonly string[] {
  const name = asciiDomain(text.trim());
  return name === undefined ? [] : [name];
}

/** The values that services in master.cf have for a parameter (`-o name=value`). */
async function serviceValues(name: string, configDirectory: string): Promise<readonly string[]> {
  const lines = await programOutput({
    program: postconfPath,
    args: ['-c', configDirectory, '-Px', `*/*/${name}`],
    errors: 'complaint',
    signal: AbortSignal.timeout(10_000),
  });
  return lines.flatMap((line) => {
    const value = /^\S+ = (.*)$/.exec(line)?.[1]?.trim();
    return value === undefined || value === '' ? [] : [value];
  });
}

function distinct(lists: readonly (readonly string[])[]): readonly (readonly string[])[] {
  return [...new Map(lists.map((list) => [list.join('\n'), list])).values()];
}
