/**
 * `postern dkim keys|new|rotate|retire`: the keys of domains, made, shown, followed by new ones,
 * taken out.
 */
import { domainToASCII } from 'node:url';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { dkimAlgorithms } from '../../formats/dkim/signing-key.ts';
import type { KeyView, NewKeys } from '../../ports/admin.ts';
import { exitCodes, helpAfter, jsonLine, stateHelp } from '../terminal/help.ts';
import { print, warn } from '../terminal/print.ts';
import { askKeyAdmin, type KeyAdminOptions } from './key-client.ts';
import { keyListText, madeText } from './key-text.ts';

type CommonOptions = KeyAdminOptions & { readonly json?: true };
const configHelp =
  'its configuration, where it does not run (default: the installed one, if it is there)';
const notDone = [1, 'it could not be done'] as const;
const locked = [69, 'its ledger is in use, and its http door is off'] as const;
const withoutIt = 'Where the guard does not run, its ledger is used itself.';

export function registerKeys(dkim: Command): void {
  keys(dkim);
  make(dkim);
  rotate(dkim);
  retire(dkim);
}

/** The options that all of them have, last. */
function common(command: Command, jsonHelp = 'one JSON object: text, and the keys'): Command {
  return command
    .option('--state <dir>', stateHelp)
    .option('--config <file>', configHelp)
    .option('--json', jsonHelp);
}

function keys(dkim: Command): void {
  const command = dkim
    .command('keys')
    .summary('keys, where they stand, what comes next')
    .description(
      'Lists DKIM keys: what they are, where they stand in their life (made, published, seen, signing, retiring, ' +
        'revoked, gone), what comes next, and what you have to do, with the records in BIND’s and tinydns’ syntax.',
    )
    .argument('[domain]', 'only those of this domain')
    .option('--all', 'those that are gone too');
  common(command, 'one JSON array')
    .addHelpText(
      'after',
      helpAfter({
        examples: [
          ['postern dkim keys example.org', ''],
          ['postern dkim keys --json | jq -r \'.[] | select(.todo != "") | .record.name\'', ''],
        ],
        exits: [exitCodes.done, exitCodes.notRunning],
        notes: withoutIt,
      }),
    )
    .action(
      async (
        domain: string | undefined,
        options: CommonOptions & { all?: true },
        command: Command,
      ) => {
        const shown = await askAdmin(command, options, true, (admin) =>
          admin.list(domainName(domain)),
        );
        const found = shown.filter(({ state }) => options.all === true || state !== 'gone');
        print(command, options.json === true ? jsonLine(found) : keyListText(found));
      },
    );
}

type NewOptions = CommonOptions & {
  readonly selector?: string;
  readonly algorithm: 'rsa' | 'ed25519' | 'both';
  readonly bits: number;
};

function make(dkim: Command): void {
  const command = dkim
    .command('new')
    .summary('make keys for a domain')
    .description(
      'Makes a pair of keys (RSA and Ed25519), and sends their records to the name server where [[dns.updates]] has the ' +
        'zone; otherwise prints them for BIND and tinydns. A key signs once every name server shows its record.',
    )
    .argument('<domain>', 'the domain that signs')
    .option(
      '--selector <name>',
      'name of the key (default: r or e and the date); with one --algorithm',
    )
    .addOption(
      new Option('--algorithm <kind>', 'rsa, ed25519 or both')
        .choices(['rsa', 'ed25519', 'both'])
        .default('both'),
    )
    .option('--bits <n>', 'size of the RSA key: 1024 to 4096', bitsOption, 2_048);
  common(command)
    .addHelpText(
      'after',
      helpAfter({
        examples: [
          ['postern dkim new example.org', ''],
          ['postern dkim new example.org --algorithm rsa --selector mail', ''],
        ],
        exits: [exitCodes.done, notDone, locked],
        notes: withoutIt,
      }),
    )
    .action(async (domain: string, options: NewOptions, command: Command) => {
      const { algorithm, bits, selector } = options;
      const wanted: NewKeys = {
        domain: domainName(domain) ?? '',
        algorithms: dkimAlgorithms.filter(
          (one) => algorithm === 'both' || one.startsWith(algorithm),
        ),
        selector: selector?.toLowerCase(),
        bits,
      };
      await madeBy(command, options, wanted.domain, (admin) => admin.make(wanted));
    });
}

