/** What `postern dkim import` prints: keys, lines for postern.toml, and what is missing. Pure. */
import { allowanceText, type Proposal, proposalsMax } from '../../core/authors/proposals.ts';
import type { SigningRules } from '../../core/signing/choose.ts';
import type { Takeover } from '../../core/signing/takeover.ts';
import { mayWriteAsCommand } from '../../core/unsigned-text.ts';
import type { Allowance } from '../../formats/filters/signer-setup.ts';
import { many, plain } from '../terminal/format.ts';
import type { ComparedDomain } from './import-compare.ts';
import type { ImportLine } from './import-keys.ts';

export type ImportReport = {
  readonly lines: readonly ImportLine[];
  readonly takeover: Takeover;
  /** Who might have what signed. */
  readonly allowed: readonly Allowance[];
  /** Declarations that keep what was allowed, and that are not made. */
  readonly proposals: readonly Proposal[];
  /** Declarations that `--declare` made. */
  readonly declared: readonly Proposal[];
  /** Settings that work differently. */
  readonly notes: readonly string[];
  /** What was not understood. */
  readonly gaps: readonly string[];
  /** Undefined without --compare. */
  readonly compared: readonly ComparedDomain[] | undefined;
};

export function importText(report: ImportReport): string {
  const { lines, takeover, notes, gaps } = report;
  const shown = lines.map(
    ({ key, taken, text }) => `${taken ? '  ' : '! '}${plain(key)}: ${plain(text)}\n`,
  );
  const count = lines.filter((line) => line.taken).length;
  const rest = lines.length - count;
  const sum = `${many(count, 'key')}${rest === 0 ? '' : `, and ${rest} that cannot be imported`}\n`;
  const unsigned = takeover.unsigned.map(({ from, why }) => `${fromName(from)}: ${why}`);
  return [
    ...shown,
    sum,
    list('Mail of these domains would leave unsigned', unsigned),
    linesText(takeover.missing),
    list('Not understood', gaps),
    list('Notes', notes),
    allowedText(report.allowed),
    proposalsText(report.proposals),
    list('Declared', report.declared.map(declaredText)),
  ].join('');
}

/** The account, its right, and the command that takes it back. */
const declaredText = (one: Proposal): string =>
  `${one.account} may write as ${one.address}; undo: ${mayWriteAsCommand(one)} --remove`;

const outcomes: Readonly<Record<Allowance['becomes'], string>> = {
  same: 'the same',
  declared: 'the same with declarations',
  narrower: 'narrower',
  wider: 'wider',
  cannot: 'not kept',
};

/** What the other signer allowed, by what Postern does instead; what needs a person comes first. */
function allowedText(allowed: readonly Allowance[]): string {
  if (allowed.length === 0) return '';
  const order = ['cannot', 'narrower', 'declared', 'wider', 'same'] as const;
  const rows = order.flatMap((outcome) =>
    allowed
      .filter(({ becomes }) => becomes === outcome)
      .map((one) => `  ${outcomes[outcome]}: ${plain(allowanceText(one))}\n`),
  );
  return `\nWho could have what signed, and what Postern does:\n${rows.join('')}`;
}

/** Commands that are shown; the rest is counted. */
const commandsShown = 10;

function proposalsText(proposals: readonly Proposal[]): string {
  if (proposals.length === 0) return '';
  const shown = proposals.slice(0, commandsShown).map(mayWriteAsCommand);
  const more = proposals.length - shown.length;
  const rest = more > 0 ? `  and ${more} more; --json shows all\n` : '';
  const how =
    proposals.length > proposalsMax
      ? `More than ${proposalsMax}: declare only the clients and domains that send`
      : 'Run these commands, or import again with --declare';
  const rows = shown.map((one) => `  ${plain(one)}\n`).join('');
  return `\nDeclarations that keep what clients could do. ${how}:\n${rows}${rest}`;
}

/** As importText, for `--json`. */
export function importJson(report: ImportReport): unknown {
  const { lines, takeover, allowed, declared, proposals, notes, gaps, compared } = report;
  const { identity, domains } = takeover.missing;
  return {
    keys: lines,
    unsigned: takeover.unsigned,
    signing: { identity, domains: Object.fromEntries(domains) },
    allowed,
    declared: declared.map(({ account, address }) => ({ account, address })),
    declarations: proposals.map((one) => ({ ...one, command: mayWriteAsCommand(one) })),
    gaps,
    notes,
    ...(compared === undefined ? {} : { compared }),
  };
}

/**
 * Why the import is not complete, in one sentence; undefined if Postern signs all the same mail.
 */
export function leftOut(report: ImportReport): string | undefined {
  const { lines, takeover, proposals, gaps, compared } = report;
  const keys = lines.filter(({ taken }) => !taken).length;
  const { missing, unsigned } = takeover;
  const advised = missing.domains.size + (missing.identity === '' ? 0 : 1);
  const asked = (compared ?? []).filter(({ fault }) => fault === '');
  const differing = asked.filter(({ loses }) => loses).length;
  const open = (compared ?? []).length - asked.length;
  const parts = [
    ...(lines.length === 0 ? ['no key was found'] : []),
    ...(keys === 0 ? [] : [`${many(keys, 'key')} could not be imported`]),
    ...(unsigned.length === 0 ? [] : [`mail would leave unsigned: ${namesOf(unsigned)}`]),
    ...(advised === 0 ? [] : [`${many(advised, 'line')} of [signing] must be added first`]),
    ...(proposals.length === 0 ? [] : [`${many(proposals.length, 'declaration')} to be made`]),
    ...(gaps.length === 0 ? [] : [`${many(gaps.length, 'setting')} not understood`]),
    ...(differing === 0 ? [] : [`${many(differing, 'domain')} signed differently`]),
    ...(open === 0 ? [] : [`${many(open, 'domain')} not compared`]),
  ];
  return parts.length === 0 ? undefined : parts.join('; ');
}

/** Domains in a sentence; the rest is in the report. */
const namedMax = 5;

function namesOf(unsigned: Takeover['unsigned']): string {
  const names = unsigned.map(({ from }) => fromName(from));
  const more = names.length - namedMax;
  return `${names.slice(0, namedMax).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function fromName(from: string): string {
  return from === '*' ? 'all other domains' : plain(from);
}

function list(title: string, sentences: readonly string[]): string {
  if (sentences.length === 0) return '';
  return `\n${title}:\n${sentences.map((one) => `  ${plain(one)}\n`).join('')}`;
}

/** Lines for postern.toml, as they can be pasted. */
function linesText({ identity, domains }: SigningRules): string {
  if (identity === '' && domains.size === 0) return '';
  const rows = [...domains].map(([from, signer]) => `"${plain(from)}" = "${plain(signer)}"\n`);
  return (
    '\nThe other signer signs mail of these domains with the key of another domain. For the\n' +
    'same signatures, add these lines to the configuration of Postern and reload it:\n\n' +
    (identity === '' ? '' : `[signing]\nidentity = "${plain(identity)}"\n`) +
    (rows.length === 0 ? '' : `${identity === '' ? '' : '\n'}[signing.domains]\n${rows.join('')}`)
  );
}
