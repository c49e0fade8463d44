/**
 * Chooses by which means Postfix learns its recipients, and changes main.cf for it. First an SQL or
 * LDAP table that Postfix reads already; then the server that delivers is asked (its answers are
 * kept); then a list. A list grows old, so it comes last.
 */
import {
  type ClassFacts,
  classParameters,
  type RecipientClass,
} from '../../../core/reflection/facts.ts';
import { verifyingTable } from '../../../core/reflection/verified.ts';
import { isKnown } from '../../../core/reflection/ways.ts';
import { domainOf } from '../../../formats/message/address.ts';
import { mainValue, parseMainCf, setParameter } from '../../../formats/postfix/main-cf.ts';
import { override, parseMasterCf } from '../../../formats/postfix/master-cf.ts';
import { OperatorError, sysexits } from '../../../lib/operator-error.ts';
import { wordsOf } from '../../../partners/postfix/lists.ts';
import { postconfValues } from '../../../partners/postfix/postconf.ts';
import { publicServices } from '../../../partners/postfix/recipients/classes.ts';
import { knownIn, lookUpAll, madeUpName } from '../../../partners/postfix/recipients/known.ts';
import type { SeenRecipients } from './log.ts';
import { listName, type SetParameter } from './record.ts';

export const means = ['table', 'ask', 'list', 'system'] as const;
export type Means = (typeof means)[number];

/** By which means the recipients of one class become known. */
export type MeansChoice = {
  readonly of: ClassFacts;
  readonly means: Means;
  /** Of `table`: the table. Of `list`: the recipients. */
  readonly table: string;
  readonly recipients: readonly string[];
  readonly why: string;
};

/** Parameters whose tables Postfix reads for delivery and for logins. */
const readAlready = [
  'virtual_mailbox_maps',
  'virtual_uid_maps',
  'virtual_gid_maps',
  'local_recipient_maps',
  'relay_recipient_maps',
  'transport_maps',
  'smtpd_sender_login_maps',
] as const;
const databases = /^(?:proxy:)?(?:mysql|pgsql|sqlite|ldap|mongodb|cdb|lmdb|hash|btree|texthash):/;

export type PlanInput = {
  readonly configDirectory: string;
  readonly main: string;
  readonly master: string;
  readonly classes: readonly ClassFacts[];
  readonly seen: SeenRecipients;
  /** Named by the operator. */
  readonly by: Means | undefined;
  /** All users of Dovecot; undefined if they cannot be listed. */
  readonly users: () => Promise<readonly string[] | undefined>;
};

/** The classes for which Postfix knows no recipients. */
export function openClasses({
  classes,
  main,
  master,
}: Pick<PlanInput, 'classes' | 'main' | 'master'>): readonly ClassFacts[] {
  const services = publicServices(parseMainCf(main), parseMasterCf(master));
  return classes.filter(
    (one) =>
      one.domains.length + one.unlisted.length > 0 &&
      !/^(?:error|retry|discard)\b/.test(one.transport) &&
      !isKnown(one, services),
  );
}

export async function chooseMeans(input: PlanInput): Promise<readonly MeansChoice[]> {
  const choices: MeansChoice[] = [];
  for (const of of openClasses(input)) choices.push(await chosen(of, input));
  return choices;
}

async function chosen(of: ClassFacts, input: PlanInput): Promise<MeansChoice> {
  const { by } = input;
  const nothing = { of, table: '', recipients: [] };
  if (of.kind === 'local' && /^local\b/.test(of.transport)) {
    const why = 'the users and aliases of this system, as Postfix does by default';
    return { ...nothing, means: 'system', why };
  }
  if (by === undefined || by === 'table') {
    const table = await tableFor(of, input);
    const why = 'this table, which Postfix reads already, knows the recipients that got mail';
    if (table !== undefined) return { ...nothing, means: 'table', table, why };
  }
  if ((by === undefined || by === 'ask') && canAsk(of, input.master)) {
    const why = `Postfix asks the server that delivers (${of.transport}) and keeps its answers`;
    return { ...nothing, means: 'ask', why };
  }
  if (by === undefined || by === 'list') {
    const users = (await input.users())?.filter((one) => of.domains.includes(domainOf(one)));
    const why = 'the users of Dovecot; run this command again when a user is added';
    if (users !== undefined && users.length > 0) {
      return { ...nothing, means: 'list', recipients: users, why };
    }
  }
  throw new OperatorError(
    'no-recipients',
    `there is no ${by === undefined ? 'list of recipients' : `way "${by}"`} for ` +
      `${classParameters[of.kind].domains} (${of.transport})`,
    {
      hint:
        'a table must know the recipients in the log; only servers by SMTP or LMTP can be asked; ' +
        "Dovecot's users can be listed if its userdb has iterate_query or is a file",
      exit: sysexits.config,
    },
  );
}

/** Only smtp(8) and lmtp(8) ask the next server whether a recipient exists. */
function canAsk({ transport }: ClassFacts, master: string): boolean {
  const name = transport.split(':')[0] ?? '';
  return parseMasterCf(master).services.some(
    (one) => one.name === name && (one.command === 'smtp' || one.command === 'lmtp'),
  );
}

