/**
 * `postern passwords sources`, `list` and `show`: where passwords are stored, the accounts, and
 * which of them are weak since when.
 */
import type { Command } from 'commander';
import { byLogin, loginKey } from '../../core/passwords/audit-report.ts';
import { strengthText } from '../../core/passwords/strength.ts';
import { type WeakPassword, whatToDo } from '../../core/passwords/weak.ts';
import { faultText } from '../../lib/error-text.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { openPrivateFolder } from '../../passwords/sandbox/private-folder.ts';
import { forbidCoreFiles } from '../../passwords/sandbox/sandbox.ts';
import { discover } from '../../passwords/sources/discover.ts';
import type { SourceRow } from '../../passwords/sources/row.ts';
import { parseSource, rowsOf } from '../../passwords/sources/source.ts';
import { loadConfig } from '../config/load-config.ts';
import { usualConfig } from '../config/usual-config.ts';
import { many, plain } from '../terminal/format.ts';
import { jsonLine } from '../terminal/help.ts';
import { openManyLines } from '../terminal/line-writer.ts';
import { print, warn } from '../terminal/print.ts';
import { clock, paint, table } from '../terminal/table.ts';
import { chosenSources, weakTable } from './audit.ts';
import { openPasswordStore } from './store.ts';

export type ListOptions = {
  readonly state?: string;
  readonly config?: string;
  readonly source?: readonly string[];
  readonly weak?: true;
  readonly json?: true;
  readonly jsonLines?: true;
};

export async function sourcesCommand(options: ListOptions, command: Command): Promise<void> {
  const { config } = loadConfig(options.config ?? usualConfig());
  const set = config.passwords.sources.map((spec) => ({
    spec: parseSource(spec).spec,
    foundBy: 'passwords.sources',
    note: '',
  }));
  const found = set.length > 0 ? set : await discover(config.dovecot.config);
  if (options.json === true) {
    print(command, jsonLine(found));
    return;
  }
  if (found.length === 0) {
    print(command, 'No source of passwords was found; name one with --source.\n');
    return;
  }
  const rows = found.map(({ spec, foundBy, note }) => [spec === '' ? '-' : spec, foundBy, note]);
  const columns = [{ title: 'source' }, { title: 'found by' }, { title: 'what it is' }];
  print(command, table(columns, rows));
}

export async function listCommand(options: ListOptions, command: Command): Promise<void> {
  const { config } = loadConfig(options.config ?? usualConfig());
  const store = await openPasswordStore(options.state, config.accounts.default_domain);
  const { weak } = await store.read();
  if (options.weak === true) {
    if (isJson(options)) print(command, jsonLine(weak));
    else print(command, weak.length === 0 ? 'No password is known to be weak.\n' : listed(weak));
    return;
  }
  forbidCoreFiles();
  using folder = openPrivateFolder(undefined);
  const known = byLogin(weak);
  const lines = openManyLines(command);
  const isArray = options.json === true && options.jsonLines === undefined;
  if (isArray) await lines.add('[\n');
  let accounts = 0;
  for (const source of await chosenSources(options.source, config)) {
    try {
      for (const row of await rowsOf(source, { folder, signal: untilKilled })) {
        if (row.kind === 'fault') {
          warn(command, `postern: ${source.spec}, line ${row.line}: ${plain(row.what)}\n`);
          continue;
        }
        accounts++;
        const login = { source: source.spec, account: row.account };
        const weakOne = known.get(loginKey(login));
        const line = accountLine(row, login, weakOne, isJson(options));
        // One value, written piece by piece: a million accounts are never in memory.
        await lines.add(isArray ? `${accounts === 1 ? '' : ',\n'}${line.trimEnd()}` : line);
      }
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      warn(command, `postern: ${faultText(error)}\n`);
      process.exitCode = 1;
    }
  }
  if (isArray) await lines.add(accounts === 0 ? ']\n' : '\n]\n');
  lines.end();
  if (!isJson(options)) print(command, `${many(accounts, 'account')}\n`);
}

const isJson = ({ json, jsonLines }: ListOptions): boolean => json === true || jsonLines === true;

/** Never aborted: Ctrl-C ends this command and all that it started. */
const untilKilled = new AbortController().signal;

function listed(weak: readonly WeakPassword[]): string {
  return weakTable(weak.map(({ login, ...one }) => ({ ...one, account: login })));
}

const schemeWidth = 14;
const stateWidth = 12;

/** One line; lines are written one by one, so that a million accounts are never in memory. */
function accountLine(
  row: Exclude<SourceRow, { kind: 'fault' }>,
  { source, account }: { readonly source: string; readonly account: string },
  weak: WeakPassword | undefined,
  json: boolean,
): string {
  const scheme = row.kind === 'account' ? row.hash.scheme : '-';
  const state = weak !== undefined ? 'weak' : row.kind === 'account' ? '' : row.kind;
  if (json)
    return jsonLine({ account, scheme, state: state === '' ? 'not known weak' : state, source });
  const shown =
    weak === undefined ? state.padEnd(stateWidth) : paint('red', state.padEnd(stateWidth));
  return `${scheme.padEnd(schemeWidth)}${shown}${plain(account)}\n`;
}

export async function showCommand(
  name: string,
  options: ListOptions,
  command: Command,
): Promise<void> {
  const { config } = loadConfig(options.config ?? usualConfig());
  const store = await openPasswordStore(options.state, config.accounts.default_domain);
  const { weak, last } = await store.read();
  const found = weak.filter(({ login, account }) => login === name || account === name);
  if (found.length === 0) {
    const when = last === undefined ? 'there was no audit yet' : `last audit ${clock(last.at)}`;
    throw new OperatorError('no-such', `${name} is not known to have a weak password; ${when}`, {
      hint: 'to try its password: sudo postern passwords audit',
      exit: sysexits.noUser,
    });
  }
  print(command, options.json === true ? jsonLine(found) : found.map(weakLines).join('\n'));
}

function weakLines(one: WeakPassword): string {
  const told = one.toldAt === undefined ? 'not yet' : clock(one.toldAt);
  return [
    `${plain(one.login)}: ${paint('red', 'weak')}, ${strengthText(one.strength, one.by)}`,
    `  source      ${one.source} (${one.scheme})`,
    `  since       ${clock(one.since)}`,
    `  owner told  ${told}`,
    '  the guard   allows two thirds of the usual mail, and trusts new networks less',
    `  what to do  ${whatToDo(one)}`,
    '',
  ].join('\n');
}
