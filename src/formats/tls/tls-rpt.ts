/**
 * Reads and prints the record that asks for reports on failed TLS (RFC 8460 section 3):
 * `v=TLSRPTv1; rua=mailto:tls@example.org`. Pure.
 */
import type { RecordKind } from '../dns/near-record.ts';

export type TlsReporting = {
  /** URIs as published, mailto: or https:. */
  readonly reportsTo: readonly string[];
  /** Parts besides v and rua, as published. */
  readonly more: readonly string[];
  /** One clause for each fault. */
  readonly faults: readonly string[];
};

const version = /^v=TLSRPTv1[ \t]*(?:;|$)/;
const uri = /^(?:mailto:[^\s,!;@]+@[^\s,!;@]+|https:\/\/[^\s,!;]+)$/i;

/** Parses a record; undefined if the text is not a TLS-RPT record, which receivers ignore. */
export function parseTlsReporting(text: string): TlsReporting | undefined {
  if (!version.test(text)) return undefined;
  const faults: string[] = [];
  const more: string[] = [];
  let reportsTo: readonly string[] | undefined;
  for (const part of text.split(';').slice(1)) {
    const words = part.trim();
    if (words === '') continue;
    const value = /^rua\s*=\s*(.*)$/i.exec(words)?.[1];
    if (value === undefined) {
      if (/^[a-z0-9][\w.-]{0,31}=[^=\s;]+$/i.test(words)) more.push(words);
      else faults.push(`“${words.slice(0, 40)}” is not name=value`);
    } else if (reportsTo !== undefined) faults.push('rua occurs twice');
    else {
      const all = value.split(',').map((one) => one.trim());
      reportsTo = all.filter((one) => uri.test(one));
      for (const one of all.filter((other) => !uri.test(other))) {
        faults.push(`“${one.slice(0, 60)}” is neither mailto: nor https:`);
      }
    }
  }
  if ((reportsTo ?? []).length === 0) faults.push('rua is missing, so no one gets reports');
  return { reportsTo: reportsTo ?? [], more, faults };
}

/** For texts that are nearly TLS-RPT records. */
export const tlsRptKind: RecordKind = {
  version: 'v=TLSRPTv1',
  nearly: [
    /^v ?[=:]{0,2} ?(?:smtp-?)?tls-?rpt(?: ?[-._]? ?v?1)?/i,
    /^tls-?rpt ?v?1(?=[ ;,:])/i,
    /^(?=rua ?= ?(?:mailto|https):)/i,
  ],
  is: (text) => version.test(text),
  reads: (text) => parseTlsReporting(text)?.faults.length === 0,
  between: ';',
};

export function printTlsReporting({
  reportsTo,
  more,
}: Pick<TlsReporting, 'reportsTo' | 'more'>): string {
  return ['v=TLSRPTv1', `rua=${reportsTo.join(',')}`, ...more].join('; ');
}
