/** DKIM keys and their records as text: tables for people, zone files for name servers. Pure. */
import { type DnsRecord, txtStrings } from '../../formats/dns/record.ts';
import { printBindZone } from '../../formats/dns/zone-bind.ts';
import { printTinydnsZone } from '../../formats/dns/zone-tinydns.ts';
import type { KeyView } from '../../ports/admin.ts';
import { many, plain } from '../terminal/format.ts';
import { clock, paint, table } from '../terminal/table.ts';

/** A table of keys, and below it what the operator has to do. */
export function keyListText(keys: readonly KeyView[]): string {
  if (keys.length === 0) return 'No keys. Make the first: postern dkim new DOMAIN\n';
  const spare = keys.filter(isSpare).length;
  const rows = keys
    .filter((key) => !isSpare(key))
    .map((key) => [
      key.domain,
      key.selector,
      kindOf(key),
      paintKeyState(key),
      key.since === 0 ? '' : clock(key.since),
      key.fault === '' ? key.next : plain(key.fault),
    ]);
  const columns = ['DOMAIN', 'SELECTOR', 'KEY', 'STATE', 'SINCE', 'NEXT'].map((title) => ({
    title,
  }));
  const ready =
    spare === 0 ? '' : `${many(spare, 'more probation key')} ready for accounts that need one.\n`;
  return table(columns, rows) + ready + handText(keys);
}

/** There may be many of them, all alike. */
function isSpare({ fault, holder, state, todo }: KeyView): boolean {
  return holder === '' && state === 'signing' && fault === '' && todo === '';
}

/** What the operator has to do, with the records to publish; empty if there is nothing to do. */
function handText(keys: readonly KeyView[]): string {
  const waiting = keys.filter(({ todo }) => todo !== '');
  if (waiting.length === 0) return '';
  const lines = waiting.map(
    ({ domain, selector, todo }) => `  ${selector}._domainkey.${domain}: ${plain(todo)}`,
  );
  const records = waiting.filter(
    ({ record, todo }) => record.text !== '' && /^(?:publish|replace|change) /.test(todo),
  );
  return `\nTo do:\n${lines.join('\n')}\n${recordsText(records)}`;
}

/** The records in the syntax of BIND and of tinydns. */
function recordsText(keys: readonly KeyView[]): string {
  if (keys.length === 0) return '';
  const records = keys.map(({ record }): DnsRecord => {
    const { name, text, ttlSeconds } = record;
    return { type: 'TXT', name, ttlSeconds, strings: txtStrings(text) };
  });
  return `\nFor BIND:\n${printBindZone(records)}\nFor tinydns:\n${printTinydnsZone(records)}`;
}

/** The text after keys were made: what was published, and what the operator has to publish. */
export function madeText(text: string, keys: readonly KeyView[]): string {
  const sent = keys.filter(({ update }) => update?.record === 'key' && update.why === '');
  const refused = keys.filter(({ update }) => update !== undefined && update.why !== '');
  const byHand = keys.filter(({ update, todo }) => update === undefined && todo !== '');
  const looks =
    'Postern looks for them every 10 minutes while it runs, and\n' +
    'signs once every name server has shown them for an hour (signing.rotation.settle).';
  const parts = [
    sent.length === 0
      ? ''
      : `\nPublished: the name server took ${many(sent.length, 'record')} by dynamic update.\n` +
        `${names(sent)}${looks} To follow it: postern dkim keys\n`,
    refused.length === 0
      ? ''
      : `\nNot published: the name server refused ${many(refused.length, 'record')}.\n` +
        `Postern tries again every 10 minutes.\n${refusals(refused)}${recordsText(refused)}`,
    byHand.length === 0 ? '' : `\nPublish these records. ${looks}\n${recordsText(byHand)}`,
  ];
  return `${text}\n${parts.join('')}`;
}

function names(keys: readonly KeyView[]): string {
  return keys.map(({ record }) => `  ${record.name}\n`).join('');
}

function refusals(keys: readonly KeyView[]): string {
  return keys
    .map(({ record, update }) => `  ${record.name}: ${plain(update?.why ?? '')}\n`)
    .join('');
}

function kindOf({ algorithm, bits }: KeyView): string {
  return algorithm === 'rsa-sha256' ? `RSA ${bits}` : 'Ed25519';
}

function paintKeyState({ state, fault, todo }: KeyView): string {
  if (fault !== '') return paint('red', `${state}!`);
  if (state === 'signing') return paint('green', state);
  return paint(todo === '' ? 'dim' : 'yellow', state);
}
