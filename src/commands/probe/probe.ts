/**
 * `postern probe`: tests a mail server of ours as a stranger would, in at most a minute. Mail is
 * offered up to RCPT; what goes further is broken off, and most servers refuse it as a loop.
 *
 * core/probe decides what to say and judges the answers; partners/smtp speaks.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type Command, InvalidArgumentError } from 'commander';
import type { Config } from '../../config/schema.ts';
import { findingJson, worst } from '../../core/finding.ts';
import { namesCheckName, probeChecks } from '../../core/probe/checks.ts';
import { Dialogue, ProbeStopError } from '../../core/probe/dialogue.ts';
import { judgeNames, namesNotTried, saidNames } from '../../core/probe/names.ts';
import { type ProbeFinding, type ProbeTarget, probeOne } from '../../core/probe/target.ts';
import { answeredLater } from '../../formats/dns/question.ts';
import { parseClientIp } from '../../formats/spf/network.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { type Millis, secondMs } from '../../lib/time.ts';
import { type ProbeConnectionOptions, runProbe } from '../../partners/smtp/probe-connection.ts';
import { loadConfig } from '../config/load-config.ts';
import { installedConfig, usualConfig } from '../config/usual-config.ts';
import { openLiveDns } from '../dns/answers.ts';
import { helpAfter, jsonLine } from '../terminal/help.ts';
import { portOption, several } from '../terminal/options.ts';
import { print } from '../terminal/print.ts';
import { probeText } from './probe-text.ts';
import { probePlace, serverFacts, sourceFor } from './where.ts';

type Options = {
  readonly from?: string;
  readonly host?: string;
  readonly domain?: readonly string[];
  readonly recipient?: string;
  readonly outside: string;
  readonly only?: readonly string[];
  readonly ca?: string;
  readonly smtp: number;
  readonly submission: number;
  readonly submissions: number;
  readonly config?: string;
  readonly configDir?: string;
  readonly json?: true;
};

/** Time for the whole probe. What is not done by then is said. */
const probeMsMax = 60 * secondMs;
/** No server accepts mail for it (RFC 6761 section 6.4). */
const nobodyOutside = 'nobody@postern-probe.invalid';
const checkNames: readonly string[] = [...probeChecks.map(({ name }) => name), namesCheckName];

export function register(program: Command): void {
  program
    .command('probe')
    .summary('your mail server as a stranger sees it')
    .description(
      'Tests a mail server as a stranger on the network would: open relay, unknown recipients, ' +
        'forged senders, size, encryption, logins, SMTP smuggling, names, VRFY. Each fault comes ' +
        'with what was said and how to fix it. Only addresses of this machine and hosts of ' +
        '[probe] are tested, with one connection at a time, in at most a minute. Mail is ' +
        'offered up to RCPT, or broken off.',
    )
    .argument('[server]', 'name or address of the server (default: an address of this machine)')
    .option('--from <address>', 'address of this machine to come from', ipOption)
    .option('--host <name>', 'name that its certificate must have (default: as it calls itself)')
    .option(
      '--domain <name>',
      'a domain of the server; may be repeated (default: Postfix says)',
      several,
    )
    .option(
      '--recipient <address>',
      'a recipient that exists (default: postmaster of the domain)',
      addressOption,
    )
    .option(
      '--outside <address>',
      'a recipient elsewhere, for open relay',
      addressOption,
      nobodyOutside,
    )
    .option('--only <check>', `one check; may be repeated: ${checkNames.join(', ')}`, checkOption)
    .option('--ca <file>', 'PEM file of an authority to trust as well')
    .option('--smtp <port>', 'port of mail from other servers; 0: none', portOption, 25)
    .option('--submission <port>', 'port of logins with STARTTLS; 0: none', portOption, 587)
    .option('--submissions <port>', 'port of logins with TLS; 0: none', portOption, 465)
    .option('--config <file>', `file with [probe] (default: ${installedConfig}, if it is there)`)
    .option('--config-dir <dir>', "Postfix's configuration folder (default: what postconf says)")
    .option('--json', 'one JSON object: server, findings with their transcripts')
    .addHelpText(
      'after',
      helpAfter({
        examples: [
          ['sudo postern probe', 'this machine'],
          ['postern probe mx2.example.org', 'a server in hosts of [probe]'],
          ['postern probe --only tls --only login', ''],
        ],
        exits: [
          [0, 'no failures and no warnings; something may not have been tried'],
          [1, 'a failure or a warning'],
          [64, 'no such option or check'],
          [66, 'the name has no address, or the file of --ca cannot be read'],
          [69, 'no port answers, or no check could be tried'],
          [77, 'the server is not of this machine, and not in hosts of [probe]'],
          [78, 'the configuration is wrong'],
        ],
      }),
    )
    .action(async (server: string | undefined, options: Options, self: Command) => {
      const { config } = loadConfig(options.config ?? usualConfig());
      const target = await targetOf(server, options, config);
      const findings = await probe(target, options, config);
      const { address, source, domains } = target;
      const json = { address, source, domains, findings: findings.map(findingJson) };
      const checks = checksOf(options).size;
      print(self, options.json === true ? jsonLine(json) : probeText(findings, target, checks));
      const bad = worst(findings);
      if (bad === 'fail' || bad === 'warn') process.exitCode = 1;
      else if (findings.every(({ kind }) => kind === 'unknown')) {
        process.exitCode = sysexits.unavailable;
      }
    });
}

