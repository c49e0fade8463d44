/**
 * `postern dns watch`: shows when all name servers have the records of the plan. It asks each
 * authoritative name server directly, so that no resolver caches that a record was missing.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import type { Config } from '../../config/schema.ts';
import type { Step } from '../../core/identity/aspect.ts';
import { examine } from '../../core/identity/examine.ts';
import { answeredLater, type DnsAnswer, type DnsQuestion } from '../../formats/dns/question.ts';
import { type AuthorityAnswer, openAuthorities } from '../../partners/dns/authority.ts';
import { negativeSeconds } from '../../partners/dns/negative-seconds.ts';
import { loadConfig } from '../config/load-config.ts';
import { usualConfig } from '../config/usual-config.ts';
import { many, plain } from '../terminal/format.ts';
import { helpAfter, jsonLine } from '../terminal/help.ts';
import { durationOption, optionWithDefault } from '../terminal/options.ts';
import { print, warn } from '../terminal/print.ts';
import { paint } from '../terminal/table.ts';
import { configHelp } from './answer-source.ts';
import { fetched, labelBeside, openLiveDns } from './answers.ts';
import {
  type IdentityOptions,
  identityOptions,
  type KnownDomains,
  knownDomains,
} from './identity.ts';
import { negativeText } from './zone/negative-cache.ts';

type Options = IdentityOptions & {
  readonly untilSeen?: true;
  readonly timeout: number;
  readonly interval: number;
  readonly config?: string;
  readonly json?: true;
};

/** Whether one name server shows the records of one step. */
type RecordSighting = {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly server: string;
  readonly seen: boolean;
  /** If not seen: what is wrong. */
  readonly text: string;
};

type Round = {
  readonly sights: readonly RecordSighting[];
  /** How long resolvers may remember that a record was missing; 0 if that is not known. */
  readonly seconds: number;
};

/** Name servers that are asked, at most; each costs another round of all questions. */
const viewsMax = 16;

export function registerWatch(dns: Command): void {
  const command = dns
    .command('watch')
    .summary('watch when all name servers show the records of the plan')
    .description(
      'Asks every authoritative name server of the domains for each record of the plan, and ' +
        'says which of them show it. No resolver is asked for these names, so that none caches ' +
        'that a record was missing.',
    )
    .argument('[domain...]', 'domains (default: all that this server is known to send for)')
    .option('--until-seen', 'repeat until all name servers show all records')
    .addOption(
      optionWithDefault('--timeout <duration>', 'give up after this time', durationOption, '10m'),
    )
    .addOption(
      optionWithDefault('--interval <duration>', 'time between two rounds', durationOption, '15s'),
    );
  identityOptions(command)
    .option('--config <file>', configHelp)
    .option('--json', 'one JSON object at the end: what each server showed last')
    .addHelpText(
      'after',
      helpAfter({
        examples: [
          ['postern dns watch example.org', 'one round'],
          ['postern dns watch example.org --until-seen --timeout 1h && echo published', ''],
        ],
        exits: [
          [0, 'every name server shows all records'],
          [1, 'a name server lacks a record or does not answer'],
        ],
      }),
    )
    .action(async (domains: readonly string[], options: Options, self: Command) => {
      const { config } = loadConfig(options.config ?? usualConfig());
      const known = await knownDomains(domains, options, {
        config,
        warn: (text) => warn(self, text),
      });
      const say = (text: string): void => {
        if (options.json !== true) print(self, text);
      };
      const { sights, seconds } = await watch(known, options, { config, say });
      const open = sights.filter(({ seen }) => !seen);
      if (options.json === true) print(self, jsonLine({ seen: open.length === 0, sights }));
      else say(conclusion(sights, seconds));
      if (open.length > 0) process.exitCode = 1;
    });
}

type WatchContext = { readonly config: Config; say(text: string): void };

