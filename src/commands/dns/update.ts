/**
 * Sends the changes of a plan to the name servers of [[dns.updates]] (RFC 2136), after the operator
 * has agreed.
 */
import { stdin, stdout } from 'node:process';
import { createInterface } from 'node:readline/promises';
import type { Config } from '../../config/schema.ts';
import type { Step } from '../../core/identity/aspect.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { openNsupdate } from '../../partners/dns/nsupdate.ts';
import { many } from '../terminal/format.ts';
import type { DnsPlan } from './plan-text.ts';

type Update = Config['dns']['updates'][number];
type Batch = { readonly zone: string; readonly update: Update; readonly steps: readonly Step[] };
export type SendOptions = { readonly yes: boolean; say(text: string): unknown };

export async function sendPlan(
  plan: DnsPlan,
  { dns }: Config,
  { yes, say }: SendOptions,
): Promise<void> {
  const changing = plan.steps.filter(({ add, remove }) => add.length + remove.length > 0);
  const batches = batchesOf(changing, dns.updates);
  const sent = batches.flatMap(({ steps }) => steps);
  const left = changing.filter((step) => !sent.includes(step));
  if (batches.length === 0) {
    say(
      changing.length === 0
        ? ''
        : 'No zone of [[dns.updates]] contains these records: publish them yourself.\n',
    );
    return;
  }
  const zones = batches.map(({ zone, update }) => `${zone} on ${update.server}`).join(', ');
  await mayGoOn(`Send ${many(sent.length, 'change')} to ${zones}? [y/N] `, yes);
  const faults: string[] = [];
  for (const { zone, update, steps } of batches) {
    const send = openNsupdate({ server: update.server, keyFile: update.key_file });
    const remove = steps.flatMap((step) => step.remove);
    const add = steps.flatMap((step) => step.add);
    const done = await send({ zone, remove, add });
    if (done.ok) say(`${zone}: changed on ${update.server}\n`);
    else faults.push(done.error);
  }
  if (left.length > 0)
    say(`${many(left.length, 'change')} left for you: their zones are not in [[dns.updates]]\n`);
  if (faults.length === 0) return;
  throw new OperatorError('not-updated', `not all records were changed: ${faults.join('; ')}`, {
    hint: 'publish the records above yourself, or run the command again',
    exit: sysexits.unavailable,
  });
}

/** The steps by zone; each belongs to the longest zone that contains its name. */
function batchesOf(steps: readonly Step[], updates: readonly Update[]): readonly Batch[] {
  const zones = updates
    .flatMap((update) =>
      update.zones.map((zone) => ({ zone: zone.toLowerCase().replace(/\.$/, ''), update })),
    )
    .sort((one, other) => other.zone.length - one.zone.length);
  const holds = (zone: string, { name }: Step): boolean =>
    name === zone || name.endsWith(`.${zone}`);
  const batches = zones.map(({ zone, update }) => ({
    zone,
    update,
    steps: steps.filter((step) => zones.find((one) => holds(one.zone, step))?.zone === zone),
  }));
  return batches.filter((batch) => batch.steps.length > 0);
}

async function mayGoOn(question: string, yes: boolean): Promise<void> {
  // Without a terminal, a script has called this on purpose.
  if (yes || !stdin.isTTY || !stdout.isTTY) return;
  const terminal = createInterface({ input: stdin, output: stdout });
  try {
    if (/^y(es)?$/i.test((await terminal.question(question)).trim())) return;
  } finally {
    terminal.close();
  }
  throw new OperatorError('not-wanted', 'nothing was changed', { exit: sysexits.ok });
}
