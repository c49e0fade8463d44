/** `postern listed`: are our outgoing addresses and domains on DNS blocklists? */
import { type Command, InvalidArgumentError } from 'commander';
import type { ListedRow } from '../../core/listed/ask.ts';
import { clientAddress } from '../../formats/postfix/client-address.ts';
import { parseClientIp } from '../../formats/spf/network.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { loadConfig } from '../config/load-config.ts';
import { installedConfig, usualConfig } from '../config/usual-config.ts';
import { becomeOwnerOf } from '../guard/owner.ts';
import { stateDirectory } from '../guard/run-file.ts';
import { helpAfter, jsonLine, stateHelp } from '../terminal/help.ts';
import { print, warn } from '../terminal/print.ts';
import { listedRows, listsOf } from './ask-live.ts';
import { ownSubjects } from './subjects.ts';
import { type ListedAnswer, listedText } from './text.ts';

type Options = {
  readonly state?: string;
  readonly config?: string;
  readonly configDir?: string;
  readonly json?: true;
};

const subjectsMax = 100;

export function register(program: Command): void {
  program
    .command('listed')
    .summary('are our addresses and domains on blocklists?')
    .description(
      'Asks DNS blocklists about the addresses that our mail leaves from and about our domains. ' +
        'For each entry it says what the entry means, where to have it removed and how long that ' +
        'takes. A list that does not prove that it answers us is unknown: neither listed nor ' +
        'clean. Behind NAT, name the address that the internet sees.',
    )
    .argument(
      '[address...]',
      'IP addresses and domains (default: those of this server)',
      (text: string, before: readonly string[] | undefined) => [...(before ?? []), subject(text)],
    )
    .option('--state <dir>', stateHelp)
    .option(
      '--config <file>',
      `file with [listed], [identity] and [dns] (default: ${installedConfig}, if it is there)`,
    )
    .option('--config-dir <dir>', "Postfix's configuration folder (default: what postconf says)")
    .option('--json', 'one JSON object: rows, unfound')
    .addHelpText(
      'after',
      helpAfter({
        examples: [
          ['postern listed', 'all of ours'],
          ['postern listed 192.0.2.25 example.org', 'these alone'],
          ['postern listed --json | jq \'.rows[] | select(.state == "listed")\'', ''],
        ],
        exits: [
          [0, 'not listed, as far as lists answered'],
          [1, 'an address or a domain is listed'],
          [64, 'neither an address nor a domain was given or found'],
          [69, 'no list answered'],
          [78, 'the configuration has an error, or allows no list'],
        ],
      }),
    )
    .action(async (given: readonly string[] | undefined, options: Options, command: Command) => {
      const { config } = loadConfig(options.config ?? usualConfig());
      becomeOwnerOf(stateDirectory(options.state));
      if (listsOf(config).length === 0) throw noList();
      const named = given ?? [];
      const own =
        named.length > 0
          ? { addresses: named, domains: [], unfound: '' }
          : await ownSubjects(config, options, (text) => warn(command, text));
      const subjects = [...own.addresses, ...own.domains];
      if (subjects.length === 0) throw noSubject(own.unfound);
      if (subjects.length > subjectsMax) throw tooMany(subjects.length);
      const answer = { rows: await listedRows(config, subjects), unfound: own.unfound };
      print(command, options.json === true ? jsonLine(answerJson(answer)) : listedText(answer));
      process.exitCode = exitOf(answer.rows);
    });
}

function exitOf(rows: readonly ListedRow[]): number {
  if (rows.some(({ state }) => state === 'listed')) return 1;
  return rows.every(({ state }) => state === 'unknown') ? sysexits.unavailable : 0;
}

function answerJson({ rows, unfound }: ListedAnswer): unknown {
  return {
    rows: rows.map(({ list, ...row }) => ({
      ...row,
      list: list.zone,
      removal: list.removal,
      lasts: list.lasts,
    })),
    unfound,
  };
}

/** An address in its shortest form, or a domain in lower case. */
function subject(text: string): string {
  const ip = parseClientIp(text);
  if (ip !== undefined) return clientAddress(text);
  const name = text.toLowerCase().replace(/\.$/, '');
  if (name.length <= 253 && /^(?:[a-z0-9_-]{1,63}\.)+[a-z0-9-]{2,63}$/.test(name)) return name;
  throw new InvalidArgumentError('It must be an IP address or a domain.');
}

function noSubject(unfound: string): OperatorError {
  return new OperatorError('no-subject', `no address and no domain of ours is known: ${unfound}`, {
    hint: 'name them, such as: postern listed 192.0.2.25 example.org',
    exit: sysexits.usage,
  });
}

function noList(): OperatorError {
  return new OperatorError('no-list', 'listed.lists = ["none"]: no blocklist may be asked', {
    hint: 'remove that setting from postern.toml, or name lists in it',
    exit: sysexits.config,
  });
}

function tooMany(count: number): OperatorError {
  return new OperatorError('no-subject', `${count} addresses and domains, at most ${subjectsMax}`, {
    hint: `name at most ${subjectsMax} in one command`,
    exit: sysexits.usage,
  });
}
