/**
 * `postern dns check`: finds faults in the mail records of domains, as published or as they would
 * be with the records of a zone file.
 */
import type { Command } from 'commander';
import type { Config } from '../../config/schema.ts';
import { type Finding, findingJson, worst } from '../../core/finding.ts';
import { type Aspect, nothing } from '../../core/identity/aspect.ts';
import { examine } from '../../core/identity/examine.ts';
import { requirements } from '../../core/identity/requirements.ts';
import { answeredLater } from '../../formats/dns/question.ts';
import { openAuthorities } from '../../partners/dns/authority.ts';
import { negativeSeconds } from '../../partners/dns/negative-seconds.ts';
import { loadConfig } from '../config/load-config.ts';
import { usualConfig } from '../config/usual-config.ts';
import { helpAfter, jsonLine } from '../terminal/help.ts';
import { print, warn } from '../terminal/print.ts';
import { configHelp } from './answer-source.ts';
import { fetched, labelBeside, openLiveDns, overlaid } from './answers.ts';
import { checkText, type DnsCheck } from './check-text.ts';
import { type IdentityOptions, identityOptions, knownDomains } from './identity.ts';
import { type LongAnswer, longAnswers } from './zone/long-answers.ts';
import { readZoneFile } from './zone/zone-file.ts';

type Options = IdentityOptions & {
  readonly zone?: string;
  readonly askMx?: true;
  readonly config?: string;
  readonly json?: true;
};

export function registerCheck(dns: Command): void {
  const command = dns
    .command('check')
    .summary('check the mail records of domains, and say how to fix faults')
    .description(
      'Checks SPF (its syntax, its DNS lookups, which senders pass), DKIM keys, DMARC, MX, the ' +
        'names and reverse names of the server, MTA-STS, TLS-RPT and TLSA, and the requirements ' +
        'of Gmail, Yahoo and Microsoft. If a name server does not answer, the state is unknown, ' +
        'never a fault.',
    )
    .argument('[domain...]', 'domains (default: all that this server is known to send for)')
    .option(
      '--zone <file>',
      'check as if this zone file (BIND, or data of tinydns) were published: names in the file ' +
        'answer from it, all others ' +
        'as before; -: standard input',
    );
  identityOptions(command)
    .option('--ask-mx', 'ask the mail servers for their certificates, for TLSA (port 25)')
    .option('--config <file>', configHelp)
    .option('--json', 'one JSON object: findings and requirements by domain')
    .addHelpText(
      'after',
      helpAfter({
        examples: [
          ['postern dns check', 'every domain that this server is known to send for'],
          ['postern dns check example.org --ip 192.0.2.25 --host mail.example.org', ''],
          ['postern dns check example.org --zone new.zone', 'before it is published'],
        ],
        exits: [
          [0, 'no failures and no warnings; something may be unknown'],
          [1, 'a failure or a warning'],
          [64, 'no such option, or no domain'],
          [65, 'faults in the zone file; prints a line for each'],
        ],
      }),
    )
    .action(async (domains: readonly string[], options: Options, self: Command) => {
      const { config } = loadConfig(options.config ?? usualConfig());
      const warning = (text: string): void => warn(self, text);
      const checked = await checkDomains(domains, options, { config, warn: warning });
      print(self, options.json === true ? jsonLine(checkedJson(checked)) : checkText(checked));
      const findings = [
        ...(checked.server?.findings ?? []),
        ...checked.domains.flatMap((one) => one.findings),
      ];
      const bad = worst(findings);
      if (bad === 'fail' || bad === 'warn') process.exitCode = 1;
    });
}

/** As `--json` prints it: each finding also has its field of version 0.1. */
function checkedJson({ server, domains, ...rest }: DnsCheck): unknown {
  return {
    server: server && { ...server, findings: server.findings.map(findingJson) },
    ...rest,
    domains: domains.map((one) => ({ ...one, findings: one.findings.map(findingJson) })),
  };
}

type CheckContext = { readonly config: Config; warn(text: string): void };

async function checkDomains(
  domains: readonly string[],
  options: Options,
  { config, warn }: CheckContext,
): Promise<DnsCheck> {
  const known = await knownDomains(domains, options, { config, warn });
  const names = known.identities.map(({ domain }) => domain);
  using live = openLiveDns(config, names.length);
  const { zone } = options;
  const beside = labelBeside();
  const origin = names.length === 1 ? names[0] : undefined;
  const answer =
    zone === undefined
      ? live.answer
      : overlaid(live.answer, readZoneFile(zone, { warn, origin }).records);
  const fetching = { answer, askMx: options.askMx === true, network: true };
  const identities = await Promise.all(known.identities.map((one) => fetched(one, fetching)));
  const found = await answeredLater(examine(known.server, identities, beside), answer);
  const authorities = openAuthorities({ resolve: live.answer, port: config.dns.authority_port });
  const aspects = [found.server?.aspect ?? nothing, ...found.domains.map(({ aspect }) => aspect)];
  const long = await longAnswers(
    aspects.flatMap(({ steps }) => steps),
    authorities,
  );
  const server = found.server && {
    host: found.server.host,
    findings: withLong(found.server.aspect, long),
  };
  const remembered = await Promise.all(
    found.domains.map(({ domain, aspect: { steps } }) =>
      zone === undefined && steps.some(({ state }) => state === 'missing')
        ? negativeSeconds(domain, answer)
        : undefined,
    ),
  );
  return {
    server,
    others: known.others,
    domains: found.domains.map(({ domain, aspect }, nth) => {
      const findings = withLong(aspect, long);
      const missingSeconds = remembered[nth];
      const { sends = true, bulk = false } = identities[nth] ?? {};
      const all = [...findings, ...(server?.findings ?? [])];
      const rows = sends ? requirements(all, { bulk }) : [];
      return { domain, findings, bulk, requirements: rows, missingSeconds };
    }),
  };
}

/** The findings, with the true reason of those that are unknown because an answer is too long. */
function withLong({ findings }: Aspect, long: readonly LongAnswer[]): readonly Finding[] {
  return findings.map((finding) => {
    const cause = long.find(({ step }) => step.id === finding.id);
    if (cause === undefined || finding.kind !== 'unknown') return finding;
    return { ...finding, found: cause.found, wanted: 'an answer that fits', fix: cause.fix };
  });
}
