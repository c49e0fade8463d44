/** `postern replay --inbound -`: answers questions about recorded inbound mail, one JSON line each. */
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { type InboundReplayOptions, openInboundReplay } from '../../flow/replay/inbound-replay.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { organisationOf } from '../../partners/dns/public-suffix.ts';

export async function replayInbound(
  source: Readable,
  options: Omit<InboundReplayOptions, 'organisationOf'>,
): Promise<void> {
  const replay = openInboundReplay({ ...options, organisationOf });
  let number = 0;
  for await (const line of createInterface({ input: source })) {
    number++;
    if (line.trim() === '') continue;
    const answer = replay.apply(parsed(line, number));
    if (answer !== undefined) process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
}

function parsed(line: string, number: number): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === 'object' && value !== null) return { ...value };
  } catch {
    // Told below.
  }
  throw new OperatorError('replay-line', `standard input, line ${number}: not a JSON object`, {
    exit: sysexits.dataErr,
  });
}
