/** Rules as people read and type them. Pure. */
import { addressKey } from '../../formats/message/address.ts';
import { during } from '../../lib/time.ts';
import type { RecipientRule, ScriptRate, ScriptRule } from './rules.ts';

/** Entries of one rule at most. A longer list belongs in a mailing list program. */
const entriesMax = 1_000;

/** The recipients, as the end of "it may write to". */
export function recipientsText(recipients: RecipientRule): string {
  switch (recipients.kind) {
    case 'any':
      return 'anybody';
    case 'listed':
      return `only ${recipients.entries.join(', ')}`;
    default:
      return `${recipients.owners.join(', ')} and one visitor`;
  }
}

export const rateText = (rate: ScriptRate): string =>
  `${rate.messages} messages within ${during(rate.perMs)}`;

/** A rule in one line. */
export function ruleText(rule: ScriptRule): string {
  const who = rule.uid === undefined ? rule.path : `${rule.path} of user number ${rule.uid}`;
  if (rule.effect === 'deny') return `${who} may send nothing`;
  const parts = [
    `to ${recipientsText(rule.recipients)}`,
    ...(rule.from.length === 0 ? [] : [`as ${rule.from.join(', ')}`]),
    ...(rule.rate === undefined ? [] : [`at most ${rateText(rule.rate)}`]),
  ].join(', ');
  return rule.effect === 'allow' ? `${who} may send ${parts}` : `${who} is only watched: ${parts}`;
}

/** The words after `postern scripts` that make this rule. */
export function ruleWords(rule: Omit<ScriptRule, 'id'>): readonly string[] {
  const { effect, path, uid, recipients, from, rate } = rule;
  const many = (option: string, values: readonly string[]): readonly string[] =>
    values.flatMap((value) => [option, value]);
  const user = uid === undefined ? [] : ['--user', String(uid)];
  if (effect === 'deny') return ['deny', path, ...user];
  const to = {
    any: [effect === 'allow' ? ['--any'] : []].flat(),
    listed: many('--to', recipients.kind === 'listed' ? recipients.entries : []),
    'owner-and-visitor': many(
      '--owner',
      recipients.kind === 'owner-and-visitor' ? recipients.owners : [],
    ),
  }[recipients.kind];
  const often = rate === undefined ? [] : ['--rate', `${rate.messages}/${rate.perMs / 1_000}s`];
  return [effect, path, ...user, ...to, ...many('--from', from), ...often];
}

/** An entry of a list of addresses, as rules have it; undefined if it is invalid. */
export function entryOf(text: string): string | undefined {
  const trimmed = text.trim();
  const domain = /^@((?:\*\.)?[^\s@*]*[^\s@*.])\.*$/.exec(trimmed)?.[1];
  if (domain !== undefined) return `@${domain.toLowerCase()}`;
  const key = addressKey(trimmed);
  return /^[^@]+@[^@]+$/.test(key) && !/\s/.test(trimmed) ? key : undefined;
}

/**
 * Entries of a text, divided by commas or lines; `#` begins a comment. Undefined if an entry is
 * invalid or there are more than `entriesMax`.
 */
export function entriesOf(text: string): readonly string[] | undefined {
  const words = text
    .split('\n')
    .map((line) => line.replace(/#.*$/, ''))
    .flatMap((line) => line.split(','))
    .map((word) => word.trim())
    .filter((word) => word !== '');
  const entries = words.map(entryOf);
  if (entries.length > entriesMax) return undefined;
  return entries.every((entry) => entry !== undefined) ? [...new Set(entries)] : undefined;
}
