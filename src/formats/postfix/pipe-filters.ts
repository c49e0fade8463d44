/**
 * Finds filters that Postfix starts by pipe(8) and that hand mail back through sendmail(1), so that
 * it arrives as mail of their user. Pure.
 */
import { type MainCf, mainValue } from './main-cf.ts';
import { type MasterCf, override, type Service } from './master-cf.ts';

/**
 * The users of such filters. `named`: transports that tables name by FILTER. A filter may be a
 * script that calls sendmail, so each pipe that is used as a filter counts.
 */
export function pipeFilterUsers(
  main: MainCf,
  master: MasterCf,
  named: readonly string[],
): readonly string[] {
  const used = new Set([
    transportName(mainValue(main, 'content_filter') ?? ''),
    ...master.services.map((one) => transportName(override(one, 'content_filter')?.value ?? '')),
    ...named.map(transportName),
  ]);
  const users = master.services.filter((service) => isFilter(service, used)).map(userIn);
  return [...new Set(users)].filter((user) => user !== '');
}

/** The users of all services that pipe(8) starts, by the name of the service. */
export function pipeUsers(master: MasterCf): ReadonlyMap<string, string> {
  const pipes = master.services.filter(({ command }) => command === 'pipe');
  return new Map(
    pipes.map((one) => [one.name, userIn(one)] as const).filter(([, user]) => user !== ''),
  );
}

function userIn({ args }: Service): string {
  return /(?:^|\s)user=([^\s:]+)/.exec(args)?.[1] ?? '';
}

function isFilter({ name, type, command, args }: Service, used: ReadonlySet<string>): boolean {
  if (type !== 'unix' || command !== 'pipe') return false;
  return used.has(name) || /\sargv=.*\/sendmail(?:\s|$)/.test(` ${args}`);
}

function transportName(text: string): string {
  return text.trim().split(':')[0] ?? '';
}

/** The transports that FILTER names in the text or the values of a table. */
export function filtersNamed(text: string): readonly string[] {
  return [...text.matchAll(/\bFILTER\s+([^\s:]+:\S*)/gi)].map(([, name = '']) => name);
}

/** Tables in restrictions and checks of headers, as `type:path`. */
export function tablesIn(value: string): readonly string[] {
  const words = value.match(/\b(?:proxy:)?(?:[a-z]+):(?:\/[^\s,{}]+|\{.*\})/g) ?? [];
  return words.filter((word) => !/^(?:inet|unix|local):/.test(word));
}
