/**
 * Checks the record for reports on mail to the domain that could not be encrypted (RFC 8460). It is
 * advised only if the operator wants such reports.
 */
import type { DnsLookup } from '../../formats/dns/question.ts';
import { textOfTxt } from '../../formats/dns/record.ts';
import { parseTlsReporting, printTlsReporting } from '../../formats/tls/tls-rpt.ts';
import {
  type Aspect,
  type AspectSubject,
  comparedAspect,
  nothing,
  textsAt,
  txt,
  unknownAspect,
} from './aspect.ts';
import { mailto } from './dmarc.ts';
import type { Identity } from './identity.ts';

const meant = (text: string): boolean => parseTlsReporting(text) !== undefined;

export function* tlsRptAspect(identity: Identity): DnsLookup<Aspect> {
  const { domain, tlsReports } = identity;
  const name = `_smtp._tls.${domain}`;
  const title = `reports on failed TLS of mail to ${domain}`;
  const subject: AspectSubject = { id: 'tls-rpt', title, name, type: 'TXT' };
  const published = yield* textsAt(name, meant);
  if (published.kind === 'unknown') {
    return tlsReports.length === 0 ? nothing : unknownAspect(subject, published.why);
  }
  const records = published.records.flatMap((one) => parseTlsReporting(textOfTxt(one)) ?? []);
  if (records.length === 0 && tlsReports.length === 0) return nothing;
  const has = new Set(records.flatMap(({ reportsTo }) => reportsTo));
  const lower = [...has].map((one) => one.toLowerCase());
  const more = tlsReports.map(mailto).filter((one) => !lower.includes(one.toLowerCase()));
  const faults = records.flatMap((one) => one.faults);
  const unchanged = records.length === 1 && faults.length === 0 && more.length === 0;
  const reportsTo = [...has, ...more];
  const kept = records.flatMap((one) => one.more);
  const wanted =
    reportsTo.length === 0
      ? []
      : [txt(published.name, printTlsReporting({ reportsTo, more: [...new Set(kept)] }))];
  return comparedAspect(
    { ...subject, name: published.name },
    {
      published: published.records,
      wanted: unchanged ? published.records : wanted,
      severity: 'warn',
      right: 'senders tell when they could not encrypt mail to the domain',
      wrong:
        faults[0] ??
        (records.length > 1
          ? `there are ${records.length} records, so none of them counts`
          : 'nobody tells you when mail to the domain cannot be encrypted'),
    },
  );
}
