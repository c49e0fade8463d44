/** Finds addresses of Postfix that catch many, and aliases whose targets do not exist. */
import { existsSync } from 'node:fs';
import type { CatchAll, ClassFacts, DeadAlias } from '../../../core/reflection/facts.ts';
import { domainOf } from '../../../formats/message/address.ts';
import { tableEntries, wordsOf } from '../lists.ts';
import { postconfValues } from '../postconf.ts';
import { knownIn, lookUpAll, madeUpName } from './known.ts';

/** Aliases that are looked at. */
const aliasesMax = 10_000;
/** Domains that are asked about a catch-all. */
const domainsMax = 200;

export type AliasFacts = {
  readonly catchAlls: readonly CatchAll[];
  readonly deadAliases: readonly DeadAlias[];
};

type Ours = {
  readonly classes: readonly ClassFacts[];
  readonly aliasDomains: ReadonlySet<string>;
  readonly aliasTables: readonly string[];
  readonly delimiter: string;
  readonly configDirectory: string;
};

export async function readAliases(
  classes: readonly ClassFacts[],
  configDirectory: string,
): Promise<AliasFacts> {
  const names = [
    'virtual_alias_maps',
    'virtual_alias_domains',
    'alias_maps',
    'recipient_delimiter',
  ];
  const values = await postconfValues(names, configDirectory);
  const aliasTables = wordsOf(values['virtual_alias_maps'] ?? '');
  const aliasDomains = new Set<string>();
  for (const word of wordsOf(values['virtual_alias_domains'] ?? '')) {
    if (!word.includes(':') && !word.startsWith('/')) aliasDomains.add(word.toLowerCase());
    const entries = await tableEntries(word, configDirectory).catch(() => undefined);
    for (const { key } of entries ?? []) if (!key.includes('@')) aliasDomains.add(key);
  }
  const delimiter = values['recipient_delimiter'] ?? '';
  const ours: Ours = { classes, aliasDomains, aliasTables, delimiter, configDirectory };
  return {
    catchAlls: await catchAlls(ours),
    deadAliases: await deadAliases(ours, wordsOf(values['alias_maps'] ?? '')),
  };
}

async function catchAlls(ours: Ours): Promise<readonly CatchAll[]> {
  const lists = [
    ['virtual_alias_maps', ours.aliasTables, undefined],
    ...ours.classes.map((one) => {
      const tables = one.kind === 'local' ? [] : wordsOf(one.recipients);
      return [one.kind === 'relay' ? 'relay_recipient_maps' : 'virtual_mailbox_maps', tables, one];
    }),
  ] as readonly (readonly [string, readonly string[], ClassFacts | undefined])[];
  const found: CatchAll[] = [];
  for (const [parameter, tables, of] of lists) {
    const all = of === undefined ? [...ours.aliasDomains, ...domainsOf(ours)] : of.domains;
    const domains = [...new Set(all)].slice(0, domainsMax);
    for (const table of tables) {
      const keys = domains.flatMap((domain) => [`@${domain}`, `${madeUpName}@${domain}`]);
      const answers = await lookUpAll(table, keys, ours.configDirectory).catch(() => undefined);
      for (const domain of domains) {
        const target = answers?.get(`${madeUpName}@${domain}`) ?? answers?.get(`@${domain}`);
        if (target === undefined) continue;
        const leadsTo = of === undefined ? await leads(target, ours) : deliveryOf(of);
        const shown = of === undefined ? target : of.transport;
        found.push({ address: `@${domain}`, parameter, target: shown, leadsTo });
      }
    }
  }
  return found;
}

/** virtual(8) delivers a catch-all to one mailbox; other programs ask for each address. */
function deliveryOf({ kind, transport }: ClassFacts): CatchAll['leadsTo'] {
  return kind === 'virtual' && /^virtual\b/.test(transport) ? 'one' : 'away';
}

async function leads(target: string, ours: Ours): Promise<CatchAll['leadsTo']> {
  const targets = targetsOf(target);
  if (targets.some((one) => one.startsWith('@') || one.startsWith(madeUpName))) return 'here';
  if (targets.some((one) => classOf(one, ours) === undefined)) return 'away';
  const dead = await deadAmong(targets, ours);
  return dead.size === 0 ? 'one' : 'here';
}

async function deadAliases(
  ours: Ours,
  localTables: readonly string[],
): Promise<readonly DeadAlias[]> {
  const found: DeadAlias[] = [];
  const pairs: { readonly alias: string; readonly target: string }[] = [];
  const home = ours.classes.find(({ kind }) => kind === 'local')?.domains[0];
  for (const table of [...ours.aliasTables, ...localTables]) {
    const isLocal = localTables.includes(table);
    const entries = await tableEntries(table, ours.configDirectory).catch(() => undefined);
    for (const { key, value } of entries ?? []) {
      if (pairs.length >= aliasesMax) break;
      for (const target of targetsOf(value)) {
        const file = /^:include:(\/.*)$/.exec(target)?.[1];
        if (file !== undefined && !existsSync(file)) {
          found.push({ alias: key, target, why: 'the file does not exist' });
        }
        if (/^["/|:@]/.test(target)) continue;
        const name = target.replace(/^\\/, '');
        if (name.includes('@')) pairs.push({ alias: key, target: name });
        else if (home !== undefined && isLocal)
          pairs.push({ alias: key, target: `${name}@${home}` });
      }
    }
  }
  const dead = await deadAmong(
    pairs.map(({ target }) => target),
    ours,
  );
  for (const { alias, target } of pairs) {
    if (dead.has(target)) found.push({ alias, target, why: 'no such recipient' });
  }
  return found;
}

/** Those of our domains that neither a list of recipients nor an alias knows. */
async function deadAmong(targets: readonly string[], ours: Ours): Promise<ReadonlySet<string>> {
  const { aliasTables, configDirectory, delimiter } = ours;
  const dead = new Set<string>();
  for (const [one, some] of Map.groupBy(new Set(targets), (target) => classOf(target, ours))) {
    // Elsewhere, or without a list: nobody here knows.
    if (one === undefined || (one !== 'alias' && one.recipients === '')) continue;
    const tables = one === 'alias' ? aliasTables : [...wordsOf(one.recipients), ...aliasTables];
    const isLocal = one !== 'alias' && one.kind === 'local';
    const how = { delimiter, isLocal, configDirectory };
    const known = await knownIn(tables, some, how).catch(() => undefined);
    for (const target of some) if (known?.has(target) === false) dead.add(target);
  }
  return dead;
}

function classOf(address: string, ours: Ours): ClassFacts | 'alias' | undefined {
  const domain = domainOf(address);
  if (ours.aliasDomains.has(domain)) return 'alias';
  return ours.classes.find(({ domains }) => domains.includes(domain));
}

const domainsOf = ({ classes }: Ours): readonly string[] =>
  classes.flatMap(({ domains }) => domains);

function targetsOf(value: string): readonly string[] {
  return value
    .split(',')
    .map((one) => one.trim().toLowerCase())
    .filter((one) => one !== '');
}