/** Probes this machine, for the checklist. Throws OperatorError if no port answers. */
export async function probeMachine(
  config: Config,
  how: {
    readonly configDir: string | undefined;
    /** Domains of the server; undefined: Postfix says. */
    readonly domain: readonly string[] | undefined;
    readonly ports: {
      readonly smtp: number;
      readonly submission: number;
      readonly submissions: number;
    };
    readonly deadline: AbortSignal;
  },
): Promise<readonly ProbeFinding[]> {
  const configDir = how.configDir === undefined ? {} : { configDir: how.configDir };
  const domain = how.domain === undefined ? {} : { domain: how.domain };
  const options = { ...how.ports, ...configDir, ...domain, outside: nobodyOutside };
  const target = await targetOf(undefined, options, config);
  return probe(target, options, config, how.deadline);
}

/** The names of the checks that are run. */
function checksOf({ only = checkNames }: Options): ReadonlySet<string> {
  return new Set(only);
}

async function targetOf(
  server: string | undefined,
  options: Options,
  config: Config,
): Promise<ProbeTarget> {
  const place = await probePlace(server, config);
  const facts = await serverFacts(place, config, options.configDir);
  const domains = options.domain ?? facts.domains;
  const port = (number: number): number | undefined => (number === 0 ? undefined : number);
  return {
    address: place.address,
    ...sourceFor(place.address, facts, options.from),
    host: options.host ?? facts.host,
    domains,
    recipient: options.recipient ?? `postmaster@${domains[0] ?? 'localhost'}`,
    outside: options.outside,
    ports: {
      smtp: port(options.smtp),
      submission: port(options.submission),
      submissions: port(options.submissions),
    },
    mark: randomBytes(5).toString('hex'),
    now: Date.now() as Millis,
  };
}

async function probe(
  target: ProbeTarget,
  options: Options,
  config: Config,
  deadline: AbortSignal = AbortSignal.timeout(probeMsMax),
): Promise<readonly ProbeFinding[]> {
  const checks = checksOf(options);
  const connection: ProbeConnectionOptions = {
    address: target.address,
    source: /^(?:0\.0\.0\.0|::)$/.test(target.source) ? undefined : target.source,
    host: target.host,
    authorities: options.ca === undefined ? [] : [readAuthority(options.ca)],
    deadline,
  };
  await mustAnswer(target, connection);
  const findings: ProbeFinding[] = [];
  for (const check of probeChecks.filter(({ name }) => checks.has(name))) {
    findings.push(...(await runProbe(probeOne(check, target), connection)));
  }
  if (!checks.has(namesCheckName)) return findings;
  return [...findings, ...(await probeNames(target, connection, config))];
}

async function probeNames(
  target: ProbeTarget,
  connection: ProbeConnectionOptions,
  config: Config,
): Promise<readonly ProbeFinding[]> {
  try {
    const said = await runProbe(saidNames(target), connection);
    using dns = openLiveDns(config, 1);
    return await answeredLater(judgeNames(said, target), dns.answer);
  } catch (error) {
    if (!(error instanceof ProbeStopError)) throw error;
    return [namesNotTried(error.message)];
  }
}

/** Throws `probe-no-answer` if nothing listens on any of the ports. */
async function mustAnswer(
  { address, ports }: ProbeTarget,
  connection: ProbeConnectionOptions,
): Promise<void> {
  for (const port of [ports.smtp, ports.submission, ports.submissions]) {
    if (port === undefined) continue;
    const { end } = await runProbe(new Dialogue('').open(port, { greeting: false }), connection);
    if (end === undefined) return;
  }
  throw new OperatorError('probe-no-answer', `no port of ${address} answers`, {
    hint: 'is the mail server running, and does it listen on this address (inet_interfaces)?',
    exit: sysexits.unavailable,
  });
}

function readAuthority(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new OperatorError('probe-ca', `cannot read ${path}`, { cause, exit: sysexits.noInput });
  }
}

function ipOption(text: string): string {
  if (parseClientIp(text) === undefined)
    throw new InvalidArgumentError('It must be an IP address.');
  return text;
}

function addressOption(text: string): string {
  if (!/^[^\s@<>]+@[^\s@<>]+$/.test(text))
    throw new InvalidArgumentError('It must be a mail address.');
  return text;
}

function checkOption(text: string, before: readonly string[] = []): readonly string[] {
  if (checkNames.includes(text)) return [...before, text];
  throw new InvalidArgumentError(`It must be one of: ${checkNames.join(', ')}.`);
}
