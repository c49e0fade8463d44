/**
 * Finds and removes what a drill leaves in the mail server: messages of the canary to the sink, and
 * its name in the deny file. Only mail that both comes from the canary and goes to the sink counts,
 * so that no real message is ever removed.
 */
import type { Account } from '../../core/account-name.ts';
import { addressKey } from '../../formats/message/address.ts';
import { faultText } from '../../lib/error-text.ts';
import type { CanaryTraces } from '../../ports/drill/drill.ts';
import type { LoginDoor, Mta, QueuedMessage } from '../../ports/mail-server.ts';
import type { Clock } from '../../ports/world.ts';
import { type Canary, isSink } from './drill-mail.ts';

export type LeftoverDeps = {
  readonly canary: Canary;
  readonly mta: Mta | undefined;
  readonly logins: LoginDoor | undefined;
  readonly clock: Clock;
  /** Gets the queue id of each message that is found. */
  readonly found?: (queueId: string) => void;
};

/** Messages of the queue that are looked at. */
const queueMax = 200_000;

export async function canaryTraces(deps: LeftoverDeps): Promise<CanaryTraces> {
  const faults: string[] = [];
  const queue = await queuedOf(deps, faults);
  return {
    queue: queue?.map(({ queueId, queue: name }) => ({ queueId, queue: name })),
    isDenied: await isDenied(deps, faults),
    faults,
  };
}

/** Answers with what could not be removed, a sentence each. */
export async function removeLeftovers(deps: LeftoverDeps): Promise<readonly string[]> {
  const faults: string[] = [];
  const { canary, clock, logins, mta } = deps;
  if (await isDenied(deps, faults)) {
    await logins?.open(canary.account).catch((error: unknown) => faults.push(faultText(error)));
  }
  const queued = await queuedOf(deps, faults);
  if (mta === undefined || queued === undefined || queued.length === 0) return faults;
  const waits = queued.filter(({ queue }) => queue !== 'hold');
  if (waits.length > 0) {
    // Postern may remove only what is on hold.
    const now = clock.now();
    const held = await mta.hold(
      waits.map(({ queueId }) => ({ queueId, at: now })),
      async () => undefined,
    );
    if (held.fault !== undefined) faults.push(faultText(held.fault));
  }
  const dropped = await mta.drop(queued.map(({ queueId }) => queueId));
  if (dropped.fault !== undefined) faults.push(faultText(dropped.fault));
  return faults;
}

async function queuedOf(
  { canary, found, mta }: LeftoverDeps,
  faults: string[],
): Promise<readonly QueuedMessage[] | undefined> {
  if (mta === undefined) {
    faults.push('Postern has no way to the queue: postfix.queue is off, or no helper was found');
    return undefined;
  }
  try {
    const all = await mta.queue(queueMax);
    const own = all.filter(({ sender, to }) => isCanarys({ sender, to }, canary));
    for (const { queueId } of own) found?.(queueId);
    return own;
  } catch (error) {
    faults.push(faultText(error));
    return undefined;
  }
}

function isCanarys({ sender, to }: Pick<QueuedMessage, 'sender' | 'to'>, canary: Canary): boolean {
  return addressKey(sender) === canary.sender && isSink(to);
}

async function isDenied(
  { canary, logins }: LeftoverDeps,
  faults: string[],
): Promise<boolean | undefined> {
  if (logins === undefined) return undefined;
  try {
    return namesCanary(await logins.closedNames(), canary.account);
  } catch (error) {
    faults.push(faultText(error));
    return undefined;
  }
}

function namesCanary(names: ReadonlySet<string>, account: Account): boolean {
  return names.has(account) || [...names].some((name) => name.toLowerCase() === account);
}
