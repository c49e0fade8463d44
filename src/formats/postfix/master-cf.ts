/**
 * Reads and changes services and their `-o name=value` overrides in Postfix's master.cf
 * (master(5)). All other bytes stay as they are. Pure.
 */
import { insertAfter, type PostfixLines, postfixLines } from './lines.ts';

export type Override = {
  readonly name: string;
  readonly value: string;
  /** Position among the overrides of the service, from 0. */
  readonly index: number;
};
export type Service = {
  readonly name: string;
  /** inet, unix, unix-dgram, fifo, pass. */
  readonly type: string;
  readonly chroot: string;
  /** smtpd, pickup, pipe … */
  readonly command: string;
  /** What follows the command, on one line. */
  readonly args: string;
  readonly overrides: readonly Override[];
  readonly first: number;
  readonly last: number;
};
export type MasterCf = { readonly source: PostfixLines; readonly services: readonly Service[] };

/** Matches `-o name=value` and `-o { name = value }`. */
const overridePattern =
  /(\s-o\s*)(?:(\{\s*)([A-Za-z0-9_]+)(\s*=)([^}]*?)(\s*\})|([A-Za-z0-9_]+)(=)(\S*))/g;

export function parseMasterCf(text: string): MasterCf {
  const source = postfixLines(text);
  const services: Service[] = [];
  for (const { text: line, first, last } of source.logical) {
    const [name, type, , , chroot, , , command, ...args] = line.trim().split(/\s+/);
    if (name === undefined || type === undefined || chroot === undefined) continue;
    if (command === undefined) continue;
    const overrides = [...line.matchAll(overridePattern)].map((match, index) => ({
      name: match[3] ?? match[7] ?? '',
      value: (match[5] ?? match[9] ?? '').trim(),
      index,
    }));
    services.push({ name, type, chroot, command, args: args.join(' '), overrides, first, last });
  }
  return { source, services };
}

/** The override that counts, which is the last one. */
export function override(service: Service, name: string): Override | undefined {
  return service.overrides.findLast((one) => one.name === name);
}

/** Adds a line `  -o name=value` at the end of a service, indented like its last line. */
export function addOverride(text: string, service: Service, option: string): string {
  const lines = [...parseMasterCf(text).source.lines];
  const indent = /^[ \t]+/.exec(lines[service.last] ?? '')?.[0] ?? '  ';
  insertAfter(lines, service.last, `${indent}-o ${option}`);
  return lines.join('');
}

/**
 * Changes the value of one override in place: adds `before` at its start and `after` at its end.
 */
export function wrapOverride(
  text: string,
  service: Service,
  change: { readonly index: number; readonly before?: string; readonly after?: string },
): string {
  const lines = [...parseMasterCf(text).source.lines];
  const { before = '', after = '' } = change;
  let index = 0;
  for (let at = service.first; at <= service.last; at++) {
    const line = lines[at] ?? '';
    if (line.trim().startsWith('#')) continue;
    lines[at] = line.replace(overridePattern, (whole, ...groups: (string | undefined)[]) => {
      if (index++ !== change.index) return whole;
      const [lead, open, name, equals, inner, close, bareName, , bare] = groups;
      if (open === undefined) return `${lead}${bareName}=${before}${bare}${after}`;
      const spaced = before === '' ? '' : ` ${before}`;
      return `${lead}${open}${name}${equals}${spaced}${inner}${after}${close}`;
    });
  }
  return lines.join('');
}
