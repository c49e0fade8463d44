/** `postern replay --inbound -` answers questions about inbound mail, one JSON line each. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type Stance, stances } from '../../core/inbound/greylist/judgement.ts';
import { usualWait } from '../../core/inbound/usual-wait.ts';
import { openInboundReplay } from '../../flow/replay/inbound-replay.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { organisationOf } from '../../partners/dns/public-suffix.ts';
import { durationOption, optionWithDefault } from '../terminal/options.ts';
import { lineChunks, lineName, openInput } from './input.ts';

export type InboundOptions = {
  readonly inbound?: true;
  readonly stance: Stance;
  readonly wait: number;
  readonly spamScore: number;
};

/** The limit of SpamAssassin as it is shipped. */
const usualSpamScore = 5;

export function addInboundOptions(command: Command): void {
  command
    .option('--inbound', 'answer questions about mail that comes in, one JSON object a line')
    .addOption(
      new Option('--stance <stance>', 'with --inbound: what is done with suspicious mail')
        .choices(stances)
        .default('wait'),
    )
    .addOption(
      optionWithDefault(
        '--wait <duration>',
        'with --inbound: how long it waits; 0s: not at all',
        durationOption,
        usualWait,
      ),
    )
    .addOption(
      new Option('--spam-score <points>', "with --inbound: the content filter's limit for spam")
        .argParser(pointsOption)
        .default(usualSpamScore),
    );
}

function pointsOption(text: string): number {
  const points = Number(text);
  if (Number.isFinite(points) && points > 0) return points;
  throw new InvalidArgumentError('It must be a number above 0.');
}

export async function replayInbound(
  file: string,
  { stance, wait, spamScore }: InboundOptions,
  readTime: (text: string) => number,
): Promise<void> {
  const replay = openInboundReplay({ stance, waitMs: wait, spamScore, organisationOf, readTime });
  const { source } = await openInput(file);
  let number = 0;
  for await (const lines of lineChunks(source, file)) {
    for (const line of lines) {
      number++;
      if (line.trim() === '') continue;
      const answer = replay.apply(parsed(line, lineName(file, number)));
      if (answer !== undefined) process.stdout.write(`${JSON.stringify(answer)}\n`);
    }
  }
}

function parsed(line: string, place: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === 'object' && value !== null) return { ...value };
  } catch {
    // Told below.
  }
  throw new OperatorError('replay-line', `${place}: not a JSON object`, {
    exit: sysexits.dataErr,
  });
}
