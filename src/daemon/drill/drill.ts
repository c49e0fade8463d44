/** Opens the guard's part of `postern drill`, and puts it in front of the doors. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Policy } from '../../core/account/policy.ts';
import { accountOf, type DefaultDomain } from '../../core/account-name.ts';
import type { DrillReport } from '../../core/drill/report.ts';
import { drillFile, parseReport } from '../../core/drill/report-file.ts';
import { Drill } from '../../flow/drill/drill.ts';
import { drillPath, drillPolicy } from '../../flow/drill/drill-mail.ts';
import type { Journal } from '../../flow/journal/journal.ts';
import type { Notices } from '../../flow/notices/notices.ts';
import type { Settings } from '../../flow/settings.ts';
import { addressKey } from '../../formats/message/address.ts';
import { inMemory, openLedger } from '../../ledger/sqlite/open.ts';
import { secondMs } from '../../lib/time.ts';
import type { DrillAdmin } from '../../ports/drill/drill.ts';
import type { LoginDoor, Mta } from '../../ports/mail-server.ts';
import type { LogHandler, MessagePath, PolicyHandler } from '../../ports/message.ts';
import type { DaemonParts } from '../base/options.ts';

export type DaemonDrill = {
  /** Undefined: no canary is set. */
  readonly admin: DrillAdmin | undefined;
  path(real: MessagePath): MessagePath;
  policy(real: PolicyHandler): PolicyHandler;
  mailLog(real: LogHandler): LogHandler;
};

const lookEveryMs = 30 * secondMs;

export function openDaemonDrill(
  { config, counters, host, scope, state, world }: DaemonParts,
  deps: {
    readonly mta: Mta | undefined;
    readonly logins: LoginDoor | undefined;
    readonly notices: Notices;
    readonly journal: Pick<Journal, 'add'>;
    readonly policy: Policy;
    readonly settings: Settings;
    readonly defaultDomain: DefaultDomain;
  },
): DaemonDrill {
  const { account } = config.drill;
  const same = <Door>(real: Door): Door => real;
  const look = (): void => {
    const last = lastReport(state);
    counters.set('postern_drill_fine', last?.fine === true ? 1 : 0);
    counters.set('postern_drill_timestamp_seconds', Math.floor((last?.at ?? 0) / secondMs));
    for (const kind of ['fine', 'failed', 'not reached', 'unset'] as const) {
      const many = last?.links.filter((link) => link.state === kind).length ?? 0;
      counters.set('postern_drill_links', many, kind);
    }
  };
  look();
  scope.defer(world.timers.every(lookEveryMs, look));
  if (account === '') return { admin: undefined, path: same, policy: same, mailLog: same };
  const drill = new Drill({
    ...deps,
    world,
    host,
    iso: (at) => new Date(at).toISOString(),
    openLedger: () => openLedger(inMemory),
    canary: { account: accountOf(account, deps.defaultDomain), sender: addressKey(account) },
  });
  scope.defer(() => drill.stop());
  return {
    admin: drill,
    path: (real) => drillPath(real, drill.mail),
    policy: (real) => drillPolicy(real, drill.mail),
    mailLog: (real) => drill.logHandler(real),
  };
}

/** The report that the last `postern drill run` left in the state folder. */
function lastReport(state: string): DrillReport | undefined {
  try {
    return parseReport(readFileSync(join(state, drillFile), 'utf8'));
  } catch {
    return undefined;
  }
}
