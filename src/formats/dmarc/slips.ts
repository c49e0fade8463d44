/**
 * Corrects plain slips in the text of a DMARC record: `adkim=strict` for `adkim=s`, commas between
 * tags, `mailto: a@example.org`. What is not plain stays as it is. Pure, linear in the text.
 */
import { dmarcPolicies } from './record.ts';

const names = ['v', 'p', 'sp', 'np', 'rua', 'ruf', 'adkim', 'aspf', 'fo', 'pct', 'ri', 'rf'];
const known = [...names, 't', 'psd'].join('|');
const otherNames: ReadonlyMap<string, string> = new Map([
  ['policy', 'p'],
  ['rau', 'rua'],
  ['rfu', 'ruf'],
  ['akdim', 'adkim'],
  ['adkm', 'adkim'],
  ['asfp', 'aspf'],
]);

/** Words that are often written instead of a value. */
const meanings = {
  policy: new Map([
    ['non', 'none'],
    ['nome', 'none'],
    ['monitor', 'none'],
    ['quarantined', 'quarantine'],
    ['quarantaine', 'quarantine'],
    ['quarentine', 'quarantine'],
    ['quarintine', 'quarantine'],
    ['quaratine', 'quarantine'],
    ['rejected', 'reject'],
    ['rejet', 'reject'],
    ['rejct', 'reject'],
  ]),
  alignment: new Map([
    ['strict', 's'],
    ['strikt', 's'],
    ['relaxed', 'r'],
    ['relax', 'r'],
    ['relexed', 'r'],
  ]),
  flag: new Map([
    ['yes', 'y'],
    ['true', 'y'],
    ['1', 'y'],
    ['on', 'y'],
    ['no', 'n'],
    ['false', 'n'],
    ['0', 'n'],
    ['off', 'n'],
  ]),
} as const;
const kinds: ReadonlyMap<string, keyof typeof meanings> = new Map([
  ['p', 'policy'],
  ['sp', 'policy'],
  ['np', 'policy'],
  ['adkim', 'alignment'],
  ['aspf', 'alignment'],
  ['t', 'flag'],
  ['psd', 'flag'],
]);

/** The text of the record as it was meant. */
export function correctedDmarc(text: string): string {
  const separated = text
    .replace(/\\(?=[;,"'])/g, '')
    .replace(new RegExp(`[,\\s]+(?=(?:${known})\\s*=)`, 'gi'), '; ');
  const tags: { name: string; value: string }[] = [];
  for (const part of separated.split(';')) {
    const [whole, written = '', value = ''] = /^\s*["']?(\w+)\s*[=:]+(.*)$/s.exec(part) ?? [];
    const lower = written.toLowerCase();
    const name = otherNames.get(lower) ?? lower;
    const before = tags.at(-1);
    if (whole !== undefined && !/^mail(?:to)?$/.test(name)) {
      tags.push({ name, value: meantValue(name, value.trim()) });
    } else if (part.includes('@') && /^ru[af]$/.test(before?.name ?? '') && before !== undefined) {
      // A semicolon between two addresses.
      before.value += `,${meantValue(before.name, part.trim())}`;
    } else if (part.trim() !== '') tags.push({ name: '', value: part.trim() });
  }
  return tags.map(({ name, value }) => (name === '' ? value : `${name}=${value}`)).join('; ');
}

function meantValue(name: string, written: string): string {
  const value = written.replace(/^["'\s]+|["'\s]+$/g, '');
  const kind = kinds.get(name);
  if (kind !== undefined) {
    const word = value.toLowerCase().replace(/[.,:!]+$/, '');
    const isPolicy = kind === 'policy' && dmarcPolicies.some((one) => one === word);
    return meanings[kind].get(word) ?? (isPolicy || word.length === 1 ? word : value);
  }
  if (name === 'pct') return value.replace(/\s*%$/, '');
  if (name === 'fo') return value.toLowerCase().replace(/[\s,:;/|]+/g, ':');
  return name === 'rua' || name === 'ruf' ? meantAddresses(value) : value;
}

function meantAddresses(value: string): string {
  return value
    .replace(/(mail(?:to)?\s*[:=]+)\s+/gi, '$1')
    .split(/[,\s]+(?=\S*@)|,/)
    .map((one) => one.replace(/[\s<>"']/g, ''))
    .map((one) => one.replace(/^mail(?:to)?[:=;/]+(?=[^/:]+@)/i, 'mailto:'))
    .filter((one) => one !== '')
    .join(',');
}
