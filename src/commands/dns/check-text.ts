/**
 * The findings of `dns check` as text: the worst first, how to fix each, and what providers
 * require. Pure.
 */
import { type Finding, worst } from '../../core/finding.ts';
import type { MetState, Provider, Requirement } from '../../core/identity/requirements.ts';
import { shellWords } from '../../lib/shell-words.ts';
import {
  findingCounts,
  findingMark,
  markWidth,
  plainMark,
  worstFirst,
} from '../terminal/findings.ts';
import { plain } from '../terminal/format.ts';
import { paint, table, wrapped } from '../terminal/table.ts';
import { negativeText } from './zone/negative-cache.ts';

export type DnsCheck = {
  /** Undefined if nothing is known about the server. */
  readonly server:
    | { readonly host: string | undefined; readonly findings: readonly Finding[] }
    | undefined;
  readonly domains: readonly {
    readonly domain: string;
    readonly findings: readonly Finding[];
    readonly bulk: boolean;
    /** Empty for a domain that never sends. */
    readonly requirements: readonly Requirement[];
    /** How long resolvers may remember that a record was missing, if one is missing. */
    readonly missingSeconds: number | undefined;
  }[];
  /** Other domains in From of outgoing mail, which were not checked. */
  readonly others: readonly { readonly domain: string; readonly messagesPerDay: number }[];
};

const width = 100;
const labelWidth = 8;

export function checkText(checked: DnsCheck): string {
  const { server, domains } = checked;
  const parts: string[] = [];
  if (server === undefined && domains.every(({ requirements }) => requirements.length === 0)) {
    // No domain sends mail, so the server does not matter.
  } else if (server === undefined) {
    parts.push('The server: not known (set --ip and --host, or [identity] in postern.toml)\n');
  } else {
    parts.push(section(`The server ${server.host ?? ''}`.trim(), server.findings));
  }
  for (const { domain, findings, requirements, bulk, missingSeconds } of domains) {
    parts.push(section(domain, findings));
    if (missingSeconds !== undefined) parts.push(rememberedText(domain, missingSeconds));
    if (requirements.length > 0) parts.push(requirementsText(domain, requirements, bulk));
  }
  if (checked.others.length > 0) parts.push(othersText(checked.others));
  parts.push(summary(checked));
  return parts.join('\n');
}

function rememberedText(domain: string, seconds: number): string {
  const time = negativeText(seconds);
  const text =
    `Have you just published what is missing? Resolvers remember for up to ${time} that a record ` +
    'was missing (SOA of the zone), and this check asks a resolver. To ask the name servers ' +
    `themselves: ${shellWords('postern', 'dns', 'watch', domain)}`;
  return `${wrapped(text, width).join('\n')}\n`;
}

function section(title: string, findings: readonly Finding[]): string {
  return `${paint('bold', title)}\n${worstFirst(findings).map(findingText).join('')}`;
}

function findingText({ kind, title, found, wanted, fix }: Finding): string {
  const head = `${findingMark(kind)} ${plain(title)}`;
  if (kind === 'ok') {
    const hint = fix === '' ? '' : labelled('hint', fix);
    const line = `${plainMark(kind)} ${plain(title)}: ${plain(found)}`;
    if (line.length <= width) return `${head}: ${plain(found)}\n${hint}`;
    return `${head}\n${labelled('found', found)}${hint}`;
  }
  const parts = [labelled('found', found)];
  if (wanted !== '') parts.push(labelled('wanted', wanted));
  if (fix !== '') parts.push(labelled('fix', fix));
  return `${head}\n${parts.join('')}`;
}

/** Lines with a label in front. Words are never broken, so that they can be copied. */
function labelled(label: string, text: string): string {
  const lines = wrapped(shortened(plain(text)), width - markWidth - labelWidth);
  const space = ' '.repeat(markWidth);
  return lines
    .map((line, nth) => `${space}${(nth === 0 ? label : '').padEnd(labelWidth)}${line}\n`)
    .join('');
}

const shownMax = 60;

/** Shortens long words such as keys; `dns plan` prints them whole. */
function shortened(text: string): string {
  return text
    .split(' ')
    .map((word) => (word.length > shownMax + 20 ? `${word.slice(0, shownMax)}…` : word))
    .join(' ');
}

const providers: readonly Provider[] = ['Gmail', 'Yahoo', 'Microsoft'];
const metMarks: Readonly<Record<MetState, string>> = {
  yes: '✓ yes',
  no: '✗ NO',
  unknown: '? unknown',
  unseen: '· check',
};

function requirementsText(domain: string, rows: readonly Requirement[], bulk: boolean): string {
  const columns = ['MET', 'REQUIREMENT', 'GMAIL', 'YAHOO', 'MICROSOFT', 'SEE'];
  const body = rows.map(({ what, by, met, see }) => [
    metMarks[met],
    what,
    ...providers.map((one) => (by.includes(one) ? 'wants' : '')),
    see,
  ]);
  const who = bulk
    ? `What providers require of ${domain}, which sends more than 5,000 messages a day`
    : `What providers require of ${domain} (with more than 5,000 messages a day: --bulk)`;
  return `${who}\n${table(
    columns.map((title) => ({ title })),
    body,
  )}`;
}

const othersShownMax = 5;

function othersText(others: DnsCheck['others']): string {
  const first = others.slice(0, othersShownMax);
  const names = first.map(
    ({ domain, messagesPerDay }) => `${plain(domain)} (${messagesPerDay} messages a day)`,
  );
  const rest = others.length > first.length ? `, and ${others.length - first.length} more` : '';
  const text =
    `Mail of other domains also left this server: ${names.join(', ')}${rest}. ` +
    'To check one: postern dns check DOMAIN';
  return `${wrapped(text, width).join('\n')}\n`;
}

function summary({ server, domains }: DnsCheck): string {
  const all = [...(server?.findings ?? []), ...domains.flatMap(({ findings }) => findings)];
  const line = `${all.length} findings: ${findingCounts(all)}\n`;
  const bad = worst(all);
  if (bad === 'ok' || bad === 'unknown') return line;
  const names = domains.map(({ domain }) => domain).slice(0, 3);
  const plan = shellWords('postern', 'dns', 'plan', ...names);
  return `${line}For the records to publish: ${plan} --only-changes\n`;
}
