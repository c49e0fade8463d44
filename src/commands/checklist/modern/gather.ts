/**
 * Gathers the measures that nobody knew in 2013: logins, smuggling, copies of signed mail, names of
 * others in our records, forwards, blocklists. Each source fails for itself: its item is then
 * unknown, with the reason.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../../config/schema.ts';
import type { ChecklistItem } from '../../../core/checklist/items/item.ts';
import { dovecotLogins } from '../../../core/checklist/modern/dovecot-logins.ts';
import { forwardsItem } from '../../../core/checklist/modern/forwards.ts';
import { enabledJails } from '../../../core/checklist/modern/jails.ts';
import type { Commands } from '../../../core/checklist/modern/judged.ts';
import { type LoginDoors, loginItems } from '../../../core/checklist/modern/logins.ts';
import { bulkDomains, oneClickItem } from '../../../core/checklist/modern/one-click.ts';
import { outsideItem } from '../../../core/checklist/modern/outside-item.ts';
import { outsideNames } from '../../../core/checklist/modern/outside-names.ts';
import { rememberOwners } from '../../../core/checklist/modern/owner-memory.ts';
import { replayItem } from '../../../core/checklist/modern/replay.ts';
import { smugglingItem } from '../../../core/checklist/modern/smuggling.ts';
import { listedItem, withoutLists } from '../../../core/listed/item.ts';
import { answeredLater } from '../../../formats/dns/question.ts';
import { type MainCf, parseMainCf } from '../../../formats/postfix/main-cf.ts';
import { type MasterCf, parseMasterCf } from '../../../formats/postfix/master-cf.ts';
import { faultText } from '../../../lib/error-text.ts';
import { type Millis, secondMs } from '../../../lib/time.ts';
import { organisationOf } from '../../../partners/dns/public-suffix.ts';
import { openResolver } from '../../../partners/dns/resolver.ts';
import { dnsServers } from '../../../partners/dns/servers.ts';
import { postconf, postconfValues } from '../../../partners/postfix/postconf.ts';
import { programOutput } from '../../../partners/program.ts';
import { readPostfixFiles } from '../../connect/postfix-files.ts';
import { type DomainMemory, domainMemory } from '../../dns/domain-memory.ts';
import { stateDirectory } from '../../guard/run-file.ts';
import { listedRows, listsOf } from '../../listed/ask-live.ts';
import { ownSubjects } from '../../listed/subjects.ts';
import { forwardFacts } from './forward-facts.ts';
import { readOwnerMemory, writeOwnerMemory } from './outside-memory.ts';
import { type SignerPlaces, signersSeen } from './signers.ts';

export type ModernContext = {
  readonly config: Config;
  readonly state: string | undefined;
  readonly configDir: string | undefined;
  readonly commands: Commands;
  readonly now: Millis;
  /** Domains besides those that are known. */
  readonly domains: readonly string[];
  /** Where other programs have their configuration; tests have it elsewhere. */
  readonly places?: ProgramPlaces;
};
export type ProgramPlaces = { readonly signers?: SignerPlaces; readonly fail2ban?: Fail2banPlaces };
export type Fail2banPlaces = { readonly folder: string; readonly socket: string };

/** Of one source. */
const sourceMs = 12 * secondMs;
const questionMs = 3 * secondMs;

/** What cannot be read is told by the other sources of the checklist. */
const silent = (): void => undefined;

export async function modernItems(context: ModernContext): Promise<readonly ChecklistItem[]> {
  const { commands, config, places } = context;
  const memory = await domainMemory(context.state, config, silent);
  const postfix = await readPostfix(context.configDir);
  const [logins, forwards, outside, listed] = await Promise.all([
    loginFacts(context, postfix),
    limited(forwardsItem(undefined), () => forwardItem(config, postfix)),
    limited(outsideItem(undefined), () => namesItem(context, memory)),
    limited(listedItem([], ''), () => blocklistItem(context)),
  ]);
  return [
    ...loginItems(logins, commands),
    smugglingItem(postfix, commands),
    await limited(replayItem([]), async () => {
      const ownKeys = memory.domains.some((domain) => memory.keys(domain).length > 0);
      const unread = postfix === undefined ? 'there is no Postfix to read' : memory.unread;
      return replayItem(signersSeen(postfix, ownKeys, places?.signers), unread);
    }),
    oneClickItem(bulkDomains(memory.bulk), memory.unsubscribe, memory.unread),
    outside,
    forwards,
    listed,
  ];
}

