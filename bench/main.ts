/**
 * All benchmarks, and one summary: which goals are reached on this machine. Exit 0 either way,
 * unless --strict.
 *
 *   node bench/main.ts [--only NAME] [--seconds N] [--strict] [--json]
 *
 * `--seconds`: how long the milter is measured, 60 unless said otherwise; the others take a share
 * of that time.
 */
import { availableParallelism, cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { benchFates, fatesTable } from './fates.ts';
import { type Goal, goalLines, machineLoad, met, shown } from './figures.ts';
import { benchInbound } from './inbound.ts';
import { benchInboundPolicy, inboundPolicyTable } from './inbound-policy.ts';
import { benchLogs, logTable } from './logs.ts';
import { benchMilter, milterTable } from './milter.ts';
import { benchPasswords, passwordTable } from './passwords.ts';
import { benchPolicy, policyTable } from './policy.ts';
import { benchReplay, replayTable } from './replay.ts';
import { benchReplies, replyTable } from './replies.ts';
import { benchReturnedMail, returnedMailText } from './returned-mail.ts';
import { benchScan, scanTable } from './scan.ts';
import { benchSendmail, sendmailTable } from './sendmail.ts';
import { benchSigning, signingTable } from './signing.ts';
import { benchSize, sizeTable } from './size.ts';
import { benchStart, startTable } from './start.ts';
import { benchStatistics, statisticsTable } from './statistics.ts';
import { benchTraits, traitTable } from './traits.ts';
import { benchWorlds } from './worlds.ts';

type Ran = { readonly figures: { readonly goals: readonly Goal[] }; readonly text: string };
type Say = (text: string) => void;

/** In this order: the shortest first. */
const benches: Readonly<Record<string, (seconds: number, say: Say) => Promise<Ran>>> = {
  async start(_, say) {
    const figures = await benchStart({ starts: 7, say });
    return { figures, text: startTable(figures) };
  },
  async traits() {
    const figures = benchTraits({ rounds: 9 });
    return { figures, text: traitTable(figures) };
  },
  async policy(_, say) {
    const figures = await benchPolicy({ thousands: 8, rounds: 5, say });
    return { figures, text: policyTable(figures) };
  },
  async replies(_, say) {
    const figures = benchReplies({ replies: 200_000, rounds: 5, say });
    return { figures, text: replyTable(figures) };
  },
  async 'returned-mail'() {
    const figures = await benchReturnedMail({ rounds: 20 });
    return { figures, text: returnedMailText(figures) };
  },
  async sendmail(_, say) {
    const figures = await benchSendmail({ rounds: 60, say });
    return { figures, text: sendmailTable(figures) };
  },
  async replay(seconds, say) {
    const runs = Math.max(3, Math.round(seconds / 12));
    const figures = await benchReplay({ events: 600_000, runs, say });
    return { figures, text: replayTable(figures) };
  },
  async logs(_, say) {
    const figures = await benchLogs({ messages: 200_000, rounds: 5, say });
    return { figures, text: logTable(figures) };
  },
  async fates(_, say) {
    const size = { recipients: 250_000, days: 40, single: false, keep: undefined };
    const figures = await benchFates({ ...size, say });
    return { figures, text: fatesTable(figures) };
  },
  async passwords(seconds, say) {
    const figures = await benchPasswords({ seconds, say });
    return { figures, text: passwordTable(figures) };
  },
  async milter(seconds, say) {
    const figures = await benchMilter({ seconds, rounds: 9, say });
    return { figures, text: milterTable(figures) };
  },
  async 'inbound-policy'(_, say) {
    const size = { entries: 1_000_000, requests: 20_000, connections: 10 };
    const figures = await benchInboundPolicy({ ...size, say });
    return { figures, text: inboundPolicyTable(figures) };
  },
  async inbound(_, say) {
    // A tool outside this project plays the world.
    const tool = process.env['POSTERN_GREYLIST'];
    if (tool === undefined) return { figures: { goals: [] }, text: 'POSTERN_GREYLIST is not set' };
    const one = { seeds: 1, world: undefined, isFirstWeek: false, rspamd: undefined };
    const figures = await benchInbound({ ...one, tool, say });
    return { figures, text: figures.text };
  },
  async worlds(_, say) {
    const figures = await benchWorlds({ worlds: process.env['POSTERN_WORLDS'], say });
    return { figures, text: figures.text };
  },
  async signing(seconds, say) {
    const figures = await benchSigning({ seconds, rounds: 9, say });
    return { figures, text: signingTable(figures) };
  },
  async scan(seconds, say) {
    const figures = await benchScan({ seconds: seconds / 2, rounds: 7, say });
    return { figures, text: scanTable(figures) };
  },
  async statistics(_, say) {
    const figures = await benchStatistics({ messages: 10_000_000, accounts: 50_000, say });
    return { figures, text: statisticsTable(figures) };
  },
  async size(seconds, say) {
    const figures = await benchSize({
      accounts: 100_000,
      recipients: 100,
      say,
      seconds: Math.max(5, Math.round(seconds / 3)),
    });
    return { figures, text: sizeTable(figures) };
  },
};

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    seconds: { type: 'string', default: '60' },
    strict: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
const { only } = values;
const seconds = Number(values.seconds);
if (!(seconds > 0) || (only !== undefined && !(only in benches))) {
  console.error(`bench: --only is one of ${Object.keys(benches).join(', ')}; --seconds above 0`);
  process.exit(64);
}

const say: Say = (text) => process.stderr.write(`${text}\n`);
const ran: Record<string, Ran> = {};
const machine = `${availableParallelism()} processors, ${cpus()[0]?.model ?? 'unknown'}`;
if (!values.json) {
  console.log(`${machine}, Node ${process.versions.node}, load ${shown(machineLoad())}\n`);
}
for (const [name, bench] of Object.entries(benches)) {
  if (only !== undefined && only !== name) continue;
  const one = await bench(seconds, say);
  ran[name] = one;
  if (!values.json) console.log(`${name}\n${one.text}\n`);
}
const goals = Object.values(ran).flatMap(({ figures }) => figures.goals);
const missed = goals.filter((goal) => !met(goal)).length;
if (values.json) {
  const figures = Object.fromEntries(Object.entries(ran).map(([name, one]) => [name, one.figures]));
  console.log(JSON.stringify({ machine, node: process.versions.node, missed, ...figures }));
} else {
  console.log(goalLines(goals));
  console.log(missed === 0 ? '\nAll goals are met.' : `\n${missed} of ${goals.length} missed.`);
}
if (values.strict && missed > 0) process.exitCode = 1;
