/**
 * `postern connect authors`: proposes declarations for what sends without a login: hosts of
 * mynetworks, scripts, mailing lists. It shows them, asks, declares them, and reads back what is
 * in force. `--undo` takes them back.
 */
import { stdin, stdout } from 'node:process';
import type { Command } from 'commander';
import { senderProposals } from '../../core/authors/found.ts';
import { type Proposal, proposalsMax } from '../../core/authors/proposals.ts';
import { mayWriteAsCommand } from '../../core/unsigned-text.ts';
import { parseMasterCf } from '../../formats/postfix/master-cf.ts';
import { isOwnDomain } from '../../formats/postfix/own-domains.ts';
import { pipeUsers } from '../../formats/postfix/pipe-filters.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { mailOrigin, tableEntries, wordsOf } from '../../partners/postfix/lists.ts';
import { readMailFacts } from '../../partners/postfix/mail-facts.ts';
import { postconf, postconfValues } from '../../partners/postfix/postconf.ts';
import type { AccountView, KeyView } from '../../ports/admin.ts';
import type { AuthorsView } from '../../ports/authors.ts';
import type { ScriptListView } from '../../ports/scripts.ts';
import { connectToGuard, type GuardClient } from '../guard/client.ts';
import { becomeOwnerOf } from '../guard/owner.ts';
import { stateDirectory } from '../guard/run-file.ts';
import { many, plain } from '../terminal/format.ts';
import { helpAfter, stateHelp } from '../terminal/help.ts';
import { printReport } from '../terminal/print.ts';
import { readPostfixFiles } from './postfix-files.ts';
import { mayGoOn } from './question.ts';

type Options = {
  readonly configDir?: string;
  readonly state?: string;
  readonly dryRun?: true;
  readonly undo?: true;
  readonly yes?: true;
  readonly json?: true;
};

type Report = {
  readonly changed: boolean;
  readonly declarations: readonly (Proposal & { readonly command: string })[];
  readonly notes: readonly string[];
};

/** Marks the declarations of this command, so that `--undo` finds them. */
const note = 'proposed by postern connect authors';
/** Clients and scripts that are looked at. */
const rowsMax = 1_000;

export function registerSenders(connect: Command): void {
  connect
    .command('authors')
    .summary('declare which authors hosts, scripts and lists may use')
    .description(
      'Proposes declarations for what sends without a login: hosts of mynetworks, scripts and ' +
        'mailing lists. Mail of these is signed only for what is declared.',
    )
    .option(
      '--config-dir <dir>',
      "Postfix's configuration folder (default: $MAIL_CONFIG, or what postconf says)",
    )
    .option('--state <dir>', stateHelp)
    .option('--dry-run', 'show the proposals without declaring them')
    .option('--undo', 'take back the declarations that this command made')
    .option('--yes', 'declare without asking; needed without a terminal')
    .option('--json', 'one JSON object instead of text')
    .addHelpText(
      'after',
      helpAfter({
        notes:
          'Scripts come from the register of scripts, lists from the tables of aliases and\n' +
          'transports, hosts from mynetworks and from the clients that have sent. Only domains\n' +
          'with a key are proposed. For a host on a server with many domains, Postern cannot\n' +
          'know the domain: postern accounts may-write-as --observe 14d finds it out.',
        examples: [
          ['sudo postern connect authors --dry-run', 'show the proposals as commands'],
          ['sudo postern connect authors', 'show them, ask, declare them'],
          ['sudo postern connect authors --undo', ''],
        ],
        exits: [
          [0, 'done, or nothing to do'],
          [64, 'there are proposals, and nobody can be asked'],
          [69, 'the guard is not running'],
          [70, 'a declaration is not in force afterwards'],
        ],
      }),
    )
    .action((options: Options, command: Command) =>
      printReport(command, options, async (show) => {
        // Root may read what the guard's user may not; the guard is asked as its user.
        const postfix = options.undo === true ? undefined : await postfixFacts(options);
        becomeOwnerOf(stateDirectory(options.state));
        const guard = await connectToGuard(options.state);
        return postfix === undefined
          ? undo(guard, options, show)
          : declare(guard, postfix, options, show);
      }),
    );
}

type Show = (text: string) => void;

async function declare(
  guard: GuardClient,
  postfix: PostfixFacts,
  options: Options,
  show: Show,
): Promise<Report> {
  const facts = { ...postfix, ...(await guardFacts(guard)) };
  const { proposals: all, notes } = senderProposals(facts);
  const known = new Set(declaredNow(await guard.read<AuthorsView>('/authors')));
  const open = all.filter((one) => !known.has(nameOf(one)));
  const proposals = open.slice(0, proposalsMax);
  show(listText(proposals));
  for (const text of notes) show(`note: ${plain(text)}\n`);
  if (open.length > proposals.length) {
    show(`note: ${open.length - proposals.length} more; run this command again\n`);
  }
  if (proposals.length === 0) show('There is nothing to declare.\n');
  const report = { ...reportOf(proposals), notes };
  if (options.dryRun === true || proposals.length === 0) return report;
  await mayDeclare(options);
  const done = await guard.act('/authors/declare', { pairs: pairsOf(proposals), note });
  const now = new Set(declaredNow(await guard.read<AuthorsView>('/authors')));
  const missing = proposals.filter((one) => !now.has(nameOf(one)));
  if (missing.length > 0) {
    throw new OperatorError(
      'not-declared',
      `${many(missing.length, 'declaration')} not in force: ${missing.map(nameOf).join('; ')}`,
      { hint: 'postern accounts may-write-as --list', exit: sysexits.software },
    );
  }
  show(`${doneText(done.text)}To undo: postern connect authors --undo\n`);
  return { ...report, changed: true };
}

