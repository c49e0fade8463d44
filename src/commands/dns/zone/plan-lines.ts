/**
 * Says what to do with the lines of a zone file for a step of the plan: replace, remove or append,
 * and what is there already. Pure.
 */
import type { DnsRecord } from '../../../formats/dns/record.ts';
import { textOfTxt } from '../../../formats/dns/record.ts';
import { plain } from '../../terminal/format.ts';
import type { PlanStep } from './plan-steps.ts';
import { recordKey, type ZoneFile, type ZonePlace } from './zone-file.ts';

/** A record on one line, in the syntax of the name server. */
export type PrintRecord = (record: DnsRecord) => string;

/** Lines of comments before the new records of a step. */
export function stepLines(
  step: PlanStep,
  zone: ZoneFile | undefined,
  print: PrintRecord,
): readonly string[] {
  const { remove, add } = step;
  const lines: string[] = [];
  if (remove.length > 0) {
    const verb = add.length > 0 ? 'replace' : 'remove';
    const label = add.length > 0 ? 'was' : 'remove';
    const gone = placesIn(zone, remove);
    if (gone.length === 0) lines.push(...(add.length > 0 ? ['replace:'] : []));
    for (const place of gone) lines.push(`${verb} ${placeText(place)}:`, ...said(label, place));
    for (const one of gone.length === 0 ? remove : []) lines.push(`${label}: ${print(one)}`);
    lines.push(...gone.flatMap((place) => madeBeside(place, step, print)));
    if (add.length > 0) lines.push(gone.length > 1 ? 'by one line:' : 'by:');
  } else if (add.length > 0) lines.push('append:');
  return lines;
}

/** The kept records of a step, which are not to be published again. */
export function keptLines(
  { keep }: PlanStep,
  zone: ZoneFile | undefined,
  print: PrintRecord,
): readonly string[] {
  const places = placesIn(zone, keep);
  if (places.length === 0) {
    return [...new Set(keep.map((one) => `there already: ${print(one)}`))];
  }
  return places.flatMap((place) => said(`there already, ${placeText(place)}`, place));
}

/** The places of all these records; empty if one of them is not in the file. */
function placesIn(zone: ZoneFile | undefined, records: readonly DnsRecord[]): readonly ZonePlace[] {
  const places = records.map((one) => zone?.placesOf(one) ?? []);
  return places.some((one) => one.length === 0) ? [] : [...new Set(places.flat())];
}

function placeText({ first, lines }: ZonePlace): string {
  return lines.length === 1 ? `line ${first}` : `lines ${first} to ${first + lines.length - 1}`;
}

function said(label: string, { lines }: ZonePlace): readonly string[] {
  return lines.map((line, nth) => (nth === 0 ? `${label}: ${plain(line)}` : `  ${plain(line)}`));
}

/** What else a line makes, which must stay: `=` also makes a PTR record, `@` an address. */
function madeBeside(
  { records }: ZonePlace,
  { remove }: PlanStep,
  print: PrintRecord,
): readonly string[] {
  const gone = new Set(remove.map(recordKey));
  const rest = records.filter((one) => !gone.has(recordKey(one)));
  if (rest.length === 0) return [];
  return ['this also makes, which must stay:', ...rest.map((one) => `  ${print(one)}`)];
}

/** What to run when the lines are in the file. `updatable`: Postern can make all changes itself. */
export function afterwards(
  format: 'bind' | 'tinydns',
  zone: ZoneFile | undefined,
  updatable: boolean,
): string {
  if (format === 'bind') {
    const steps =
      'afterwards: raise the serial of the SOA record, check with named-checkzone ZONE FILE, ' +
      'then run rndc';
    if (!updatable) return `${steps} reload ZONE`;
    // BIND keeps changes of a dynamic zone in a journal, and overwrites a file that is edited.
    return (
      'with --update, Postern sends the changes in these domains. To edit the file instead, run ' +
      `rndc freeze ZONE before; ${steps} thaw ZONE`
    );
  }
  const isTheirs = zone?.format === 'tinydns' && zone.folder !== undefined;
  const where = isTheirs ? zone.folder : 'the folder of data (often /etc/tinydns/root)';
  return (
    `afterwards: run make in ${plain(where ?? '')}; if it has no Makefile, tinydns-data. The ` +
    'serial needs nothing: tinydns-data takes the time of the file'
  );
}

/** Octets of the largest answer by UDP without EDNS (RFC 1035 section 2.3.4). */
const udpOctetsMax = 512;
const txtStringOctets = 127;

/**
 * A warning for answers that are too long for tinydns, which answers only by UDP. All records of a
 * name and type are in one answer.
 */
export function tooLong({ name, type, keep, add, others, remove }: PlanStep): string {
  if (type !== 'TXT') return '';
  const before = answerOctets(name, [...others, ...keep, ...remove]);
  const octets = answerOctets(name, [...others, ...keep, ...add]);
  if (octets <= udpOctetsMax) return '';
  const count = others.length + keep.length + add.length;
  const all = others.length === 0 ? '' : ` with all ${count} TXT records of ${name}`;
  const now = before <= udpOctetsMax ? '' : ` It has ${before} now, so it is too long already.`;
  return (
    `the answer has ${octets} octets${all}, and tinydns (UDP only) sends at ` +
    `most ${udpOctetsMax}: whoever cannot ask by TCP gets none of them.${now} Take out TXT ` +
    'records that nobody needs, or run axfrdns beside it, which answers by TCP'
  );
}

/** The octets of the answer of tinydns: header, question, and the records with short names. */
function answerOctets(name: string, records: readonly DnsRecord[]): number {
  const texts = records.flatMap((one) => (one.type === 'TXT' ? [textOfTxt(one).length] : []));
  return texts.reduce(
    (sum, text) => sum + 12 + text + Math.ceil(text / txtStringOctets),
    12 + name.length + 2 + 4,
  );
}

/** What a step does not do, and the operator may want. `known`: selectors that were named. */
export function hintsOf(
  { id, type, keep, add }: PlanStep,
  known: readonly string[],
): readonly string[] {
  if (type !== 'TXT') return [];
  const texts = [...keep, ...add].flatMap((one) => (one.type === 'TXT' ? [textOfTxt(one)] : []));
  const hints: string[] = [];
  if (id === 'dmarc' && texts.some((text) => /\bp=none\b/i.test(text) && !/\brua=/i.test(text))) {
    hints.push(
      'hint: p=none without rua= changes nothing and tells you nothing; --rua ADDRESS has ' +
        'reports sent of who uses the domain',
    );
  }
  if (id !== 'spf') return hints;
  for (const [service, include, selectors] of signers) {
    const open = selectors.filter((one) => !known.includes(one));
    if (open.length === 0) continue;
    if (!texts.some((text) => text.toLowerCase().includes(`include:${include}`))) continue;
    hints.push(
      `hint: ${service} signs with keys of its own. To check them too: ` +
        open.map((one) => `--selector ${one}`).join(' '),
    );
  }
  return hints;
}

/** Services with well-known selectors, by what they ask to be put into SPF. */
const signers: readonly (readonly [string, string, readonly string[]])[] = [
  ['Google', '_spf.google.com', ['google']],
  ['Mailchimp', 'servers.mcsv.net', ['k2', 'k3']],
  ['Microsoft 365', 'spf.protection.outlook.com', ['selector1', 'selector2']],
];
