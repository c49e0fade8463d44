/** `postern dkim import opendkim|rspamd`: imports the keys that another signer uses. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import type { Command } from 'commander';
import { isKeyName } from '../../core/signing/key.ts';
import {
  type ConfiguredKey,
  type KeysFound,
  opendkimKeys,
  parseOpendkimConf,
  parseTable,
} from '../../formats/filters/opendkim-conf.ts';
import { rspamdFolderKeys, rspamdKeys } from '../../formats/filters/rspamd-conf.ts';
import { parseUcl } from '../../formats/filters/ucl.ts';
import { faultText } from '../../lib/error-text.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { openPrivateKey, rsaBits } from '../../lib/private-key.ts';
import { keyFile, unwriteKeyFile, writeKeyFile } from '../../partners/keys/key-files.ts';
import { readPrivateKeyText } from '../../partners/keys/private-key-file.ts';
import { isNotRunning } from '../guard/run-file.ts';
import { many, plain } from '../terminal/format.ts';
import { exitCodes, helpAfter, jsonLine, stateHelp } from '../terminal/help.ts';
import { print, warn } from '../terminal/print.ts';
import { askKeyAdmin, type KeyAdminClient, type KeyAdminOptions } from './key-client.ts';

type Options = KeyAdminOptions & { readonly dryRun?: true; readonly json?: true };
/** One line of the report. */
type ImportLine = { readonly key: string; readonly taken: boolean; readonly text: string };
type ReadableKey = ConfiguredKey & { readonly text: string; readonly about: string };

/** The largest file that is read; a wrong path may name something large. */
const octetsMax = 16 * 1024 * 1024;
/** Keys in one request to the admin. */
const atOnce = 500;

export function registerImport(dkim: Command): void {
  const from = dkim
    .command('import')
    .summary('import keys from OpenDKIM or rspamd')
    .description(
      'Copies the private keys that another signer uses. Postern signs with a key as soon as ' +
        'every name server shows its record, and checks that immediately. A key with a fault ' +
        'gets a line that says why; the other keys are imported.',
    );
  one(from, 'opendkim', '/etc/opendkim.conf', 'configuration of OpenDKIM', opendkim);
  one(
    from,
    'rspamd',
    '/etc/rspamd/local.d/dkim_signing.conf',
    'dkim_signing.conf of rspamd, or a folder with files DOMAIN.SELECTOR.key',
    rspamd,
  );
}

function one(
  from: Command,
  name: 'opendkim' | 'rspamd',
  usual: string,
  about: string,
  find: (path: string) => KeysFound,
): void {
  from
    .command(name)
    .summary(
      name === 'opendkim'
        ? 'from KeyTable and SigningTable, or KeyFile'
        : 'from the module dkim_signing',
    )
    .description(
      `Imports the keys of ${name === 'opendkim' ? 'OpenDKIM' : 'rspamd'}, and leaves its files ` +
        'as they are.',
    )
    .argument('[path]', about, usual)
    .option('--dry-run', 'only say which keys would be imported')
    .option('--state <dir>', stateHelp)
    .option('--config <file>', 'configuration of Postern, if Postern does not run')
    .option('--json', 'one JSON object: keys, each with a text, and notes')
    .addHelpText(
      'after',
      helpAfter({
        examples: [
          [`sudo postern dkim import ${name} --dry-run`, ''],
          [`sudo postern dkim import ${name} ${usual}`, 'as root, because the files are private'],
        ],
        exits: [
          exitCodes.done,
          [1, 'not every key could be imported'],
          [66, 'the configuration cannot be read'],
          exitCodes.notRunning,
        ],
        notes:
          'Keep the other signer running until postern dkim keys shows that all keys sign. Then ' +
          'switch\n' +
          'it off.',
      }),
    )
    .action(async (path: string, options: Options, command: Command) => {
      const found = find(path);
      const { ready, wrong } = readKeys(found.keys);
      const report = await askKeyAdmin(
        options,
        { reads: options.dryRun === true, warn: (text) => warn(command, text) },
        (admin) =>
          options.dryRun === true ? foretold(admin, ready) : taken(admin, ready, `from ${name}`),
      ).catch((error: unknown) => {
        // --dry-run needs neither a guard nor a ledger.
        if (options.dryRun === true && isNotRunning(error)) return ready.map(wouldBe);
        throw error;
      });
      const lines = [...report, ...wrong];
      print(
        command,
        options.json === true
          ? jsonLine({ keys: lines, notes: found.notes })
          : text(lines, found.notes),
      );
      const left = lines.filter((line) => !line.taken).length;
      if (left > 0) {
        throw new OperatorError('not-taken', `${many(left, 'key')} could not be imported`, {
          exit: 1,
        });
      }
    });
}

function opendkim(path: string): KeysFound {
  const unreadable: string[] = [];
  const found = opendkimKeys(parseOpendkimConf(readText(path)), (set, name) => {
    if (set.kind === 'list') return set.rows;
    if (set.kind === 'unsupported') return undefined;
    try {
      return parseTable(readText(set.path));
    } catch (error) {
      unreadable.push(`${name}: ${faultText(error)}`);
      return undefined;
    }
  });
  return { keys: found.keys, notes: [...found.notes, ...unreadable] };
}