/** A declaration widens what is signed, so it is never made without a person or --yes. */
async function mayDeclare(options: Options): Promise<void> {
  const canAsk = stdin.isTTY && stdout.isTTY && options.json !== true;
  if (options.yes === true || canAsk) return mayGoOn(options);
  throw new OperatorError('not-confirmed', 'nothing was declared, because nobody can be asked', {
    hint: 'look at the list; then run this command in a terminal, or with --yes',
    exit: sysexits.usage,
  });
}

async function undo(guard: GuardClient, options: Options, show: Show): Promise<Report> {
  const { declarations } = await guard.read<AuthorsView>('/authors');
  const ours = declarations.filter((one) => one.removedAt === undefined && one.note === note);
  const proposals = ours.map(({ account, address }) => ({ account, address, why: note }));
  for (const { account, address } of ours) show(`take back: ${plain(account)} ${address}\n`);
  if (ours.length === 0) show('This command has declared nothing.\n');
  const report = reportOf(proposals);
  if (options.dryRun === true || ours.length === 0) return report;
  await mayGoOn(options);
  const done = await guard.act('/authors/remove', { pairs: pairsOf(proposals) });
  show(doneText(done.text));
  return { ...report, changed: true };
}

type Facts = Parameters<typeof senderProposals>[0];
type PostfixFacts = Pick<
  Facts,
  'networks' | 'aliases' | 'unlisted' | 'origin' | 'users' | 'isHere'
>;

async function postfixFacts({ configDir }: Options): Promise<PostfixFacts> {
  const named = configDir ?? process.env['MAIL_CONFIG'];
  const directory = named ?? (await postconf('config_directory', undefined));
  const { clientNetworks, localDomains } = await readMailFacts(directory);
  const here = new Set(localDomains);
  const { master } = await readPostfixFiles(directory);
  const names = ['myorigin', 'alias_maps', 'virtual_alias_maps', 'transport_maps'] as const;
  const { myorigin, ...maps } = await postconfValues(names, directory);
  const tables = Object.values(maps).flatMap((value) => wordsOf(value));
  const rows = await Promise.all(
    tables.map((table) => tableEntries(table, directory).catch(() => undefined)),
  );
  return {
    networks: clientNetworks,
    aliases: rows.flatMap((one) => one ?? []),
    unlisted: tables.filter((_, nth) => rows[nth] === undefined),
    origin: await mailOrigin(myorigin, directory),
    users: pipeUsers(parseMasterCf(master)),
    isHere: (domain) => isOwnDomain(here, domain.toLowerCase()),
  };
}

async function guardFacts(guard: GuardClient): Promise<Omit<Facts, keyof PostfixFacts>> {
  const { keys } = await guard.read<{ readonly keys: readonly KeyView[] }>('/dkim');
  const { scripts } = await guard.read<ScriptListView>(`/scripts?limit=${rowsMax}`);
  const accounts = (query: string): Promise<readonly AccountView[]> =>
    guard.read(`/accounts?${query}&limit=${rowsMax}`);
  const seen = await accounts('like=client:');
  // What they wrote lately may be a thief's.
  const doubted = [...(await accounts('state=suspended')), ...(await accounts('state=watched'))];
  const isDoubted = new Set(doubted.map(({ account }) => account));
  return {
    clients: seen
      .filter(({ account }) => account.startsWith('client:') && !isDoubted.has(account))
      .map(({ account }) => account.slice('client:'.length)),
    scripts: scripts.filter(({ account }) => !isDoubted.has(account)),
    domains: [...new Set(keys.filter(({ state }) => state !== 'gone').map((one) => one.domain))],
  };
}

function listText(proposals: readonly Proposal[]): string {
  return [...Map.groupBy(proposals, ({ why }) => why)]
    .map(([why, some]) => {
      const commands = some.map((one) => `  ${plain(mayWriteAsCommand(one))}\n`);
      return `${plain(why)}:\n${commands.join('')}`;
    })
    .join('\n');
}

/** Without the commands that undo each line: one command undoes all. */
function doneText(text: string): string {
  const lines = text.split('\n').filter((line) => !line.startsWith('undo: '));
  return lines.map((line) => `${plain(line)}\n`).join('');
}

function reportOf(proposals: readonly Proposal[]): Report {
  const declarations = proposals.map((one) => ({ ...one, command: mayWriteAsCommand(one) }));
  return { changed: false, declarations, notes: [] };
}

const nameOf = ({ account, address }: Pick<Proposal, 'account' | 'address'>): string =>
  `${account} ${address}`;

function pairsOf(proposals: readonly Proposal[]): readonly Pick<Proposal, 'account' | 'address'>[] {
  return proposals.map(({ account, address }) => ({ account, address }));
}

function declaredNow({ declarations }: AuthorsView): readonly string[] {
  return declarations.filter(({ removedAt }) => removedAt === undefined).map(nameOf);
}
