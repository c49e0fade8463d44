/** `postern find`: which messages there were, and what became of them. */
import type { Command } from 'commander';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import type { Millis } from '../../lib/time.ts';
import type { FindAsk } from '../../ports/asking.ts';
import { type InboundRow, type InboundState, inboundStates } from '../../ports/inbound/inbound.ts';
import { type GuardReads, openReads } from '../guard/reads.ts';
import { inboundFoundText } from '../inbound/inbound-text.ts';
import { exitCodes, helpAfter, jsonLine, stateHelp } from '../terminal/help.ts';
import { listLimitOption, pastOption } from '../terminal/options.ts';
import { print, warn } from '../terminal/print.ts';
import { findText } from './find-text.ts';

type Options = {
  readonly to?: string;
  readonly from?: string;
  readonly subject?: string;
  readonly messageId?: string;
  readonly id?: string;
  readonly client?: string;
  readonly script?: string;
  readonly account?: string;
  readonly since?: number;
  readonly until?: number;
  readonly limit: number;
  readonly state?: string;
  readonly json?: true;
};

export function register(program: Command): void {
  program
    .command('find')
    .summary('find messages, and what became of them')
    .description(
      'Finds messages that passed, were held or refused, and says what became of each. What you ' +
        'type without an option is taken for what it looks like: an address (recipient, sender ' +
        'or account), a queue id, a Message-ID in brackets, a client address, a script, an ' +
        'account or words of the subject. All options that you give must match.',
    )
    .argument('[what]', 'anything you remember about the message')
    .option('--to <address>', 'a recipient')
    .option('--from <address>', 'the envelope sender')
    .option('--subject <words>', 'words of the subject')
    .option('--message-id <id>', 'the Message-ID, with or without brackets')
    .option('--id <id>', 'the queue id')
    .option('--client <ip>', 'address of the client that handed the message over')
    .option('--script <path>', 'the script that sent it')
    .option('--account <name>', 'the account that sent it')
    .option('--since <when>', '2h, 3d, a date (UTC), or an RFC 3339 time', pastOption)
    .option('--until <when>', 'likewise', pastOption)
    .option('--limit <n>', 'show at most N messages', listLimitOption, 50)
    .option('--state <dir>', stateHelp)
    .option('--json', 'one JSON object: found, more, guessed, remarks, incoming')
    .addHelpText(
      'after',
      helpAfter({
        examples: [
          ['postern find anna@example.org', 'mail to or from this address'],
          ['postern find 4bXm2R7hQzz2', 'by queue id'],
          ['postern find --subject parcel --since 2d', ''],
          ['postern find --account joe@example.org --to anna@example.net', ''],
        ],
        exits: [[0, 'found'], [1, 'nothing was found'], exitCodes.nothingToRead],
        notes:
          'Postern keeps what became of messages for some days (messages.keep), and addresses\n' +
          'and subjects in clear text for messages.keep_clear. Recipients are found without\n' +
          'clear text too; subjects are not. If the guard is not running, the command reads its\n' +
          'files instead.',
      }),
    )
    .action(async (what: string | undefined, options: Options, command: Command) => {
      const asked = askedFor(what, options);
      using reads = await openReads(options.state, (text) => warn(command, text));
      const answer = await reads.find(asked);
      const incoming = await incomingFor(reads, asked);
      const text = findText(answer) + inboundFoundText(incoming);
      print(command, options.json === true ? jsonLine({ ...answer, incoming }) : text);
      if (answer.found.length + incoming.length === 0) {
        const isPuttingOff = (await reads.inboundStatus())?.stance === 'defer';
        const hint = 'mail that came in and was put off: postern inbound at-risk --all';
        throw new OperatorError('nothing-found', 'no message was found', {
          ...(isPuttingOff ? { hint } : {}),
          exit: 1,
        });
      }
    });
}

/** States in which mail that came in did not take its usual way. */
const unusual: ReadonlySet<InboundState> = new Set(
  inboundStates.filter((state) => !state.startsWith('observed')),
);

/** Mail that came in and waited, is in quarantine, or was deleted: no mail log says so. */
async function incomingFor(reads: GuardReads, asked: FindAsk): Promise<readonly InboundRow[]> {
  const { account, limit, messageId, script, since, until } = asked;
  const about = asked.text ?? asked.recipient ?? asked.sender ?? asked.subject ?? asked.client;
  const sought = about ?? asked.queueId;
  if (sought === undefined || (account ?? messageId ?? script) !== undefined) return [];
  const rows = await reads.inbound({
    about: sought,
    limit,
    ...(since === undefined ? {} : { since }),
  });
  const has = (text: string, part = ''): boolean => text.toLowerCase().includes(part.toLowerCase());
  return rows.filter(
    (row) =>
      unusual.has(row.state) &&
      row.at <= (until ?? row.at) &&
      has(row.recipients.join('\n'), asked.recipient) &&
      has(row.sender, asked.sender) &&
      has(row.subject, asked.subject) &&
      has(row.client, asked.client),
  );
}

function askedFor(what: string | undefined, options: Options): FindAsk {
  const { limit, messageId, since, until } = options;
  const fields = {
    text: what,
    recipient: options.to,
    sender: options.from,
    subject: options.subject,
    messageId: messageId?.replace(/^<(.*)>$/, '$1'),
    queueId: options.id,
    client: options.client,
    script: options.script,
    account: options.account,
  };
  const given = Object.entries(fields).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && entry[1].trim() !== '',
  );
  if (given.length === 0 && since === undefined && until === undefined) {
    throw new OperatorError('usage', 'say what to find: an address, a queue id, or an option', {
      hint: 'postern find --help has examples',
      exit: sysexits.usage,
    });
  }
  return {
    ...Object.fromEntries(given),
    limit,
    ...(since === undefined ? {} : { since: since as Millis }),
    ...(until === undefined ? {} : { until: until as Millis }),
  };
}
