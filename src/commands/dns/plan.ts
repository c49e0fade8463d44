/**
 * `postern dns plan`: prints the records to publish for domains, merged with those that are
 * published, in the syntax of the name server.
 */
import type { Command } from 'commander';
import { Option } from 'commander';
import type { Config } from '../../config/schema.ts';
import { examine } from '../../core/identity/examine.ts';
import { answeredLater } from '../../formats/dns/question.ts';
import { secondMs } from '../../lib/time.ts';
import { openAuthorities } from '../../partners/dns/authority.ts';
import { updatableZones } from '../../partners/dns/zone-updates.ts';
import { loadConfig } from '../config/load-config.ts';
import { usualConfig } from '../config/usual-config.ts';
import { helpAfter, jsonLine } from '../terminal/help.ts';
import { durationOption } from '../terminal/options.ts';
import { print, printExactly, warn } from '../terminal/print.ts';
import { configHelp } from './answer-source.ts';
import { fetched, fromZones, labelBeside, openLiveDns } from './answers.ts';
import { type IdentityOptions, identityOptions, knownDomains } from './identity.ts';
import { type DnsPlan, type PlanFormat, planFormats, planText } from './plan-text.ts';
import { sendPlan } from './update.ts';
import { longAnswers } from './zone/long-answers.ts';
import { planSteps } from './zone/plan-steps.ts';
import { readZoneFile } from './zone/zone-file.ts';

type Options = IdentityOptions & {
  readonly format?: PlanFormat | 'json';
  readonly json?: true;
  readonly onlyChanges?: true;
  readonly zone?: string;
  readonly askMx?: true;
  readonly config?: string;
  readonly update?: true;
  readonly yes?: true;
};

export function registerPlan(dns: Command): void {
  const command = dns
    .command('plan')
    .summary('print the records to publish, for BIND, tinydns or a control panel')
    .description(
      'Compares the published records with those that are needed, and prints each record with ' +
        'its state (have: right as it is; wrong: to be changed; missing: to be added) and the ' +
        'reason. It keeps what is right: an SPF record is extended, a DMARC record keeps its ' +
        'tags.',
    )
    .argument('[domain...]', 'domains (default: all that this server is known to send for)')
    .addOption(
      new Option(
        '--format <format>',
        'bind: zone file; tinydns: data file; web: names, types, values',
      )
        .choices([...planFormats, 'json'])
        .default(undefined, 'bind; with --zone as that file'),
    )
    .option('--only-changes', 'leave out records that are right')
    .option(
      '--zone <file>',
      'zone file (BIND, or data of tinydns) that answers for the domains instead of the DNS; ' +
        '-: standard input',
    );
  identityOptions(command)
    .option('--ask-mx', 'ask the mail servers (port 25) for their certificates, for TLSA')
    .option(
      '--update',
      'show the changes, then make them by RFC 2136 in the zones of [[dns.updates]]',
    )
    .option('--yes', 'with --update: do not ask; this is also what happens without a terminal')
    .option('--config <file>', configHelp)
    .option('--json', 'as --format json')
    .addHelpText(
      'after',
      helpAfter({
        examples: [
          ['postern dns plan example.org', 'a zone file with comments'],
          ['postern dns plan example.org --format tinydns --only-changes', 'lines for data'],
          ['postern dns plan example.org --format web --ip 192.0.2.25 --host mail.example.org', ''],
          ['postern dns plan parked.example --never-sends', 'a domain without mail'],
        ],
        exits: [
          [0, 'the plan was made; with --update also the changes'],
          [64, 'no such option, or no domain'],
          [65, 'faults in the zone file; prints a line for each'],
          [69, 'a name server did not make the changes'],
          [75, 'the changes are made, and a name server does not show them yet'],
        ],
      }),
    )
    .action(async (domains: readonly string[], options: Options, self: Command) => {
      const { config } = loadConfig(options.config ?? usualConfig());
      const plan = await makePlan(domains, options, { config, warn: (text) => warn(self, text) });
      const json = options.json === true || options.format === 'json';
      if (options.format === 'json' || json) print(self, jsonLine(planJson(plan)));
      else {
        const format = options.format ?? plan.zone?.format ?? 'bind';
        const onlyChanges = options.onlyChanges === true;
        printExactly(
          self,
          planText(plan, { format, onlyChanges, isSent: options.update === true }),
        );
      }
      if (options.update !== true) return;
      await sendPlan(plan, config, {
        yes: options.yes === true || json,
        say: (text) => (json ? undefined : print(self, text)),
      });
    });
}

/** Name servers that are slower are not waited for: what they say is no more than useful. */
const authorityTryMs = secondMs;

type PlanContext = { readonly config: Config; warn(text: string): void };

async function makePlan(
  domains: readonly string[],
  options: Options,
  { config, warn }: PlanContext,
): Promise<DnsPlan> {
  const known = await knownDomains(domains, options, { config, warn });
  const names = known.identities.map(({ domain }) => domain);
  const beside = labelBeside();
  using live = openLiveDns(config, names.length);
  const origin = names.length === 1 ? names[0] : undefined;
  const otherwise = options.format === 'tinydns' ? 'tinydns' : 'bind';
  const zone =
    options.zone === undefined
      ? undefined
      : readZoneFile(options.zone, { warn, origin, otherwise });
  const answer =
    zone === undefined
      ? live.answer
      : fromZones(live.answer, zone.records, { zones: names, beside });
  const fetching = { answer, askMx: options.askMx === true, network: zone === undefined };
  const identities = await Promise.all(known.identities.map((one) => fetched(one, fetching)));
  const found = await answeredLater(examine(known.server, identities, beside), answer);
  const aspects = [found.server?.aspect, ...found.domains.map(({ aspect }) => aspect)];
  const port = config.dns.authority_port;
  const authorities =
    zone === undefined
      ? openAuthorities({ resolve: live.answer, port, tryMs: authorityTryMs })
      : undefined;
  const all = aspects.flatMap((one) => one?.steps ?? []);
  const long = authorities === undefined ? [] : await longAnswers(all, authorities);
  const steps = await planSteps(
    all.map((step) => {
      const cause = long.find((one) => one.step === step);
      return cause === undefined ? step : { ...step, why: `${cause.found}; ${cause.fix}` };
    }),
    {
      answer,
      authorities,
      ttlSeconds: Math.round(durationOption(config.dns.ttl) / secondMs),
    },
  );
  const files = aspects.flatMap((one) => one?.files ?? []);
  const updatable = updatableZones(config.dns.updates).map((one) => one.zone);
  const selectors = options.selector ?? [];
  return { domains: names, steps, files, zone, updatable, selectors };
}

function planJson({ domains, steps, files }: DnsPlan): unknown {
  return { domains, steps: steps.map(({ isTtlKnown: _, others: __, ...step }) => step), files };
}
