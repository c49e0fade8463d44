/** The plan as text: a BIND zone file, tinydns data, or names, types and values. Pure. */
import type { FileStep, Step } from '../../core/identity/aspect.ts';
import type { DnsRecord } from '../../formats/dns/record.ts';
import { textOfTxt } from '../../formats/dns/record.ts';
import { printBindZone } from '../../formats/dns/zone-bind.ts';
import { printTinydnsZone } from '../../formats/dns/zone-tinydns.ts';
import { many, plain } from '../terminal/format.ts';
import { paint, table } from '../terminal/table.ts';

export const planFormats = ['bind', 'tinydns', 'web'] as const;
export type PlanFormat = (typeof planFormats)[number];

export type DnsPlan = {
  /** The named domains, in their order. */
  readonly domains: readonly string[];
  readonly steps: readonly Step[];
  readonly files: readonly FileStep[];
};

export type PlanView = { readonly format: PlanFormat; readonly onlyChanges: boolean };

export function planText(plan: DnsPlan, view: PlanView): string {
  const shown = plan.steps.filter(({ state }) => !view.onlyChanges || state !== 'have');
  const sections = plan.domains.map((domain) => ({
    domain,
    steps: shown.filter((step) => zoneOf(step, plan.domains) === domain),
  }));
  const elsewhere = shown.filter((step) => zoneOf(step, plan.domains) === undefined);
  const writer = writers[view.format];
  const parts = sections
    .filter(({ steps }) => steps.length > 0)
    .map(({ domain, steps }) => writer.zone(domain, steps));
  if (elsewhere.length > 0) parts.push(writer.elsewhere(elsewhere));
  const files = plan.files.filter(({ state }) => !view.onlyChanges || state !== 'have');
  parts.push(...files.map((file) => fileText(file, writer.comment)));
  parts.push(`${writer.comment}${summary(plan)}\n`);
  return parts.join('\n');
}

/** The longest named domain that contains the record; undefined if none of them does. */
function zoneOf({ name, where }: Step, domains: readonly string[]): string | undefined {
  if (where !== 'zone') return undefined;
  const above = domains.filter((domain) => name === domain || name.endsWith(`.${domain}`));
  return above.sort((one, other) => other.length - one.length)[0];
}

type Writer = {
  readonly comment: string;
  zone(domain: string, steps: readonly Step[]): string;
  elsewhere(steps: readonly Step[]): string;
};

const elsewhereTitle = 'Records in other zones, for the owners of those zones';
const width = 100;

/** A writer of zone files. All explanations are comments, so that the file can be used as it is. */
function zoneWriter(
  comment: string,
  print: (records: readonly DnsRecord[], origin: string | undefined) => string,
  warning: (records: readonly DnsRecord[]) => string = () => '',
): Writer {
  const about = (step: Step): string => {
    const lines = wrapped(`${step.state}: ${plain(step.why)}`, width - comment.length);
    const gone = step.remove.map(
      (one) => `${step.add.length > 0 ? 'was' : 'remove'}: ${oneLine(print([one], undefined))}`,
    );
    const said = warning([...step.keep, ...step.add]);
    const more = said === '' ? [] : wrapped(said, width - comment.length);
    return [...lines, ...gone, ...more].map((line) => `${comment}${line}\n`).join('');
  };
  const body = ({ keep, add }: Step, origin: string | undefined): string =>
    keep.length + add.length === 0 ? '' : print([...keep, ...add], origin);
  return {
    comment,
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
                .map((line) => `${comment}  ${line}`)
                .join('\n')}\n`;
        return `${comment.trimEnd()}\n${about(step)}${marked}`;
      });
      return `${comment}${elsewhereTitle}\n${all.join('')}`;
    },
  };
}

function printBind(records: readonly DnsRecord[], origin: string | undefined): string {
  const text = printBindZone(records, origin === undefined ? {} : { origin });
  // $ORIGIN is printed once, at the top of the domain.
  return records.length === 0 || origin === undefined ? text : text.replace(/^\$ORIGIN .*\n/, '');
}

const oneLine = (text: string): string => text.trim().replace(/\s*\n\s*/g, ' ');

/** Octets of the largest answer by UDP without EDNS (RFC 1035 section 2.3.4). */
const udpOctetsMax = 512;
const txtStringOctets = 127;

/** A warning for answers that are too long for tinydns, which answers only by UDP. */
function tooLong(records: readonly DnsRecord[]): string {
  const texts = records.flatMap((one) => (one.type === 'TXT' ? [textOfTxt(one).length] : []));
  const [first] = records;
  if (texts.length === 0 || first === undefined) return '';
  const header = 12 + first.name.length + 2 + 4;
  const octets = texts.reduce(
    (sum, text) => sum + 12 + text + Math.ceil(text / txtStringOctets),
    header,
  );
  if (octets <= udpOctetsMax) return '';
  return (
    `the answer has ${octets} octets, and tinydns (UDP only) sends at most ${udpOctetsMax}: ` +
    'run axfrdns beside it, which answers by TCP'
  );
}

const writers: Readonly<Record<PlanFormat, Writer>> = {
  bind: zoneWriter('; ', printBind),
  tinydns: zoneWriter('# ', (records) => printTinydnsZone(records), tooLong),
  web: {
    comment: '',
    zone: (domain, steps) => `${paint('bold', domain)}\n${webRows(steps, domain)}`,
    elsewhere: (steps) => `${paint('bold', elsewhereTitle)}\n${webRows(steps, undefined)}`,
  },
};

/** Rows for control panels: names without the domain, whole values without quotes. */
function webRows(steps: readonly Step[], domain: string | undefined): string {
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

function summary({ steps, files }: DnsPlan): string {
  const amount = (state: Step['state']): number =>
    [...steps, ...files].filter((one) => one.state === state).length;
  const change = amount('missing') + amount('wrong');
  const unknown = amount('unknown');
  const right = `${amount('have')} right`;
  const rest = unknown === 0 ? '' : `, ${unknown} unknown (the DNS does not answer)`;
  if (change === 0) return `nothing to change: ${right}${rest}`;
  const open = `${amount('missing')} missing, ${amount('wrong')} wrong`;
  return `${many(change, 'change')}: ${open}; ${right}${rest}`;
}

/** Lines of at most `most` characters, broken between words. */
export function wrapped(text: string, most: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > most) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