/** A table that knows every recipient that got mail, and nobody else. */
async function tableFor(of: ClassFacts, input: PlanInput): Promise<string | undefined> {
  const { configDirectory, seen } = input;
  const values = await postconfValues([...readAlready, 'recipient_delimiter'], configDirectory);
  const got = [...seen.recipients.values()]
    .filter(({ address, sentAt }) => sentAt !== undefined && isOf(of, address))
    .map(({ address }) => address);
  if (got.length === 0) return undefined;
  const tables = readAlready.flatMap((name) => wordsOf(values[name]));
  const delimiter = values.recipient_delimiter;
  const aliases = await aliasTables(configDirectory);
  const domains = [...new Set(got.map(domainOf))];
  const made = domains.flatMap((domain) => [`${madeUpName}@${domain}`, `@${domain}`]);
  for (const table of new Set(tables.filter((one) => databases.test(one)))) {
    try {
      if ((await lookUpAll(table, made, configDirectory)).size > 0) continue;
      const known = await knownIn([table, ...aliases], got, {
        delimiter,
        isLocal: of.kind === 'local',
        configDirectory,
      });
      const alone = await knownIn([table], got, { delimiter, isLocal: false, configDirectory });
      if (got.every((one) => known.has(one)) && alone.size > 0) return table;
    } catch {
      // A table that does not answer is no list of recipients.
    }
  }
  return undefined;
}

export async function aliasTables(configDirectory: string): Promise<readonly string[]> {
  const names = ['virtual_alias_maps', 'canonical_maps', 'recipient_canonical_maps'] as const;
  return Object.values(await postconfValues(names, configDirectory)).flatMap(wordsOf);
}

export function isOf(of: ClassFacts, address: string): boolean {
  return of.domains.includes(domainOf(address)) || of.unlisted.length > 0;
}

/** Postfix's default of local_recipient_maps (postconf(5)). */
const systemUsers = 'proxy:unix:passwd.byname $alias_maps';

/** The parameters to set, in main.cf as it becomes. */
export function changedMain(
  input: Pick<PlanInput, 'configDirectory' | 'main' | 'master'>,
  choices: readonly MeansChoice[],
): { readonly main: string; readonly set: readonly SetParameter[] } {
  let main = input.main;
  const set: SetParameter[] = [];
  const put = (name: string, after: string): void => {
    const before = mainValue(parseMainCf(main), name);
    main = setParameter(main, name, after);
    set.push({ name, before, after });
  };
  for (const choice of choices) {
    const name = classParameters[choice.of.kind].recipients;
    if (choice.means === 'system') put(name, systemUsers);
    else if (choice.means !== 'ask') put(name, withAliases(choice, input.configDirectory));
  }
  const asked = choices.filter(({ means: one }) => one === 'ask').map(({ of }) => of);
  if (asked.length > 0) {
    put('smtpd_recipient_restrictions', asking(input, asked));
    put('unverified_recipient_reject_code', '550');
  }
  if (mainValue(parseMainCf(main), 'smtpd_reject_unlisted_recipient') === 'no') {
    put('smtpd_reject_unlisted_recipient', 'yes');
  }
  return { main, set };
}

function withAliases({ of, means: by, table }: MeansChoice, configDirectory: string): string {
  const list = by === 'list' ? `texthash:${configDirectory}/${listName}-${of.kind}` : table;
  return of.kind === 'local' ? `${list} $alias_maps` : list;
}

/**
 * The question comes first in the list, so that nothing before accepts the mail; the domains in its
 * table keep it to mail for this server.
 */
function asking(input: Pick<PlanInput, 'main' | 'master'>, asked: readonly ClassFacts[]): string {
  const name = 'smtpd_recipient_restrictions';
  const main = parseMainCf(input.main);
  const master = parseMasterCf(input.master);
  const taken = publicServices(main, master).filter(({ name: wanted }) =>
    master.services.some((one) => one.name === wanted && override(one, name) !== undefined),
  );
  const unlisted = asked.flatMap((one) => one.unlisted);
  const question =
    unlisted.length > 0
      ? 'reject_unauth_destination reject_unverified_recipient'
      : verifyingTable(asked.flatMap(({ domains }) => domains));
  if (taken.length > 0) {
    throw new OperatorError(
      'own-restrictions',
      `${taken.map((one) => one.name).join(', ')} in master.cf has ${name} of its own`,
      { hint: `put this first in it: ${question}`, exit: sysexits.config },
    );
  }
  const before = mainValue(main, name) ?? '';
  if (unlisted.length > 0) {
    // Without names of domains it must not ask about mail of our users to other servers.
    const kept = before === '' ? 'permit_mynetworks permit_sasl_authenticated' : before;
    const rest = kept.replace(/[\s,]+permit\s*$/, '');
    return `${rest} ${question}`;
  }
  return before === '' ? question : `${question}\n    ${before.trim()}`;
}

/** Text of the list that Postfix reads. */
export function listText(recipients: readonly string[]): string {
  const rows = [...new Set(recipients)].sort().map((one) => `${one} ok\n`);
  return `# Recipients of this server. Made by: postern connect recipients\n${rows.join('')}`;
}

export function listFile(configDirectory: string, kind: RecipientClass): string {
  return `${configDirectory}/${listName}-${kind}`;
}
