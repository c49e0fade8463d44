/**
 * `postern dkim import opendkim|rspamd|file`: imports the keys that another signer uses, and says
 * what it signs that Postern would not.
 */
import { resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { signingRulesOf } from '../../config/values.ts';
import { importProposals } from '../../core/authors/proposals.ts';
import { isKeyName, keyName } from '../../core/signing/key.ts';
import {
  keysInUse,
  type OwnKey,
  planTakeover,
  type Takeover,
} from '../../core/signing/takeover.ts';
import type { SignerSetup } from '../../formats/filters/signer-setup.ts';
import { OperatorError } from '../../lib/operator-error.ts';
import { signedByOpendkim, signedByRspamd } from '../../partners/keys/other-signers.ts';
import type { KeyView } from '../../ports/admin.ts';
import { loadConfig } from '../config/load-config.ts';
import { usualConfig } from '../config/usual-config.ts';
import { isNotRunning } from '../guard/run-file.ts';
import { exitCodes, helpAfter, jsonLine, stateHelp } from '../terminal/help.ts';
import { print, warn } from '../terminal/print.ts';
import {
  type AskSigner,
  askOld,
  type ComparedDomain,
  comparedText,
  compareSigners,
} from './import-compare.ts';
import { declareAll, undeclared } from './import-declare.ts';
import {
  foretold,
  type ImportLine,
  isUsable,
  type ReadableKey,
  readKeys,
  takeKeys,
} from './import-keys.ts';
import { fileSource, opendkimSource, rspamdSource } from './import-sources.ts';
import { type ImportReport, importJson, importText, leftOut } from './import-text.ts';
import { askKeyAdmin, type KeyAdminOptions } from './key-client.ts';

type Options = KeyAdminOptions & {
  readonly dryRun?: true;
  readonly json?: true;
  readonly compare?: true;
  readonly declare?: true;
  readonly rspamd?: string;
};
type FileOptions = KeyAdminOptions & {
  readonly dryRun?: true;
  readonly json?: true;
  readonly domain: readonly string[];
  readonly selector: string;
};

/** Another signer: its name, and how it is asked to sign. */
type Source = { readonly name: string; readonly setup: SignerSetup; readonly ask?: AskSigner };

const rspamdUrl = 'http://127.0.0.1:11333';

export function registerImport(dkim: Command): void {
  const from = dkim
    .command('import')
    .summary('import keys from OpenDKIM, rspamd, or a file')
    .description(
      'Copies the private keys that another signer uses. Postern signs with a key as soon as ' +
        'every name server shows its record, and checks that immediately. A key with a fault ' +
        'gets a line that says why; the other keys are imported. If the other signer signs mail ' +
        'that Postern would send unsigned, the command names the domains and fails.',
    );
  one(from, {
    name: 'opendkim',
    usual: '/etc/opendkim.conf',
    about: 'configuration of OpenDKIM',
    summary: 'from KeyTable and SigningTable, or KeyFile',
    shown: 'OpenDKIM',
    source: (path) => ({
      name: 'opendkim',
      setup: opendkimSource(path),
      ask: (message) => signedByOpendkim(path, message),
    }),
  });
  one(from, {
    name: 'rspamd',
    usual: '/etc/rspamd/modules.d/dkim_signing.conf',
    about: 'dkim_signing.conf of rspamd, or a folder with files DOMAIN.SELECTOR.key',
    summary: 'from the module dkim_signing',
    shown: 'rspamd',
    source: (path, options) => ({
      name: 'rspamd',
      setup: rspamdSource(path),
      ask: (message, { user, host }) =>
        signedByRspamd(options.rspamd ?? rspamdUrl, message, `${user}@${host}`),
    }),
  });
  file(from);
}

function one(
  from: Command,
  other: {
    readonly name: 'opendkim' | 'rspamd';
    readonly usual: string;
    readonly about: string;
    readonly summary: string;
    readonly shown: string;
    readonly source: (path: string, options: Options) => Source;
  },
): void {
  const { name, usual, about, summary, shown, source } = other;
  const command = common(
    from
      .command(name)
      .summary(summary)
      .description(`Imports the keys of ${shown}, and leaves its files as they are.`)
      .argument('[path]', about, usual),
  )
    .option('--compare', `sign a message of each domain with ${shown} too, and compare`)
    .option('--declare', `declare what ${shown} allowed to clients (accounts may-write-as)`);
  if (name === 'rspamd') {
    command.option('--rspamd <url>', `the running rspamd that --compare asks`, rspamdUrl);
  }
  command
    .addHelpText(
      'after',
      helpAfter({
        examples: [
          [`sudo postern dkim import ${name} --dry-run --compare`, ''],
          [`sudo postern dkim import ${name} ${usual}`, 'as root, because the files are private'],
        ],
        exits: [
          exitCodes.done,
          notAll,
          [66, 'the configuration cannot be read'],
          exitCodes.notRunning,
        ],
        notes: whenToSwitch,
      }),
    )
    .action((path: string, options: Options, command: Command) =>
      // What the file includes, and the other signer itself, go by the whole path.
      imported(command, options, source(resolve(path), options)),
    );
}

function file(from: Command): void {
  common(
    from
      .command('file')
      .summary('one key from a file')
      .description(
        'Imports one private key: PEM, or base64 in one line. Use it for keys of Exim, amavis, ' +
          'Plesk and others, and to sign several domains with one key.',
      )
      .argument('<file>', 'file with the private key')
      .requiredOption('--domain <name>', 'domain that signs; may be repeated', domainOption)
      .requiredOption(
        '--selector <name>',
        'selector under which the key is published',
        selectorOption,
      ),
  )
    .addHelpText(
      'after',
      helpAfter({
        examples: [
          [
            'sudo postern dkim import file /var/lib/dkim/example.org.pem --domain example.org ' +
              '--selector dkim',
            '',
          ],
        ],
        exits: [
          exitCodes.done,
          notAll,
          [64, 'no domain, or no selector'],
          [66, 'the file is not there'],
          exitCodes.notRunning,
        ],
        notes: whenToSwitch,
      }),
    )
    .action((path: string, options: FileOptions, command: Command) => {
      const { domain: domains, selector } = options;
      const source = { name: path, setup: fileSource(path, { domains, selector }) };
      return imported(command, options, source);
    });
}

const notAll = [1, 'a key could not be imported, or mail would leave unsigned'] as const;
const whenToSwitch =
  'Keep the other signer running until postern dkim keys shows that all keys sign. Then switch\n' +
  'it off.';

function common(command: Command): Command {
  return command
    .option('--dry-run', 'only say which keys would be imported')
    .option('--state <dir>', stateHelp)
    .option(
      '--config <file>',
      'configuration of Postern (default: the installed one, if it is there)',
    )
    .option('--json', 'one JSON object: keys, each with a text, and what is missing');
}

async function imported(command: Command, options: Options, source: Source): Promise<void> {
  const { setup, ask } = source;
  // Nobody is known to sign with a key from a file.
  const isFile = ask === undefined;
  const { config } = loadConfig(options.config ?? usualConfig());
  const now = signingRulesOf(config);
  const { ready, wrong } = readKeys(keysInUse(setup));
  // Before the command becomes the guard's user, who may not read the other signer's files.
  const mayAsk = options.compare === true && !isFile;
  const answers = mayAsk ? await askOld(setup, ask, () => performance.now()) : undefined;
  const { lines, known } = await reported(command, options, ready, source.name);
  const taken = new Set(lines.filter((line) => line.taken).map((line) => line.key));
  const retired = new Set(known.filter((key) => !isUsable(key)).map(keyName));
  const used = ready.filter((key) => taken.has(keyName(key)) && !retired.has(keyName(key)));
  const keys: readonly OwnKey[] = [...known.filter(isUsable), ...used];
  const takeover: Takeover = planTakeover(setup, keys, now);
  const compared: readonly ComparedDomain[] | undefined =
    answers === undefined
      ? undefined
      : await compareSigners(answers, { all: ready, used }, takeover.rules);
  const wanted = await undeclared(options, importProposals(setup));
  const isMade = options.declare === true && options.dryRun !== true;
  if (isMade) await declareAll(options, wanted, source.name);
  const report: ImportReport = {
    lines: [...lines, ...wrong],
    takeover,
    allowed: setup.allowed,
    proposals: isMade ? [] : wanted,
    declared: isMade ? wanted : [],
    notes: [...setup.notes, ...(isFile ? [] : takeover.notes)],
    gaps: setup.gaps,
    compared,
  };
  const tail = compared === undefined ? '' : comparedText(source.name, compared);
  print(command, options.json === true ? jsonLine(importJson(report)) : importText(report) + tail);
  const left = leftOut(report);
  if (left !== undefined) throw new OperatorError('not-taken', left, { exit: 1 });
}

async function reported(
  command: Command,
  options: Options,
  ready: readonly ReadableKey[],
  name: string,
): Promise<{ readonly lines: readonly ImportLine[]; readonly known: readonly KeyView[] }> {
  const reads = options.dryRun === true;
  try {
    return await askKeyAdmin(
      options,
      { reads, warn: (text) => warn(command, text) },
      async (admin) => {
        if (reads) {
          const known = await admin.list();
          return { lines: foretold(known, ready), known };
        }
        const lines = await takeKeys(admin, ready, `from ${name}`);
        return { lines, known: await admin.list() };
      },
    );
  } catch (error) {
    // --dry-run needs neither a guard nor a ledger.
    if (!reads || !isNotRunning(error)) throw error;
    return { lines: foretold([], ready), known: [] };
  }
}

function domainOption(text: string, before: readonly string[] = []): readonly string[] {
  const name = text.replace(/\.$/, '').toLowerCase();
  if (!isKeyName(name)) throw new InvalidArgumentError('It must be a domain, in A-labels.');
  return [...before, name];
}

function selectorOption(text: string): string {
  const name = text.toLowerCase();
  if (!isKeyName(name)) throw new InvalidArgumentError('It must be a name as DNS has it.');
  return name;
}
