/**
 * `postern passwords audit`: tries the passwords of all accounts, and reports the weak ones to the
 * guard and to the operator.
 */
import type { Command } from 'commander';
import { parseDuration } from '../../config/duration.ts';
import type { Config } from '../../config/schema.ts';
import type { PasswordFinding, PasswordReport } from '../../core/passwords/audit-report.ts';
import { strengthText } from '../../core/passwords/strength.ts';
import { whatToDo } from '../../core/passwords/weak.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { SerialQueue } from '../../lib/serial.ts';
import type { Millis } from '../../lib/time.ts';
import type { SourceFault } from '../../passwords/audit/load-accounts.ts';
import { type AuditEvents, runAudit } from '../../passwords/audit/run-audit.ts';
import { openTriedStore } from '../../passwords/audit/tried-store.ts';
import type { UnitResult } from '../../passwords/audit/worklist.ts';
import { discover } from '../../passwords/sources/discover.ts';
import { parseSource, type Source } from '../../passwords/sources/source.ts';
import { loadConfig } from '../config/load-config.ts';
import { usualConfig } from '../config/usual-config.ts';
import { dayText, many, plain } from '../terminal/format.ts';
import { jsonLine } from '../terminal/help.ts';
import { openManyLines } from '../terminal/line-writer.ts';
import { print, warn } from '../terminal/print.ts';
import { paint, table } from '../terminal/table.ts';
import { openAuditMeter } from './progress.ts';
import { openPasswordStore, type PasswordStore, patiently } from './store.ts';
import { triedStorePath } from './tried-path.ts';

export type AuditCommandOptions = {
  readonly state?: string;
  readonly config?: string;
  readonly source?: readonly string[];
  readonly rules?: string;
  readonly list?: readonly string[];
  readonly time?: number;
  readonly cpus?: number;
  readonly quick?: true;
  readonly resume?: true;
  readonly json?: true;
};

/** The audit that --resume continues. */
type Unfinished = {
  readonly sources: readonly string[];
  readonly rules: readonly string[];
  readonly lists: readonly string[];
};

export async function auditCommand(options: AuditCommandOptions, command: Command): Promise<void> {
  const { config } = loadConfig(options.config ?? usualConfig());
  const { accounts, passwords } = config;
  const store = await openPasswordStore(options.state, accounts.default_domain);
  const triedStore = await triedStorePath(store.state);
  const before = options.resume === true ? unfinished(triedStore) : undefined;
  if (options.resume === true && before === undefined) {
    warn(command, 'postern: there is no unfinished audit to resume\n');
    return;
  }
  const chosen = options.source ?? before?.sources;
  const sources = await chosenSources(chosen, config);
  const rules = rulesOf(options.rules, before?.rules ?? passwords.rules);
  const lists = options.list ?? before?.lists ?? [];
  keepUnfinished(triedStore, { sources: sources.map(({ spec }) => spec), rules, lists });
  const output = openOutput(command, options.json === true);
  const reports = openReports(store);
  const stop = openStop(options.time ?? timeOf(config));
  try {
    const summary = await runAudit({
      john: passwords.john,
      topList: passwords.top_list,
      domain: accounts.default_domain,
      rangeFiles: passwords.range_files,
      rangeService: passwords.range_service,
      leakedLists: [...passwords.leaked_lists, ...lists],
      processors: options.cpus ?? passwords.processors,
      quick: options.quick === true,
      triedStore,
      sources,
      rules,
      signal: stop.signal,
      now: () => Date.now() as Millis,
      known: (await store.read()).weak,
      events: { ...output.events, found: reports.found, changed: reports.changed },
    });
    output.report(summary);
    await reports.done();
    await patiently(() => store.note({ found: output.weak, summary }));
    if (summary.complete) keepUnfinished(triedStore, undefined);
  } finally {
    output.end();
    stop.end();
  }
}

export async function chosenSources(
  chosen: readonly string[] | undefined,
  config: Config,
): Promise<readonly Source[]> {
  const named = chosen ?? config.passwords.sources;
  const specs =
    named.length > 0
      ? named
      : (await discover(config.dovecot.config))
          .map(({ spec }) => spec)
          .filter((spec) => spec !== '');
  if (specs.length > 0) return specs.map(parseSource);
  throw new OperatorError('no-sources', 'no source of passwords was found on this server', {
    hint: 'name one: --source shadow:/etc/shadow; see postern passwords sources',
    exit: sysexits.noInput,
  });
}

function rulesOf(asked: string | undefined, usual: readonly string[]): readonly string[] {
  if (asked === undefined) return usual;
  return asked === 'none' ? [] : asked.split(',').filter((name) => name !== '');
}

/** How long the audit may take; 0: no limit. */
function timeOf({ passwords }: Config): number {
  return passwords.time === 'never' ? 0 : (parseDuration(passwords.time) ?? 0);
}