function rotate(dkim: Command): void {
  const command = dkim
    .command('rotate')
    .summary('have new keys follow those of a domain')
    .description(
      'Makes a successor for each key that signs for the domain, now instead of when [signing.rotation] says so. The ' +
        'old key signs until DNS shows the new one everywhere, and its record stays for mail on its way.',
    )
    .argument('<domain>', 'the domain');
  common(command)
    .addHelpText(
      'after',
      helpAfter({
        examples: [['postern dkim rotate example.org', '']],
        exits: [exitCodes.done, notDone, locked],
        notes: 'Is the old key in wrong hands? postern dkim retire DOMAIN SELECTOR --compromised',
      }),
    )
    .action((domain: string, options: CommonOptions, command: Command) =>
      madeBy(command, options, domainName(domain) ?? '', (admin) =>
        admin.rotate(domainName(domain) ?? ''),
      ),
    );
}

function retire(dkim: Command): void {
  const command = dkim
    .command('retire')
    .summary('let a key sign no more')
    .description(
      'Takes a key out: it signs no more at once, its record stays for mail on its way and is then revoked. With ' +
        '--compromised it is revoked at once, and a new key is made where no other is there.',
    )
    .argument('<domain>', 'the domain')
    .argument('<selector>', 'the key')
    .option(
      '--compromised',
      'somebody else has it: whatever it signed is not to be believed any more',
    );
  common(command)
    .addHelpText(
      'after',
      helpAfter({
        examples: [
          ['postern dkim retire example.org r20250101', ''],
          ['postern dkim retire example.org r20250101 --compromised', 'the key was stolen'],
        ],
        exits: [exitCodes.done, notDone, locked],
        notes: withoutIt,
      }),
    )
    .action(
      async (
        domain: string,
        selector: string,
        options: CommonOptions & { compromised?: true },
        command: Command,
      ) => {
        const compromised = options.compromised === true;
        const key = { domain: domainName(domain) ?? '', selector: selector.toLowerCase() };
        const { text, all } = await askAdmin(command, options, false, async (admin) => {
          const done = await admin.retire(key, { compromised });
          return { text: done.text, all: await admin.list(key.domain) };
        });
        const left = all.filter(({ state }) => state !== 'gone');
        print(
          command,
          options.json === true
            ? jsonLine({ text, keys: left })
            : `${text}\n\n${keyListText(left)}`,
        );
      },
    );
}

type Admin = Parameters<Parameters<typeof askKeyAdmin>[2]>[0];

function askAdmin<Value>(
  command: Command,
  options: CommonOptions,
  reads: boolean,
  work: (admin: Admin) => Promise<Value>,
): Promise<Value> {
  return askKeyAdmin(options, { reads, warn: (text) => warn(command, text) }, work);
}

/** Prints what was done, and the records of keys that were not there before. */
async function madeBy(
  command: Command,
  options: CommonOptions,
  domain: string,
  act: (admin: Admin) => Promise<{ readonly text: string }>,
): Promise<void> {
  const { text, made } = await askAdmin(command, options, false, async (admin) => {
    const before = new Set((await admin.list(domain)).map(({ selector }) => selector));
    const done = await act(admin);
    const after: readonly KeyView[] = await admin.list(domain);
    return { text: done.text, made: after.filter(({ selector }) => !before.has(selector)) };
  });
  print(command, options.json === true ? jsonLine({ text, keys: made }) : madeText(text, made));
}

/** As DNS has it: lower case, no last dot, A-labels. */
function domainName(domain: string | undefined): string | undefined {
  if (domain === undefined) return undefined;
  const name = domain.replace(/\.$/, '').toLowerCase();
  return /^[\x20-\x7e]*$/.test(name) ? name : domainToASCII(name) || name;
}

function bitsOption(text: string): number {
  const bits = Number(text);
  if (!/^\d+$/.test(text) || bits < 1_024 || bits > 4_096 || bits % 8 !== 0) {
    throw new InvalidArgumentError('It must be from 1024 to 4096, such as 2048.');
  }
  return bits;
}
