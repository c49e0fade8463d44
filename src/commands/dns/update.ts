/**
 * Sends the changes of a plan to the name servers of [[dns.updates]] (RFC 2136), after the operator
 * has agreed. A change is made only if the zone is still as the plan saw it, and reported only if
 * the name servers show it.
 */
import { stdin, stdout } from 'node:process';
import { createInterface } from 'node:readline/promises';
import type { Config } from '../../config/schema.ts';
import type { Step } from '../../core/identity/aspect.ts';
import type { DnsQuestion } from '../../formats/dns/question.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { openAuthorities } from '../../partners/dns/authority.ts';
import { openNsupdate, type ZoneUpdate } from '../../partners/dns/nsupdate.ts';
import { openZoneFinder, updatableZones } from '../../partners/dns/zone-updates.ts';
import type { Resolver } from '../../ports/world.ts';
import { many } from '../terminal/format.ts';
import { openLiveDns } from './answers.ts';
import type { DnsPlan } from './plan-text.ts';
import {
  askUpdateServer,
  ignored,
  moved,
  type UnseenStep,
  unseen,
} from './zone/update-sightings.ts';

type Update = Config['dns']['updates'][number];
type Batch = { readonly zone: string; readonly update: Update; readonly steps: readonly Step[] };
export type SendOptions = { readonly yes: boolean; say(text: string): unknown };

export async function sendPlan(
  plan: DnsPlan,
  config: Config,
  { yes, say }: SendOptions,
): Promise<void> {
  const { dns } = config;
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
  using live = openLiveDns(config, batches.length);
  const authorities = openAuthorities({ resolve: live.answer, port: dns.authority_port });
  const faults: string[] = [];
  const late: string[] = [];
  for (const batch of batches) {
    const sent = await sendBatch(batch, live.answer);
    for (const line of sent.faults) say(`${line}\n`);
    faults.push(...sent.faults);
    if (sent.changed.length === 0) continue;
    const open = await unseen(sent.changed, authorities);
    const { zone, update } = batch;
    const count = many(sent.changed.length, 'change');
    say(`${zone}: changed on ${update.server}: ${count}, ${seenText(open)}\n`);
    for (const { step, servers } of open) {
      say(`  ${setName(step)}: not yet on ${servers.join('; ')}\n`);
      late.push(setName(step));
    }
  }
  if (left.length > 0)
    say(`${many(left.length, 'change')} left for you: their zones are not in [[dns.updates]]\n`);
  if (faults.length > 0) {
    throw new OperatorError('not-updated', `not all records were changed: ${faults.join('; ')}`, {
      hint: 'publish the records above yourself, or run the command again',
      exit: sysexits.unavailable,
    });
  }
  if (late.length === 0) return;
  throw new OperatorError('not-seen', `not every name server shows ${late.join(', ')}`, {
    hint: 'the changes are made; see when they are there: postern dns watch --until-seen',
    exit: sysexits.tempFail,
  });
}

function seenText(open: readonly UnseenStep[]): string {
  return open.length === 0 ? 'seen on all name servers' : 'not seen on all name servers';
}

const setName = ({ type, name }: Step): string => `${type} ${name}`;

type SentBatch = { readonly changed: readonly Step[]; readonly faults: readonly string[] };

/** Sends the changes of one zone, and asks the server whether it made each of them. */
async function sendBatch({ zone, update, steps }: Batch, resolve: Resolver): Promise<SentBatch> {
  const send = openNsupdate({ server: update.server, keyFile: update.key_file });
  const ask = askUpdateServer(update.server, resolve);
  const done = await send({ zone, ...asUpdate(steps) });
  if (!done.ok) {
    const others = await moved(steps, ask);
    const names = others.map(setName).join(', ');
    const more = names === '' ? '' : `; not as the plan saw it: ${names}`;
    return { changed: [], faults: [`${done.error}${more}`] };
  }
  const open = await ignored(steps, ask);
  return {
    changed: steps.filter((step) => !open.includes(step)),
    faults: open.map((step) => `${update.server} accepted ${setName(step)} and does not show it`),
  };
}

/** The changes, on condition that everything is still as it was seen. */
function asUpdate(steps: readonly Step[]): Omit<ZoneUpdate, 'zone'> {
  const adding = steps.filter(({ add }) => add.length > 0);
  const isAlias = ({ type }: Step): boolean => type === 'CNAME';
  const standing = new Map(
    steps.flatMap((step) => (step.standing.length > 0 ? [[setName(step), step.standing]] : [])),
  );
  const absent = adding.flatMap((step): readonly DnsQuestion[] => {
    if (isAlias(step)) return [];
    const alias = { name: step.name, type: 'CNAME' } as const;
    return standing.has(setName(step)) ? [alias] : [alias, { name: step.name, type: step.type }];
  });
  return {
    remove: steps.flatMap((step) => step.remove),
    add: steps.flatMap((step) => step.add),
    absent,
    standing: [...standing.values()].flat(),
    unused: adding.filter(isAlias).map(({ name }) => name),
  };
}

/** The steps by zone; each belongs to the closest zone that contains its name. */
function batchesOf(steps: readonly Step[], updates: readonly Update[]): readonly Batch[] {
  const zones = updatableZones(updates);
  const zoneOf = openZoneFinder(zones);
  const batches = zones.map((one) => ({
    ...one,
    steps: steps.filter(({ name }) => zoneOf(name) === one),
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
