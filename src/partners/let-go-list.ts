/** The list of waiting messages that postern-root keeps (packaging/postern-root). */
import { faultText } from '../lib/error-text.ts';
import { secondMs } from '../lib/time.ts';
import type { LetGoList } from '../ports/inbound/inbound.ts';
import type { Log } from '../ports/world.ts';
import { namesPerCallMax, type PrivilegedTools, type ToolVerb } from './privileged-tools.ts';

/** A message is answered only after `add`. */
const addMs = 5_000;
const removeMs = 20_000;

export function letGoList(tools: PrivilegedTools, log: Log): LetGoList {
  const call = async (verb: ToolVerb, names: readonly string[], ms: number): Promise<boolean> => {
    try {
      for await (const _ of tools.run(verb, names, AbortSignal.timeout(ms)));
      return true;
    } catch (fault) {
      log('warn', 'inbound.list-unwritten', { verb, why: faultText(fault) });
      return false;
    }
  };
  return {
    add: (queueId, due) => call('waits', [`${queueId}.${Math.ceil(due / secondMs)}`], addMs),
    async remove(queueIds) {
      for (let from = 0; from < queueIds.length; from += namesPerCallMax) {
        await call('waited', queueIds.slice(from, from + namesPerCallMax), removeMs);
      }
    },
  };
}