function rspamd(path: string): KeysFound {
  const unreadable: string[] = [];
  const tried = <Value>(read: () => Value, otherwise: Value): Value => {
    try {
      return read();
    } catch (error) {
      unreadable.push(faultText(error));
      return otherwise;
    }
  };
  const reads = {
    names: (folder: string) => tried((): readonly string[] => readdirSync(folder).sort(), []),
    text: (map: string) => tried((): string | undefined => readText(map), undefined),
  };
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  const found = isFolder
    ? rspamdFolderKeys(path, reads)
    : rspamdKeys(parseUcl(readText(path)), reads);
  return { keys: found.keys, notes: [...found.notes, ...unreadable] };
}

/** Reads the private keys; a line of the report for each that cannot be read. */
function readKeys(keys: readonly ConfiguredKey[]): {
  readonly ready: readonly ReadableKey[];
  readonly wrong: readonly ImportLine[];
} {
  const ready: ReadableKey[] = [];
  const wrong: ImportLine[] = [];
  for (const found of keys) {
    const read = readKey(found);
    if ('about' in read) ready.push(read);
    else wrong.push(read);
  }
  return { ready, wrong };
}

function readKey(found: ConfiguredKey): ReadableKey | ImportLine {
  const { domain, selector, key } = found;
  const no = (text: string): ImportLine => ({ key: nameOf(found), taken: false, text });
  if (!isKeyName(domain) || !isKeyName(selector)) return no('is no valid DNS name');
  try {
    const opened = key.kind === 'file' ? readPrivateKeyText(key.path) : inline(key.text);
    const { type, bits } = opened.key;
    const weak =
      type === 'rsa' && bits < rsaBits.advised
        ? `, fewer than ${rsaBits.advised}; replace it soon: postern dkim rotate`
        : '';
    const about = type === 'rsa' ? `RSA, ${bits} bits${weak}` : 'Ed25519';
    return { ...found, text: opened.text, about };
  } catch (error) {
    return no(faultText(error));
  }
}

function inline(text: string): ReturnType<typeof readPrivateKeyText> {
  const opened = openPrivateKey(text);
  if (opened.ok) return { text, key: opened.value };
  throw new OperatorError('key-file', `the key in KeyTable ${opened.error.text}`);
}

async function foretold(
  admin: KeyAdminClient,
  ready: readonly ReadableKey[],
): Promise<readonly ImportLine[]> {
  const known = new Set((await admin.list()).map(nameOf));
  return ready.map((key) =>
    known.has(nameOf(key))
      ? { key: nameOf(key), taken: true, text: 'is known already' }
      : wouldBe(key),
  );
}

function wouldBe(key: ReadableKey): ImportLine {
  return { key: nameOf(key), taken: true, text: `would be imported (${key.about})` };
}

/** Writes the files of keys, then asks the admin to adopt them. Removes files that it refuses. */
async function taken(
  admin: KeyAdminClient,
  ready: readonly ReadableKey[],
  note: string,
): Promise<readonly ImportLine[]> {
  const known = new Set((await admin.list()).map(nameOf));
  const lines: ImportLine[] = [];
  const written: ReadableKey[] = [];
  for (const key of ready) {
    const name = nameOf(key);
    if (known.has(name)) {
      lines.push({ key: name, taken: true, text: 'is known already' });
      continue;
    }
    try {
      writeKeyFile(admin.folder, keyFile(key), key.text);
      written.push(key);
    } catch (error) {
      lines.push({ key: name, taken: false, text: faultText(error) });
    }
  }
  const said: string[] = [];
  for (let at = 0; at < written.length; at += atOnce) {
    const some = written
      .slice(at, at + atOnce)
      .map(({ domain, selector }) => ({ domain, selector }));
    said.push(...(await admin.adopt(some, note)).text.split('\n'));
  }
  const after = new Map((await admin.list()).map((key) => [nameOf(key), key]));
  for (const key of written) {
    const there = after.get(nameOf(key));
    if (there === undefined) unwriteKeyFile(admin.folder, keyFile(key));
    const start = `${key.selector} of ${key.domain}: `;
    const words = said.find((line) => line.startsWith(start))?.slice(start.length) ?? said[0] ?? '';
    lines.push({ key: nameOf(key), taken: there !== undefined, text: `${words} (${key.about})` });
  }
  return lines;
}

function text(lines: readonly ImportLine[], notes: readonly string[]): string {
  const shown = lines.map(
    ({ key, taken: yes, text: words }) => `${yes ? '  ' : '! '}${key}: ${plain(words)}`,
  );
  const count = lines.filter((line) => line.taken).length;
  const rest = lines.length - count;
  const sum = `${many(count, 'key')}${rest === 0 ? '' : `, and ${rest} that cannot be imported`}`;
  const more =
    notes.length === 0 ? '' : `\nNotes:\n${notes.map((note) => `  ${plain(note)}\n`).join('')}`;
  return `${[...shown, sum].join('\n')}\n${more}`;
}

function nameOf({ domain, selector }: Pick<ConfiguredKey, 'domain' | 'selector'>): string {
  return `${selector}._domainkey.${domain}`;
}

function readText(path: string): string {
  try {
    const { size } = statSync(path);
    if (size > octetsMax) throw new RangeError(`it has ${size} octets`);
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new OperatorError('no-input', `cannot read ${path}`, {
      cause,
      hint: 'give the path of the configuration, or run this as root',
      exit: sysexits.noInput,
    });
  }
}
