/** Opens the gate and the policy handler. */
import { type HeldCount, openHeldCount } from '../flow/account/held-count.ts';
import { openGate } from '../flow/account/message-submitted.ts';
import { openPolicyHandler, type RecipientAskedDeps } from '../flow/account/recipient-asked.ts';
import type { DaemonParts } from './base/options.ts';
import type { DaemonMemory, Live } from './flows.ts';
import { noticeCheck } from './notices.ts';
import type { Stopping } from './stopping.ts';

/** Opens what judges: the gate for whole messages, and the handler of the policy door. */
export function openJudging(
  { config, world }: DaemonParts,
  memory: DaemonMemory & Stopping,
  of: Live & Pick<RecipientAskedDeps, 'localDomains' | 'strangers'>,
): {
  readonly gate: ReturnType<typeof openGate>;
  readonly held: HeldCount;
  readonly policy: ReturnType<typeof openPolicyHandler>;
  readonly setMilterPresent: (present: () => boolean) => void;
} {
  const { notices, suspensions, told } = memory;
  const { settings } = of;
  const held = openHeldCount(memory.journal, world.clock, memory.mta !== undefined);
  const gate = openGate({
    ...memory,
    world,
    settings,
    held,
    passed: memory.correspondents.passed,
    isOurs: noticeCheck(config, notices, memory.userMail),
    suspending: (...about) => suspensions.suspending(...about),
    holding: (story, waits) => told.holding(story, waits),
    full: (story, sum) => told.full(story, sum),
  });
  let milterPresent = (): boolean => false;
  const policy = openPolicyHandler({
    gate,
    accounts: memory.accounts,
    world,
    ...of,
    milterPresent: () => milterPresent(),
  });
  const setMilterPresent = (present: () => boolean): void => {
    milterPresent = present;
  };
  return { gate, held, policy, setMilterPresent };
}
