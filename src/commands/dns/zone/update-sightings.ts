/**
 * Looks whether name servers show the changes that were sent to one of them. A server can ignore a
 * change and report success, so nothing else counts.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Step } from '../../../core/identity/aspect.ts';
import type { DnsAnswer, DnsQuestion } from '../../../formats/dns/question.ts';
import { sameData, sameRecords } from '../../../formats/dns/record.ts';
import type { DnsServer } from '../../../formats/dns/server-address.ts';
import { parseServer } from '../../../formats/dns/server-address.ts';
import { type Millis, secondMs } from '../../../lib/time.ts';
import type { Authorities } from '../../../partners/dns/authority.ts';
import { openResolver } from '../../../partners/dns/resolver.ts';
import type { Resolver } from '../../../ports/world.ts';

/** Secondary servers fetch a changed zone within seconds after they are notified. */
const seenMs = 20 * secondMs;
const intervalMs = secondMs;
const dnsPort = 53;

/** Asks one server, without what a resolver remembers. */
export type AskServer = (question: DnsQuestion) => Promise<DnsAnswer>;

/** `server`: as in [[dns.updates]], a name or an address, with or without port. */
export function askUpdateServer(server: string, resolve: Resolver): AskServer {
  return async (question) => {
    const at = parseServer(server) ?? (await addressOf(server, resolve));
    if (at === undefined) {
      return { kind: 'failure', reason: 'unreachable', text: `${server} has no address` };
    }
    using one = openResolver({
      servers: [at],
      trusted: false,
      clock: { now: () => Date.now() as Millis },
    });
    return await one(question);
  };
}

async function addressOf(server: string, resolve: Resolver): Promise<DnsServer | undefined> {
  const [name = '', port = `${dnsPort}`] = server.split(':');
  for (const type of ['A', 'AAAA'] as const) {
    const answer = await resolve({ name: name.toLowerCase(), type });
    const [first] = answer.kind === 'records' ? answer.records : [];
    if (first?.type === 'A' || first?.type === 'AAAA') {
      return { address: first.address, port: Number(port) };
    }
  }
  return undefined;
}

/** Whether an answer shows the records of the step as they should be after it. */
function shows({ name, add, remove }: Step, answer: DnsAnswer): boolean {
  if (answer.kind === 'failure') return false;
  const records =
    answer.kind === 'records' ? answer.records.filter((one) => one.name === name) : [];
  const has = (one: Step['add'][number]): boolean => records.some((other) => sameData(one, other));
  return (
    add.every(has) && !remove.some((one) => has(one) && !add.some((two) => sameData(one, two)))
  );
}

/** The steps whose records the server does not show. */
export async function ignored(steps: readonly Step[], ask: AskServer): Promise<readonly Step[]> {
  const answers = await Promise.all(steps.map(({ name, type }) => ask({ name, type })));
  return steps.filter((step, nth) => {
    const answer = answers[nth];
    return answer === undefined || !shows(step, answer);
  });
}

/** The steps at whose names the server has other records than the plan saw. */
export async function moved(steps: readonly Step[], ask: AskServer): Promise<readonly Step[]> {
  const differs = async ({ name, type, standing, made }: Step): Promise<boolean> => {
    // What a wildcard makes does not stand there.
    if (made !== undefined) return false;
    const [now, alias] = await Promise.all([ask({ name, type }), ask({ name, type: 'CNAME' })]);
    const there = now.kind === 'records' ? now.records.filter((one) => one.name === name) : [];
    return alias.kind === 'records' || !sameRecords(there, standing);
  };
  const all = await Promise.all(steps.map(differs));
  return steps.filter((_, nth) => all[nth] === true);
}

export type UnseenStep = {
  readonly step: Step;
  /** Name servers that do not show it, each with the reason if it does not answer. */
  readonly servers: readonly string[];
};

/** Waits until every name server of the zone shows the steps. Returns those that are not seen. */
export async function unseen(
  steps: readonly Step[],
  authorities: Authorities,
  waitMs: number = seenMs,
): Promise<readonly UnseenStep[]> {
  const end = Date.now() + waitMs;
  let open: readonly UnseenStep[] = steps.map((step) => ({ step, servers: [] }));
  for (;;) {
    const looked = await Promise.all(open.map(({ step }) => lacking(step, authorities)));
    open = looked.filter(({ servers }) => servers.length > 0);
    if (open.length === 0 || Date.now() + intervalMs > end) return open;
    await sleep(intervalMs);
  }
}

async function lacking(step: Step, authorities: Authorities): Promise<UnseenStep> {
  const { name, type } = step;
  const told = await authorities({ name, type });
  const servers = told.flatMap(({ server, address, answer }) => {
    if (shows(step, answer)) return [];
    const where = server === '' ? 'the name servers' : `${server} (${address})`;
    return [answer.kind === 'failure' ? `${where}: ${answer.text}` : where];
  });
  return { step, servers };
}