/** `usual`: the item as it is known before; its state does not count. */
async function limited(
  usual: ChecklistItem,
  run: () => Promise<ChecklistItem>,
): Promise<ChecklistItem> {
  const late = Promise.withResolvers<ChecklistItem>();
  const failed = (found: string): ChecklistItem => ({
    ...usual,
    state: 'unknown',
    found,
    fix: 'run it again later, or as root',
    command: '',
  });
  const timer = setTimeout(
    () => late.resolve(failed(`no answer within ${sourceMs / secondMs} s`)),
    sourceMs,
  );
  try {
    const work = run().catch((cause: unknown) => failed(faultText(cause)));
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

type ReadPostfix = {
  readonly folder: string;
  readonly main: MainCf;
  readonly master: MasterCf;
  readonly version: string;
  readonly bareNewline: string;
};

/** Undefined where there is no Postfix to read. */
async function readPostfix(configDir: string | undefined): Promise<ReadPostfix | undefined> {
  try {
    const folder = configDir ?? (await postconf('config_directory', undefined));
    const { main, master } = await readPostfixFiles(folder);
    const values = await postconfValues(['mail_version', 'smtpd_forbid_bare_newline'], folder);
    return {
      folder,
      main: parseMainCf(main),
      master: parseMasterCf(master),
      version: values.mail_version,
      bareNewline: values.smtpd_forbid_bare_newline,
    };
  } catch {
    return undefined;
  }
}

async function loginFacts(
  { config, places }: ModernContext,
  postfix: ReadPostfix | undefined,
): Promise<LoginDoors> {
  return {
    postfix,
    dovecot: await readDovecot(config.dovecot.config),
    jails: jailsOf(places?.fail2ban ?? fail2banPlaces),
  };
}

async function readDovecot(file: string): Promise<LoginDoors['dovecot']> {
  const program = '/usr/bin/doveconf';
  if (!existsSync(program)) return 'none';
  const more = file === '' ? [] : ['-c', file];
  const signal = AbortSignal.timeout(sourceMs);
  try {
    const lines = await programOutput({
      program,
      args: [...more, '-n'],
      signal,
      errors: 'complaint',
    });
    return dovecotLogins(lines.join('\n'));
  } catch {
    return 'unread';
  }
}

const fail2banPlaces: Fail2banPlaces = {
  folder: '/etc/fail2ban',
  socket: '/run/fail2ban/fail2ban.sock',
};

/** Undefined where fail2ban is not installed. */
function jailsOf({ folder, socket }: Fail2banPlaces): LoginDoors['jails'] {
  if (!existsSync(join(folder, 'jail.conf'))) return undefined;
  if (!existsSync(socket)) return 'stopped';
  const inside = (form: RegExp): readonly string[] => {
    const more = join(folder, 'jail.d');
    const names = existsSync(more) ? readdirSync(more).sort() : [];
    return names.filter((name) => form.test(name)).map((name) => join(more, name));
  };
  try {
    const files = [
      join(folder, 'jail.conf'),
      ...inside(/\.conf$/),
      join(folder, 'jail.local'),
      ...inside(/\.local$/),
    ];
    return enabledJails(
      files.filter((file) => existsSync(file)).map((file) => readFileSync(file, 'utf8')),
    );
  } catch {
    return 'unread';
  }
}

async function forwardItem(
  config: Config,
  postfix: ReadPostfix | undefined,
): Promise<ChecklistItem> {
  if (postfix === undefined) return forwardsItem(undefined);
  return forwardsItem(await forwardFacts(postfix.folder, config.verify.arc));
}

/** Asks the DNS, compares with what is remembered, and remembers what was seen. */
async function namesItem(
  { config, domains: given, now, state }: ModernContext,
  memory: DomainMemory,
): Promise<ChecklistItem> {
  const { never_send: never } = config.identity;
  const known = given.length > 0 ? given : memory.domains;
  const domains = [...new Set(known)].filter((one) => !never.includes(one));
  if (domains.length === 0) return outsideItem(undefined);
  using resolver = openResolver({
    ...dnsServers(config.dns.servers),
    clock: { now: () => Date.now() as Millis },
    totalMs: questionMs,
  });
  const end = Date.now() + sourceMs - questionMs - secondMs;
  const asking = outsideNames(domains, {
    organisationOf,
    selectors: (domain) => memory.keys(domain).map(({ selector }) => selector),
  });
  const late = { kind: 'failure', reason: 'timeout', text: 'the time is up' } as const;
  const found = await answeredLater(asking, async (question) =>
    Date.now() > end ? late : resolver(question),
  );
  const folder = stateDirectory(state);
  const before = readOwnerMemory(folder);
  const item = outsideItem({ found, memory: before, now });
  if (found.owners.length > 0) {
    writeOwnerMemory(folder, rememberOwners(before ?? {}, found.owners, now));
  }
  return item;
}

async function blocklistItem({ config, configDir, state }: ModernContext): Promise<ChecklistItem> {
  if (listsOf(config).length === 0) return withoutLists();
  const { addresses, domains, unfound } = await ownSubjects(config, { state, configDir }, silent);
  return listedItem(await listedRows(config, [...addresses, ...domains]), unfound);
}
