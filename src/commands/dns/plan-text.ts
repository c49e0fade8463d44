/** The plan as text: a BIND zone file, tinydns data, or names, types and values. Pure. */
import type { FileStep } from '../../core/identity/aspect.ts';
import { isBelow } from '../../formats/dns/name.ts';
import type { DnsRecord } from '../../formats/dns/record.ts';
import { textOfTxt } from '../../formats/dns/record.ts';
import { printBindZone } from '../../formats/dns/zone-bind.ts';
import { printTinydnsZone } from '../../formats/dns/zone-tinydns.ts';
import { many, plain } from '../terminal/format.ts';
import { paint, table, wrapped } from '../terminal/table.ts';
import { afterwards, hintsOf, keptLines, stepLines, tooLong } from './zone/plan-lines.ts';
import type { PlanStep } from './zone/plan-steps.ts';
import type { ZoneFile } from './zone/zone-file.ts';

export const planFormats = ['bind', 'tinydns', 'web'] as const;
export type PlanFormat = (typeof planFormats)[number];

export type DnsPlan = {
  /** The named domains, in their order. */
  readonly domains: readonly string[];
  readonly steps: readonly PlanStep[];
  readonly files: readonly FileStep[];
  /** The file with the published records, if they are not from the DNS. */
  readonly zone: ZoneFile | undefined;
  /** Zones of [[dns.updates]], to which Postern may send changes. */
  readonly updatable: readonly string[];
  /** Selectors of other signers that the operator named. */
  readonly selectors: readonly string[];
};

export type PlanView = {
  readonly format: PlanFormat;
  readonly onlyChanges: boolean;
  /** Postern sends the changes itself, so the text does not say what to run. */
  readonly isSent: boolean;
};

export function planText(plan: DnsPlan, view: PlanView): string {
  const shown = plan.steps.filter(({ state }) => !view.onlyChanges || state !== 'have');
  const sections = plan.domains.map((domain) => ({
    domain,
    steps: shown.filter((step) => zoneOf(step, plan.domains) === domain),
  }));
  const elsewhere = shown.filter((step) => zoneOf(step, plan.domains) === undefined);
  const writer = writerOf(view.format, plan);
  const parts = sections
    .filter(({ steps }) => steps.length > 0)
    .map(({ domain, steps }) => writer.zone(domain, steps));
  if (elsewhere.length > 0) parts.push(writer.elsewhere(elsewhere));
  const files = plan.files.filter(({ state }) => !view.onlyChanges || state !== 'have');
  parts.push(...files.map((file) => fileText(file, writer.comment)));
  const next = hasChanges(plan) && !view.isSent ? writer.next : [];
  parts.push([summary(plan), ...next].map((line) => `${writer.comment}${line}\n`).join(''));
  return parts.join('\n');
}

/** The longest named domain that contains the record; undefined if none of them does. */
function zoneOf({ name, where }: PlanStep, domains: readonly string[]): string | undefined {
  if (where !== 'zone') return undefined;
  const above = domains.filter((domain) => name === domain || name.endsWith(`.${domain}`));
  return above.sort((one, other) => other.length - one.length)[0];
}

type Writer = {
  readonly comment: string;
  /** What to do after the changes. */
  readonly next: readonly string[];
  zone(domain: string, steps: readonly PlanStep[]): string;
  elsewhere(steps: readonly PlanStep[]): string;
};

const elsewhereTitle = 'Records in other zones, for the owners of those zones';
const width = 100;

type ZoneSyntax = {
  readonly format: 'bind' | 'tinydns';
  readonly comment: string;
  print(records: readonly DnsRecord[], origin: string | undefined): string;
  warning(step: PlanStep): string;
};

/** A writer of zone files. All explanations are comments, so that the file can be used as it is. */
function zoneWriter(syntax: ZoneSyntax, plan: DnsPlan): Writer {
  const { zone, selectors } = plan;
  const { format, comment, print } = syntax;
  const room = width - comment.length;
  // Lines of a file in another syntax can be read, and not found.
  const file = zone?.format === format ? zone : undefined;
  // tinydns serves a record as often as it stands in its file. A file in another syntax is
  // converted, so nothing is there yet.
  const printsKept = format === 'bind' || (zone !== undefined && file === undefined);
  const lineOf =
    ({ isTtlKnown }: PlanStep) =>
    (record: DnsRecord): string => {
      const line = oneLine(print([record], undefined));
      return isTtlKnown ? line : withoutTtl(line, format);
    };
  const about = (step: PlanStep): string => {
    const one = lineOf(step);
    const warning = syntax.warning(step);
    const lines = [
      ...wrapped(`${step.state}: ${plain(step.why)}`, room),
      ...[...(warning === '' ? [] : [warning]), ...hintsOf(step, selectors)].flatMap((text) =>
        wrapped(text, room),
      ),
      ...(printsKept ? [] : keptLines(step, file, one)),
    ];
    return commented(lines);
  };
  const commented = (lines: readonly string[]): string =>
    lines.map((line) => `${comment}${line}\n`).join('');
  const body = (step: PlanStep, origin: string | undefined): string => {
    const { keep, add } = step;
    const printed = (records: readonly DnsRecord[]): string =>
      records.length === 0 ? '' : print(records, origin);
    const kept = printsKept ? printed(keep) : '';
    const head = kept === '' || add.length === 0 ? '' : commented(['there already:']);
    return head + kept + commented(stepLines(step, file, lineOf(step))) + printed(add);
  };
  return {
    comment,
    next: wrapped(afterwards(format, zone, isUpdatable(plan)), room),
    zone: (domain, steps) => {
      const head = `${comment}${domain}\n`;
      const origin = print([], domain);
      const all = steps.map((step) => `\n${about(step)}${body(step, domain)}`);
      return `${head}${origin}${all.join('')}`;
    },
    elsewhere: (steps) => {
      const all = steps.map((step) => {
        const lines = body(step, undefined).trimEnd();
        const marked =
          lines === ''
            ? ''
            : `${lines
                .split('\n')
                .map((line) => (line.startsWith(comment) ? line : `${comment}  ${line}`))
                .join('\n')}\n`;
        return `${comment.trimEnd()}\n${about(step)}${marked}`;
      });
      return `${comment}${elsewhereTitle}\n${all.join('')}`;
    },
  };
}