function unfinished(path: string): Unfinished | undefined {
  using triedStore = openTriedStore(path);
  const text = triedStore.own('unfinished');
  return text === '' ? undefined : (JSON.parse(text) as Unfinished);
}

function keepUnfinished(path: string, audit: Unfinished | undefined): void {
  using triedStore = openTriedStore(path);
  triedStore.keep('unfinished', audit === undefined ? '' : JSON.stringify(audit));
}

/** Node's longest timer, 24 days; a longer one would fire immediately. */
const timerMsMax = 2 ** 31 - 1;

/**
 * Aborts when time is up, or at Ctrl-C or SIGTERM. What was done until then is kept and reported.
 */
function openStop(timeMs: number): { readonly signal: AbortSignal; end(): void } {
  const control = new AbortController();
  const stop = (): void => control.abort();
  const timer = timeMs === 0 ? undefined : setTimeout(stop, Math.min(timeMs, timerMsMax));
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, stop);
  return {
    signal: control.signal,
    end() {
      clearTimeout(timer);
      for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(name, stop);
    },
  };
}

/** Reports that may wait for the guard; more wait for the end of the audit. */
const reportsMax = 10_000;

/**
 * Sends findings to the guard while the audit runs, one report after another. Reports that the
 * guard does not take, because it is restarting, are sent again at the end.
 */
function openReports(
  store: PasswordStore,
): Pick<AuditEvents, 'found' | 'changed'> & { done(): Promise<void> } {
  const reports = new SerialQueue<'report'>(reportsMax);
  const waiting: Partial<PasswordReport>[] = [];
  const send = (report: Partial<PasswordReport>): void => {
    reports.run('report', () => store.note(report)).catch(() => waiting.push(report));
  };
  return {
    found: (found) => send({ found }),
    changed: (changed) => {
      if (changed.length > 0) send({ changed });
    },
    async done() {
      await reports.idle();
      for (const report of waiting) await patiently(() => store.note(report));
    },
  };
}

type AuditOutput = {
  readonly events: Omit<AuditEvents, 'found' | 'changed'>;
  readonly weak: PasswordFinding[];
  end(): void;
  report(summary: Awaited<ReturnType<typeof runAudit>>): void;
};

/** Faults that are shown one by one; further faults are counted. */
const faultsShown = 50;

function openOutput(command: Command, json: boolean): AuditOutput {
  const meter = openAuditMeter((text) => warn(command, text));
  const weak: PasswordFinding[] = [];
  let faults = 0;
  const lines = openManyLines(command);
  const result: AuditEvents['result'] = (one) => {
    const { weak: note, ...account } = one;
    if (note !== undefined) weak.push({ ...account, ...note });
    return json ? lines.add(jsonLine(resultLine(one))) : undefined;
  };
  return {
    weak,
    events: {
      began({ accounts, locked, john, memory }) {
        const without = locked === 0 ? '' : `, ${locked} locked`;
        warn(command, `postern: ${many(accounts, 'account')} to try with John ${john}${without}\n`);
        if (!memory)
          warn(command, 'postern: there is no tmpfs, so hashes are on the disk during the audit\n');
      },
      fault(fault) {
        if (++faults <= faultsShown) warn(command, `postern: ${faultText(fault)}\n`);
      },
      progress: (progress) => meter.show(progress),
      result,
    },
    end: () => meter.end(),
    report(summary) {
      meter.end();
      lines.end();
      if (faults > faultsShown) {
        warn(command, `postern: ${faults - faultsShown} more lines could not be read\n`);
      }
      const rest = summary.complete ? '' : `; not everything was tried, continue with ${goOn}`;
      const all = `${many(summary.accounts, 'account')}, ${summary.weak} weak${rest}`;
      if (json) warn(command, `postern: ${all}\n`);
      else print(command, `${weakTable(weak)}${all}\n`);
    },
  };
}

const goOn = 'postern passwords audit --resume';

function faultText({ source, line, what }: SourceFault): string {
  const where = line === 0 ? source : `${source}, line ${line}`;
  return `${where}: ${plain(what)}`;
}

/** One line of --json. The field `class` keeps its name for scripts of operators. */
function resultLine({ source, account, scheme, weak }: UnitResult): Record<string, unknown> {
  if (weak === undefined) return { account, scheme, weak: false, source };
  const since = new Date(weak.since).toISOString();
  return { account, scheme, weak: true, class: weak.strength, by: weak.by, since, source };
}

export function weakTable(
  weak: readonly (PasswordFinding & { readonly toldAt?: Millis | undefined })[],
): string {
  if (weak.length === 0) return '';
  const rows = weak.map((one) => [
    paint('red', plain(one.account)),
    one.scheme,
    strengthText(one.strength, one.by),
    dayText(one.since),
    whatToDo({ strength: one.strength, toldAt: one.toldAt }),
  ]);
  const columns = ['account', 'scheme', 'strength', 'since', 'what to do'];
  return table(
    columns.map((title) => ({ title })),
    rows,
  );
}
