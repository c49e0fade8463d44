/**
 * `postern connect recipients`: lets Postfix refuse recipients that do not exist, where it accepts
 * them today. It shows what the last 30 days would have been, shows the change, asks, makes it, and
 * proves it. When a step fails, it undoes everything automatically.
 */
import { type Command, Option } from 'commander';
import { domainOf } from '../../../formats/message/address.ts';
import { parseMainCf } from '../../../formats/postfix/main-cf.ts';
import { parseMasterCf } from '../../../formats/postfix/master-cf.ts';
import type { Millis } from '../../../lib/time.ts';
import { unifiedDiff } from '../../../lib/unified-diff.ts';
import { publicServices, readClasses } from '../../../partners/postfix/recipients/classes.ts';
import { plain } from '../../terminal/format.ts';
import { helpAfter } from '../../terminal/help.ts';
import { printReport } from '../../terminal/print.ts';
import { commandFor, configDirectoryOf } from '../config-directory.ts';
import { checkAndReload, readPostfixFiles, writePostfixFiles } from '../postfix-files.ts';
import type { PostfixFiles } from '../postfix-plan.ts';
import { mayGoOn } from '../question.ts';
import { dovecotUsers, renewedLists, writeList } from './lists.ts';
import { lookBackDays, seenRecipients } from './log.ts';
import {
  changedMain,
  chooseMeans,
  isOf,
  listFile,
  listText,
  type Means,
  type MeansChoice,
  means,
  openClasses,
  type PlanInput,
} from './plan.ts';
import { type RcptProof, rcptProof } from './proof.ts';
import { changeRecords, recordOn } from './record.ts';
import { mustNotHaveGot, showRefused, wouldRefuse } from './refused.ts';
import { type FolderBefore, setAsBefore, undoChange } from './set-back.ts';

export type RecipientOptions = {
  readonly configDir?: string;
  readonly by?: Means;
  readonly log?: readonly string[];
  readonly known?: string;
  readonly dovecotConfig?: string;
  readonly dryRun?: boolean;
  readonly undo?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
};
export type RecipientReport = {
  readonly changed: boolean;
  readonly diff: string;
  readonly means: readonly { readonly of: string; readonly by: Means; readonly why: string }[];
  /** Recipients of the log that would have been refused. */
  readonly refused: readonly { readonly address: string; readonly why: string }[];
  readonly proofs: readonly RcptProof[];
  readonly notes: readonly string[];
};

export function registerRecipients(connect: Command): void {
  connect
    .command('recipients')
    .summary('let Postfix refuse recipients that do not exist')
    .description(
      'Lets Postfix refuse recipients that do not exist, where it accepts and returns such mail ' +
        'today. Shows the change first, and what it would have refused.',
    )
    .option(
      '--config-dir <dir>',
      "Postfix's configuration folder (default: $MAIL_CONFIG, or what postconf says)",
    )
    .addOption(
      new Option('--by <means>', 'table, ask or list (default: the first that can be had)').choices(
        means.filter((one) => one !== 'system'),
      ),
    )
    .option('--log <file...>', 'mail logs to compare with (default: those of this machine)')
    .option('--known <address>', 'a recipient that exists, for the proof (default: from the log)')
    .option('--dovecot-config <file>', 'configuration of Dovecot, for a list of its users')
    .option('--dry-run', 'show the change without making it')
    .option('--undo', 'restore the old file byte for byte if it was not changed since')
    .option('--yes', 'make the change without asking; this is also what happens without a terminal')
    .option('--json', 'one JSON object instead of text')
    .addHelpText(
      'after',
      helpAfter({
        notes:
          'table: an SQL or LDAP table that Postfix reads already. ask: Postfix asks the server\n' +
          'that delivers, and keeps the answers (reject_unverified_recipient). list: a file ' +
          'with\n' +
          "the users of Dovecot; run the command again when users change. Postfix's own means\n" +
          'alone: it never asks Postern while it routes mail.\n' +
          `If a recipient that got mail in the last ${lookBackDays} days would be refused, ` +
          `nothing is changed.`,
        examples: [
          ['sudo postern connect recipients --dry-run', 'show the change and what it refuses'],
          ['sudo postern connect recipients', 'show it, ask, make it, prove it'],
          ['sudo postern connect recipients --undo', ''],
        ],
        exits: [
          [0, 'done, or nothing to do'],
          [66, 'there is no such folder of Postfix'],
          [70, 'a step failed; everything is as before'],
          [77, 'the files cannot be written; run this command as root'],
          [78, 'there is no list, or a recipient that got mail would be refused'],
        ],
      }),
    )
    .action((options: RecipientOptions, command: Command) =>
      printReport(command, options, (show) => connectRecipients(options, show)),
    );
}

type Show = (text: string) => void;
const records = changeRecords('before-postern-recipients.json');
const nothingDone = { diff: '', means: [], refused: [], proofs: [], notes: [] };

export async function connectRecipients(
  options: RecipientOptions,
  show: Show,
): Promise<RecipientReport> {
  const directory = await configDirectoryOf(options.configDir);
  const files = await readPostfixFiles(directory);
  const folder = { directory, files, record: await records.read(directory) };
  if (options.undo !== true) return connect(folder, options, show);
  const done = 'Postfix has its old settings again.\n';
  return { ...nothingDone, ...(await undoChange(folder, { records, done }, options, show)) };
}

