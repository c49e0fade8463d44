/** `postern spf eval`: evaluates the SPF record of a domain for one client, term by term. */
import { hostname } from 'node:os';
import { type Command, InvalidArgumentError } from 'commander';
import { answeredLater } from '../../formats/dns/question.ts';
import { lookupsMax, spfVoidsMax } from '../../formats/spf/check.ts';
import { evaluateSpf, type SpfAnswer, type SpfResult } from '../../formats/spf/evaluate.ts';
import { parseClientIp } from '../../formats/spf/network.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { secondMs } from '../../lib/time.ts';
import type { Resolver } from '../../ports/world.ts';
import { helpAfter, jsonLine } from '../terminal/help.ts';
import { print, warn } from '../terminal/print.ts';
import { paint, table } from '../terminal/table.ts';
import { configHelp, type DnsSourceOptions, openDnsSource, zoneHelp } from './answer-source.ts';

/** Time for one evaluation: RFC 7208 section 4.6.4 requires at least 20 seconds. */
const evaluationMsMax = 20 * secondMs;

type Options = DnsSourceOptions & {
  readonly ip: string;
  readonly from?: string;
  readonly helo?: string;
  readonly receiver?: string;
  readonly json?: true;
};

export function register(program: Command): void {
  const spf = program
    .command('spf')
    .summary('evaluate SPF for mail from an address')
    .description('SPF (RFC 7208): which addresses may send mail in the name of a domain.');
  spf
    .command('eval')
    .summary('the result for one client, with every term and its cost')
    .description(
      'Evaluates SPF as a receiving server does: the record of the domain in MAIL FROM, or of ' +
        'the name in HELO if the sender is empty. Terms that ask the DNS cost a lookup (at most ' +
        `${lookupsMax} in all records together). Lookups without a result are voids (at most ` +
        `${spfVoidsMax}).`,
    )
    .requiredOption('--ip <address>', "the client's address", ipOption)
    .option('--from <address>', 'the address in MAIL FROM; empty: the null sender')
    .option('--helo <name>', 'the name in HELO or EHLO')
    .option('--receiver <name>', "name of the receiver, for explanations (default: this machine's)")
    .option('--zone <file>', zoneHelp)
    .option('--config <file>', configHelp)
    .option('--json', 'one JSON object: result, explanation, lookups, voids, terms')
    .addHelpText(
      'after',
      helpAfter({
        examples: [
          ['postern spf eval --ip 192.0.2.1 --from joe@example.org --helo mail.example.org', ''],
          ["postern spf eval --ip 192.0.2.1 --from '' --helo mail.example.org", 'a bounce'],
          ['postern spf eval --ip 192.0.2.1 --from joe@example.org --zone new.zone', ''],
        ],
        exits: [
          [0, 'evaluated, with any result'],
          [64, 'no address, or neither --from nor --helo'],
          [65, 'faults in the zone file; prints a line for each'],
          [66, 'the zone file cannot be read'],
          [78, 'the configuration is wrong'],
        ],
        notes:
          'In a zone file, a name with only the record TXT "TIMEOUT" acts like a server that ' +
          'does not\n' +
          'answer. Names that are not in the file do not exist.',
      }),
    )
    .action(async (options: Options, command: Command) => {
      const { from, helo = '', json } = options;
      if ((from ?? '') === '' && helo === '') {
        throw new OperatorError('usage', 'the sender is missing: give --from, --helo, or both', {
          exit: sysexits.usage,
        });
      }
      using dns = openDnsSource(options, (text) => warn(command, text));
      const now = Date.now();
      const question = {
        ip: options.ip,
        sender: (from ?? '').replace(/^<(.*)>$/, '$1'),
        helo,
        receiver: options.receiver ?? hostname(),
        atSeconds: Math.floor(now / secondMs),
      };
      const found = await answeredLater(
        evaluateSpf(question),
        answeredUntil(now + evaluationMsMax, dns.answer),
      );
      print(command, json === true ? spfJson(found) : spfText(found));
    });
}

function ipOption(text: string): string {
  if (parseClientIp(text) === undefined) {
    throw new InvalidArgumentError('Not an IPv4 or IPv6 address.');
  }
  return text;
}

/** Answers until `end`; later questions fail. */
function answeredUntil(end: number, answer: Resolver): Resolver {
  return async (question) =>
    Date.now() < end
      ? answer(question)
      : { kind: 'failure', reason: 'timeout', text: 'the evaluation takes too long' };
}

function spfJson({ result, explanation, lookups, voids, terms, domain, why }: SpfAnswer): string {
  return jsonLine({ result, explanation, lookups, voids, terms, domain, why });
}

function spfText({ result, explanation, lookups, voids, terms, why }: SpfAnswer): string {
  const said = explanation === '' ? '' : `Explanation of the domain: ${explanation}\n`;
  const head = `${paint(colours[result], result)}: ${why}\n${said}`;
  if (terms.length === 0) return head;
  const rows = terms.map((step) => [
    '  '.repeat(step.depth) + step.domain,
    step.term,
    step.result,
    String(step.lookups),
    String(step.voids),
    step.why,
  ]);
  const costs = `${lookups} of ${lookupsMax} lookups, ${voids} of ${spfVoidsMax} voids\n`;
  return `${head}\n${table(columns, rows)}\n${costs}`;
}

const colours: Readonly<Record<SpfResult, 'green' | 'red' | 'yellow'>> = {
  pass: 'green',
  fail: 'red',
  permerror: 'red',
  softfail: 'yellow',
  neutral: 'yellow',
  none: 'yellow',
  temperror: 'yellow',
};

const columns = [
  { title: 'RECORD OF' },
  { title: 'TERM' },
  { title: 'RESULT' },
  { title: 'LOOKUPS', align: 'right' },
  { title: 'VOIDS', align: 'right' },
  { title: 'WHY' },
] as const;
