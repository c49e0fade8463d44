/**
 * `postern dkim keys|new|rotate|use|retire`: shows, makes, replaces, uses and retires DKIM keys.
 */
import { domainToASCII } from 'node:url';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { dkimAlgorithms } from '../../formats/dkim/signing-key.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import type { KeyView, NewKeys } from '../../ports/admin.ts';
import { exitCodes, helpAfter, jsonLine, stateHelp } from '../terminal/help.ts';
import { print, warn } from '../terminal/print.ts';
import { askKeyAdmin, type KeyAdminOptions } from './key-client.ts';
import { keyListText, madeText } from './key-text.ts';

type CommonOptions = KeyAdminOptions & { readonly json?: true };
const configHelp =
  'configuration of Postern, if the guard does not run (default: the installed one, if it is ' +
  'there)';
const notDone = [1, 'it could not be done; prints why'] as const;
const locked = [69, 'the ledger is in use, and the http door of the guard is off'] as const;
const withoutIt = 'If the guard does not run, the command uses its ledger.';

export function registerKeys(dkim: Command): void {
  keys(dkim);
  make(dkim);
  rotate(dkim);
  use(dkim);
  retire(dkim);
}

/** Adds the options that all these commands have, at the end. */
function common(command: Command, jsonHelp = 'one JSON object: text, and the keys'): Command {
  return command
    .option('--state <dir>', stateHelp)
    .option('--config <file>', configHelp)
    .option('--json', jsonHelp);
}

function keys(dkim: Command): void {
  const command = dkim
    .command('keys')
    .summary('list keys, their states, and what comes next')
    .description(
      'Lists DKIM keys with their state (made, published, seen, signing, retiring, revoked, ' +
        'gone), what comes next, and what you have to do, with the records in the syntax of BIND ' +
        'and tinydns.',
    )
    .argument('[domain]', 'only keys of this domain')
    .option('--all', 'also keys that are gone');
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
      'Makes two keys (RSA and Ed25519). If [[dns.updates]] has the zone, Postern sends their ' +
        'records to the name server; otherwise it prints them for BIND and tinydns. A key signs ' +
        'once every name server shows its record.',
    )
    .argument('<domain>', 'the domain that signs')
    .option(
      '--selector <name>',
      'name of the key (default: r or e and the date); only with a single --algorithm',
    )
    .addOption(
      new Option('--algorithm <kind>', 'rsa, ed25519 or both')
        .choices(['rsa', 'ed25519', 'both'])
        .default('both'),
    )
    .option('--bits <n>', 'size of the RSA key in bits: 1024 to 4096', bitsOption, 2_048);
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
    .summary('replace the keys of a domain by new ones')
    .description(
      'Makes a successor for each key that signs for the domain, without waiting for ' +
        '[signing.rotation]. The old key signs until every name server shows the new one. Its ' +
        'record stays for mail that is still on its way.',
    )
    .argument('<domain>', 'the domain');
  common(command)
    .addHelpText(
      'after',
      helpAfter({
        examples: [['postern dkim rotate example.org', '']],
        exits: [exitCodes.done, notDone, locked],
        notes: 'If the old key was stolen: postern dkim retire DOMAIN SELECTOR --compromised',
      }),
    )
    .action((domain: string, options: CommonOptions, command: Command) =>
      madeBy(command, options, domainName(domain) ?? '', (admin) =>
        admin.rotate(domainName(domain) ?? ''),
      ),
    );
}

function use(dkim: Command): void {
  const command = dkim
    .command('use')
    .summary('sign with a key without waiting for DNS')
    .description(
      'Postern signs with a waiting key from now on, whatever DNS shows. Use it if a name ' +
        'server is dead, or if this machine sees another DNS than the world. The audit trail ' +
        'keeps your note. If DNS does not show the record to receivers, they reject signatures ' +
        'of this key.',
    )
    .argument('<key>', 'name of the record: SELECTOR._domainkey.DOMAIN')
    .requiredOption('--note <text>', 'why; kept in the audit trail');
  common(command)
    .addHelpText(
      'after',
      helpAfter({
        examples: [
          ['postern dkim use mail._domainkey.example.org --note "ns2 is dead until Monday"', ''],
        ],
        exits: [exitCodes.done, notDone, [64, 'no --note, or no name of a key'], locked],
        notes: 'To undo it: postern dkim retire DOMAIN SELECTOR',
      }),
    )
    .action(async (name: string, options: CommonOptions & { note: string }, command: Command) => {
      const key = namedKey(name);
      const { text, all } = await askAdmin(command, options, false, async (admin) => {
        const done = await admin.use(key, options.note);
        return { text: done.text, all: await admin.list(key.domain) };
      });
      const left = all.filter(({ state }) => state !== 'gone');
      print(
        command,
        options.json === true ? jsonLine({ text, keys: left }) : `${text}\n\n${keyListText(left)}`,
      );
    });
}

function namedKey(name: string): { readonly domain: string; readonly selector: string } {
  const [selector = '', domain, more] = name.split(/\._domainkey\./i);
  if (domain === undefined || more !== undefined || selector === '') {
    throw new OperatorError('usage', `${name} is not the name of a key`, {
      hint: 'it has the form SELECTOR._domainkey.DOMAIN; see postern dkim keys',
      exit: sysexits.usage,
    });
  }
  return { domain: domainName(domain) ?? '', selector: selector.toLowerCase() };
}

function retire(dkim: Command): void {
  const command = dkim
    .command('retire')
    .summary('stop signing with a key')
    .description(
      'Retires a key. Postern immediately stops signing with it. Its record stays for mail that ' +
        'is still on its way, and is then revoked. With --compromised the key is revoked ' +
        'immediately, and a new key is made if the domain has no other.',
    )
    .argument('<domain>', 'the domain')
    .argument('<selector>', 'selector of the key')
    .option('--compromised', 'somebody else has the key: no signature with it may count any more');
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

/** Prints what was done, and the records of new keys. */
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

/** The name as in DNS: lower case, no dot at the end, A-labels (RFC 5890 section 2.3.2.1). */
function domainName(domain: string | undefined): string | undefined {
  if (domain === undefined) return undefined;
  const name = domain.replace(/\.$/, '').toLowerCase();
  return /^[\x20-\x7e]*$/.test(name) ? name : domainToASCII(name) || name;
}

function bitsOption(text: string): number {
  const bits = Number(text);
  if (!/^\d+$/.test(text) || bits < 1_024 || bits > 4_096 || bits % 8 !== 0) {
    throw new InvalidArgumentError('It must be a multiple of 8 from 1024 to 4096, such as 2048.');
  }
  return bits;
}