async function connect(
  folder: FolderBefore,
  options: RecipientOptions,
  show: Show,
): Promise<RecipientReport> {
  const { directory, files, record } = folder;
  const classes = await readClasses(directory);
  const input = await planInput(directory, { ...files, classes }, options);
  const lists = record?.files ?? [];
  if (openClasses(input).length === 0) {
    if (lists.length > 0) return renewLists(directory, input, { lists, options, show });
    show('Postfix refuses recipients that do not exist, or has none.\n');
    return { ...nothingDone, changed: false };
  }
  const choices = await chooseMeans(input);
  const plan = changedMain({ ...files, configDirectory: directory }, choices);
  const after: PostfixFiles = { main: plan.main, master: files.master };
  const path = `${directory}/main.cf`;
  const texts = choices
    .filter((one) => one.means === 'list')
    .map((one) => ({ file: listFile(directory, one.of.kind), text: listText(one.recipients) }));
  const diff = [
    unifiedDiff(files.main, plan.main, { before: path, after: `${path} (with recipients)` }),
    ...texts.map(({ file, text }) => unifiedDiff('', text, { before: '/dev/null', after: file })),
  ].join('');
  const refused = await wouldRefuse(input, choices);
  const report: RecipientReport = {
    ...nothingDone,
    changed: true,
    diff,
    means: choices.map(({ of, means: by, why }) => ({ of: of.kind, by, why })),
    refused: refused.map(({ address, why }) => ({ address, why })),
    notes: input.seen.notes,
  };
  for (const { of, why } of choices) show(`${of.kind}: ${plain(why)}\n`);
  show(diff);
  showRefused(refused, input.seen.files, show);
  mustNotHaveGot(refused);
  if (options.dryRun === true) return report;
  await mayGoOn(options);
  const made = texts.map(({ file }) => file).filter((file) => !lists.includes(file));
  await records.keep(directory, recordOn(record, files.main, { ...plan, made }));
  try {
    for (const { file, text } of texts) await writeList(file, text);
    await writePostfixFiles(directory, after);
    const runs = await checkAndReload(directory);
    const proofs = runs ? await prove(input, choices, options) : [];
    for (const { address, ok, text } of proofs) {
      show(`${ok ? 'ok  ' : 'FAIL'} RCPT TO <${plain(address)}>: ${plain(text)}\n`);
    }
    const failed = proofs.find(({ ok }) => !ok);
    if (failed !== undefined) throw new Error(`<${failed.address}>: ${failed.text}`);
    const undoing = commandFor(options.configDir, 'postern', 'connect', 'recipients', '--undo');
    show(`Postfix refuses unknown recipients. To undo: ${undoing}\n`);
    return { ...report, proofs };
  } catch (cause) {
    throw await setAsBefore(folder, { records, made }, cause);
  }
}

async function planInput(
  configDirectory: string,
  known: Pick<PlanInput, 'main' | 'master' | 'classes'>,
  options: RecipientOptions,
): Promise<PlanInput> {
  const open = openClasses(known);
  const seen = await seenRecipients({
    named: options.log ?? [],
    configDirectory,
    wanted: (domain) =>
      open.some(({ domains, unlisted }) => domains.includes(domain) || unlisted.length > 0),
    now: Date.now() as Millis,
  });
  // Asked once for all classes: a list of many users takes its time.
  let listed: ReturnType<typeof dovecotUsers> | undefined;
  const users = (): ReturnType<typeof dovecotUsers> => {
    listed ??= dovecotUsers(options.dovecotConfig);
    return listed;
  };
  return { ...known, configDirectory, seen, by: options.by, users };
}

async function prove(
  input: PlanInput,
  choices: readonly MeansChoice[],
  options: RecipientOptions,
): Promise<readonly RcptProof[]> {
  const main = parseMainCf(input.main);
  const [service] = publicServices(main, parseMasterCf(input.master));
  if (service === undefined) return [];
  const proofs: RcptProof[] = [];
  for (const { of, recipients } of choices) {
    const last = [...input.seen.recipients.values()]
      .filter(({ address, isGone, sentAt }) => {
        return isOf(of, address) && sentAt !== undefined && !isGone;
      })
      .sort((one, two) => (two.sentAt ?? 0) - (one.sentAt ?? 0))[0];
    const known = options.known ?? last?.address ?? recipients[0];
    if (known !== undefined && isOf(of, known)) {
      proofs.push(await rcptProof(service.name, known, 'taken'));
    }
    const domain = of.domains[0] ?? (known === undefined ? undefined : domainOf(known));
    if (domain === undefined) continue;
    const nobody = `postern-nobody-${Date.now().toString(36)}@${domain}`;
    proofs.push(await rcptProof(service.name, nobody, 'refused'));
  }
  return proofs;
}

async function renewLists(
  directory: string,
  input: PlanInput,
  how: {
    readonly lists: readonly string[];
    readonly options: RecipientOptions;
    readonly show: Show;
  },
): Promise<RecipientReport> {
  const { lists, options, show } = how;
  const { diff, texts } = await renewedLists(lists, input);
  show(diff === '' ? 'The list of recipients is up to date.\n' : diff);
  const report = { ...nothingDone, changed: diff !== '', diff };
  if (diff === '' || options.dryRun === true) return report;
  await mayGoOn(options);
  for (const { file, text } of texts) await writeList(file, text);
  await checkAndReload(directory);
  return report;
}
