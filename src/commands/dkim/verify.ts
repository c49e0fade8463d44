/** `postern dkim verify FILE`: verifies the signatures of a message, each with a reason. */
import type { Command } from 'commander';
import {
  askLeftOvers,
  type DomainKeysRemnant,
  domainKeyField,
} from '../../formats/dkim/domain-keys.ts';
import { keyRecordName } from '../../formats/dkim/key-lookup.ts';
import { type DkimResult, type DkimResultKind, openVerifier } from '../../formats/dkim/verify.ts';
import { answeredLater } from '../../formats/dns/question.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import {
  configHelp,
  type DnsSourceOptions,
  openDnsSource,
  zoneHelp,
} from '../dns/answer-source.ts';
import { plain } from '../terminal/format.ts';
import { helpAfter, jsonLine } from '../terminal/help.ts';
import { readMessageFile } from '../terminal/message-file.ts';
import { print, warn } from '../terminal/print.ts';
import { paint, table } from '../terminal/table.ts';

type Options = DnsSourceOptions & { readonly json?: true };

export function registerVerify(dkim: Command): void {
  dkim
    .command('verify')
    .summary('verify the signatures of a message')
    .description(
      'Verifies each DKIM signature of a message as a receiving server does, and says why it ' +
        'is valid or not: what was changed, what is wrong with the key or with the signature ' +
        'itself. Also names left-over records of DomainKeys, the predecessor of DKIM.',
    )
    .argument('<file>', 'the message; -: standard input. Lines may end with LF')
    .option('--zone <file>', zoneHelp)
    .option('--config <file>', configHelp)
    .option('--json', 'one JSON object: results and leftOvers')
    .addHelpText(
      'after',
      helpAfter({
        examples: [
          ['postern dkim verify received.eml', ''],
          [
            'postern dkim verify received.eml --zone new.zone',
            'with a key that is not published yet',
          ],
        ],
        exits: [
          [0, 'at least one signature is valid'],
          [1, 'no signature is valid'],
          [65, 'the file is no message, or the zone file has a fault'],
          [66, 'a file cannot be read'],
          [78, 'the configuration is wrong'],
        ],
        notes:
          'Use the message as it was received, with all its fields. A mail program may change a ' +
          'message\n' +
          'before it saves it.',
      }),
    )
    .action(async (file: string, options: Options, command: Command) => {
      if (file === '-' && options.zone === '-') {
        throw new OperatorError('usage', 'message and zone cannot both be on standard input', {
          exit: sysexits.usage,
        });
      }
      const verifier = openVerifier();
      const leftOvers: DomainKeysRemnant[] = [];
      await readMessageFile(file, {
        header(name, value) {
          const found = domainKeyField(name, value);
          if (found !== undefined && leftOvers.length < leftOversMax) leftOvers.push(found);
          verifier.header(name, value);
        },
        body: (bytes, start, end) => verifier.body(bytes, start, end),
      });
      using dns = openDnsSource(options, (text) => warn(command, text));
      const results = await answeredLater(verifier.finish(Date.now()), dns.answer);
      for (const domain of new Set(results.map(({ domain }) => domain))) {
        if (keyRecordName('x', domain) === undefined) continue;
        leftOvers.push(...(await answeredLater(askLeftOvers(domain), dns.answer)));
      }
      print(
        command,
        options.json === true ? jsonLine({ results, leftOvers }) : text(results, leftOvers),
      );
      if (!results.some(({ result }) => result === 'pass')) {
        throw new OperatorError('not-verified', 'no signature is valid', { exit: 1 });
      }
    });
}

/** Left-overs that are shown; more would not say more. */
const leftOversMax = 3;

function text(results: readonly DkimResult[], leftOvers: readonly DomainKeysRemnant[]): string {
  const rows = results.map(({ result, domain, selector, algorithm, bits, text: why }) => [
    paint(colours[result], result),
    plain(domain),
    plain(selector),
    plain(algorithm),
    bits === 0 ? '' : String(bits),
    plain(why),
  ]);
  const notes = leftOvers.map(({ at, found, text: what }) => `\n${at}: ${found}\n${plain(what)}\n`);
  return table(columns, rows) + notes.join('');
}

const colours: Readonly<Record<DkimResultKind, 'green' | 'red' | 'yellow'>> = {
  pass: 'green',
  fail: 'red',
  permerror: 'red',
  policy: 'red',
  neutral: 'yellow',
  none: 'yellow',
  temperror: 'yellow',
};

const columns = [
  { title: 'RESULT' },
  { title: 'DOMAIN' },
  { title: 'SELECTOR' },
  { title: 'ALGORITHM' },
  { title: 'BITS', align: 'right' },
  { title: 'WHY' },
] as const;