/** The line of a record whose time to live is not known. */
function withoutTtl(line: string, format: ZoneSyntax['format']): string {
  return format === 'bind' ? line.replace(/ +\d+ IN /, ' IN ') : line.replace(/:\d+$/, '');
}

function printBind(records: readonly DnsRecord[], origin: string | undefined): string {
  const text = printBindZone(records, origin === undefined ? {} : { origin });
  // $ORIGIN is printed once, at the top of the domain.
  return records.length === 0 || origin === undefined ? text : text.replace(/^\$ORIGIN .*\n/, '');
}

const oneLine = (text: string): string => text.trim().replace(/\s*\n\s*/g, ' ');

function writerOf(format: PlanFormat, plan: DnsPlan): Writer {
  return format === 'web' ? webWriter(plan) : zoneWriter(syntaxes[format], plan);
}

const syntaxes: Readonly<Record<'bind' | 'tinydns', ZoneSyntax>> = {
  bind: {
    format: 'bind',
    comment: '; ',
    print: printBind,
    warning: () => '',
  },
  tinydns: {
    format: 'tinydns',
    comment: '# ',
    print: (records) => printTinydnsZone(records),
    warning: tooLong,
  },
};

function webWriter({ selectors }: DnsPlan): Writer {
  const rows = (steps: readonly PlanStep[], domain: string | undefined): string =>
    webRows(steps, domain) +
    steps
      .flatMap((step) => hintsOf(step, selectors))
      .flatMap((hint) => wrapped(hint, width - 2))
      .map((line) => `  ${line}\n`)
      .join('');
  return {
    comment: '',
    next: [],
    zone: (domain, steps) => `${paint('bold', domain)}\n${rows(steps, domain)}`,
    elsewhere: (steps) => `${paint('bold', elsewhereTitle)}\n${rows(steps, undefined)}`,
  };
}

/** Rows for control panels: names without the domain, whole values without quotes. */
function webRows(steps: readonly PlanStep[], domain: string | undefined): string {
  const columns = ['STATE', 'DO', 'NAME', 'TYPE', 'VALUE'].map((title) => ({ title }));
  const rows = steps.flatMap((step) => {
    const line = (what: string, one: DnsRecord): readonly string[] => [
      step.state,
      what,
      relative(one.name, domain),
      one.type,
      webValue(one),
    ];
    const lines = [
      ...step.keep.map((one) => line('keep', one)),
      ...step.remove.map((one) => line('remove', one)),
      ...step.add.map((one) => line('add', one)),
    ];
    if (lines.length > 0) return lines;
    return [[step.state, '', relative(step.name, domain), step.type, '']];
  });
  const reasons = steps
    .filter(({ state }) => state !== 'have')
    .flatMap((step) =>
      wrapped(
        `${relative(step.name, domain)} ${step.type}, ${step.state}: ${plain(step.why)}`,
        width - 2,
      ),
    );
  return `${table(columns, rows)}${reasons.map((line) => `  ${line}\n`).join('')}`;
}

function relative(name: string, domain: string | undefined): string {
  if (domain === undefined) return name;
  return name === domain ? '@' : name.slice(0, -domain.length - 1);
}

function webValue(one: DnsRecord): string {
  switch (one.type) {
    case 'TXT':
      return plain(textOfTxt(one));
    case 'MX':
      return `${one.preference} ${one.exchange === '' ? '.' : one.exchange}`;
    case 'TLSA':
      return `${one.usage} ${one.selector} ${one.matching} ${one.association}`;
    case 'A':
    case 'AAAA':
      return one.address;
    case 'SOA':
      return one.primary;
    default:
      return one.target;
  }
}

function fileText({ state, url, text, why }: FileStep, comment: string): string {
  const head = wrapped(`${state}: ${url} (${plain(why)})`, width - comment.length);
  const lines = text
    .trimEnd()
    .split(/\r?\n/)
    .map((line) => `  ${line}`);
  return [...head, ...lines].map((line) => `${comment}${line}\n`).join('');
}

const changes = ({ add, remove }: PlanStep): boolean => add.length + remove.length > 0;

function hasChanges({ steps }: DnsPlan): boolean {
  return steps.some(changes);
}

/** Whether Postern may send all changes in the named domains to their name servers. */
function isUpdatable({ steps, updatable, domains }: DnsPlan): boolean {
  const own = steps.filter((step) => changes(step) && zoneOf(step, domains) !== undefined);
  if (own.length === 0) return false;
  return own.every(({ name }) => updatable.some((top) => name === top || isBelow(name, top)));
}

function summary({ steps, files }: DnsPlan): string {
  const amount = (state: PlanStep['state']): number =>
    [...steps, ...files].filter((one) => one.state === state).length;
  const change = amount('missing') + amount('wrong');
  const unknown = amount('unknown');
  const right = `${amount('have')} right`;
  const rest = unknown === 0 ? '' : `, ${unknown} unknown (the DNS does not answer)`;
  if (change === 0) return `nothing to change: ${right}${rest}`;
  const open = `${amount('missing')} missing, ${amount('wrong')} wrong`;
  return `${many(change, 'change')}: ${open}; ${right}${rest}`;
}