async function watch(
  known: KnownDomains,
  { untilSeen, timeout, interval }: Options,
  { config, say }: WatchContext,
): Promise<Round> {
  const end = Date.now() + timeout;
  const before = new Map<string, string>();
  for (;;) {
    const round = await lookOnce(known, config);
    const { sights } = round;
    for (const sight of sights) {
      const key = `${sight.server} ${sight.type} ${sight.name} ${sight.id}`;
      const line = sightText(sight);
      if (before.get(key) !== line) say(`${new Date().toISOString().slice(11, 19)}Z  ${line}\n`);
      before.set(key, line);
    }
    const done = sights.every(({ seen }) => seen);
    if (done || untilSeen !== true || Date.now() + interval > end) return round;
    await sleep(interval);
  }
}

/**
 * One round: the plan by the answers of each name server of a zone. A server shows the records of a
 * step if its answers leave nothing to do.
 */
async function lookOnce(known: KnownDomains, config: Config): Promise<Round> {
  using live = openLiveDns(config, known.identities.length);
  const ask = openAuthorities({ resolve: live.answer, port: config.dns.authority_port });
  const asked = new Map<string, Promise<readonly AuthorityAnswer[]>>();
  const answers = (question: DnsQuestion): Promise<readonly AuthorityAnswer[]> => {
    const key = `${question.type} ${question.name.toLowerCase()}`;
    const running = asked.get(key) ?? ask(question);
    asked.set(key, running);
    return running;
  };
  const nth = async (question: DnsQuestion, view: number): Promise<DnsAnswer> =>
    pick(await answers(question), view)?.answer ?? unreachable;
  const first = {
    answer: (question: DnsQuestion) => nth(question, 0),
    askMx: false,
    network: true,
  };
  const identities = await Promise.all(known.identities.map((one) => fetched(one, first)));
  const sights = new Map<string, RecordSighting>();
  const beside = labelBeside();
  for (let view = 0, views = 1; view < Math.min(views, viewsMax); view++) {
    const found = await answeredLater(examine(known.server, identities, beside), (question) =>
      nth(question, view),
    );
    const aspects = [found.server?.aspect, ...found.domains.map(({ aspect }) => aspect)];
    for (const step of aspects.flatMap((one) => one?.steps ?? [])) {
      const told = await answers({ name: step.name, type: step.type });
      views = Math.max(views, told.length);
      const sight = sightOf(step, pick(told, view));
      sights.set(`${sight.id} ${sight.name} ${sight.server}`, sight);
    }
  }
  const ownAnswer = (question: DnsQuestion): Promise<DnsAnswer> => nth(question, 0);
  const times = await Promise.all(
    known.identities.map(({ domain }) => negativeSeconds(domain, ownAnswer)),
  );
  const seconds = times.reduce<number>((most, one) => Math.max(most, one ?? 0), 0);
  return { sights: [...sights.values()], seconds };
}

const unreachable: DnsAnswer = {
  kind: 'failure',
  reason: 'unreachable',
  text: 'no name server answers',
};

function pick(told: readonly AuthorityAnswer[], view: number): AuthorityAnswer | undefined {
  return told[Math.min(view, told.length - 1)];
}

function sightOf(
  { id, name, type, state, why }: Step,
  told: AuthorityAnswer | undefined,
): RecordSighting {
  const server = told === undefined || told.server === '' ? 'no name server' : told.server;
  const where = told === undefined || told.address === '' ? '' : ` (${told.address})`;
  return {
    id,
    name,
    type,
    server: `${server}${where}`,
    seen: state === 'have',
    text: state === 'have' ? '' : `${state}: ${why}`,
  };
}

function sightText({ name, type, server, seen, text }: RecordSighting): string {
  const mark = seen ? paint('green', 'seen   ') : paint('yellow', 'not yet');
  return `${mark}  ${type} ${plain(name)} on ${plain(server)}${seen ? '' : `: ${plain(text)}`}`;
}

function conclusion(sights: readonly RecordSighting[], seconds: number): string {
  const open = new Set(
    sights.filter(({ seen }) => !seen).map(({ type, name }) => `${type} ${name}`),
  );
  if (open.size === 0) {
    const time = negativeText(seconds);
    const late =
      seconds === 0
        ? ''
        : `Resolvers, which postern dns check asks, may remember for up to ${time} that a ` +
          'record was missing.\n';
    return `Every name server shows all records of the plan.\n${late}`;
  }
  return `${many(open.size, 'record')} not seen on every name server: ${[...open].join(', ')}\n`;
}
