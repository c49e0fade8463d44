/**
 * Checks the record for reports on mail to the domain that could not be encrypted (RFC 8460). It is
 * advised only if the operator wants such reports.
 */
import type { DnsLookup } from '../../formats/dns/question.ts';
import { parseTlsReporting, printTlsReporting, tlsRptKind } from '../../formats/tls/tls-rpt.ts';
import {
  type Aspect,
  type AspectSubject,
  brokenAspect,
  comparedAspect,
  isMeant,
  meantTexts,
  nothing,
  textsAt,
  txt,
  unknownAspect,
} from './aspect.ts';
import { mailto } from './dmarc.ts';
import type { Identity } from './identity.ts';
import type { ZoneView } from './zones/place.ts';

export function* tlsRptAspect(identity: Identity, view: ZoneView): DnsLookup<Aspect> {
  const { domain, tlsReports } = identity;
  const name = `_smtp._tls.${domain}`;
  const title = `reports on failed TLS of mail to ${domain}`;
  const subject: AspectSubject = { id: 'tls-rpt', title, name, type: 'TXT' };
  const place = yield* textsAt(name, isMeant(tlsRptKind), view);
  if (place.kind === 'unknown') {
    return tlsReports.length === 0 ? nothing : unknownAspect(subject, place.why);
  }
  const { published, texts, broken, unclear, hint } = meantTexts(place.records, tlsRptKind);
  if (unclear !== undefined) {
    return brokenAspect(subject, published, { version: tlsRptKind.version, why: unclear });
  }
  const records = texts.flatMap((one) => parseTlsReporting(one) ?? []);
  if (records.length === 0 && tlsReports.length === 0) return nothing;
  const has = new Set(records.flatMap(({ reportsTo }) => reportsTo));
  const lower = [...has].map((one) => one.toLowerCase());
  const more = tlsReports.map(mailto).filter((one) => !lower.includes(one.toLowerCase()));
  const faults = records.flatMap((one) => one.faults);
  const unchanged =
    broken === undefined && records.length === 1 && faults.length === 0 && more.length === 0;
  const reportsTo = [...has, ...more];
  const kept = records.flatMap((one) => one.more);
  const wanted =
    reportsTo.length === 0
      ? []
      : [txt(place.name, printTlsReporting({ reportsTo, more: [...new Set(kept)] }))];
  return comparedAspect(subject, place, {
    published,
    wanted: unchanged ? published : wanted,
    severity: 'warn',
    right: 'senders tell when they could not encrypt mail to the domain',
    wrong:
      broken ??
      faults[0] ??
      (records.length > 1
        ? `there are ${records.length} records, so none of them counts`
        : 'nobody tells you when mail to the domain cannot be encrypted'),
    hint,
  });
}
