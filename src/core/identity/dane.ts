/**
 * DANE for SMTP (RFC 7672): TLSA records that name the certificate of the mail server. They count
 * only if the zone is signed with DNSSEC. Then senders that use DANE do not deliver if a record is
 * out of date.
 */
import type { DnsLookup } from '../../formats/dns/question.ts';
import type { DnsRecord } from '../../formats/dns/record.ts';
import { fine } from '../finding.ts';
import {
  type Aspect,
  type AspectSubject,
  comparedAspect,
  dataTexts,
  nothing,
  recordOf,
  remark,
  type TlsaRecord,
  unknownAspect,
} from './aspect.ts';
import type { TlsCertificate } from './identity.ts';
import { placeOf, type ZoneView } from './zones/place.ts';

/** DANE-EE: the certificate or key of the server itself. */
const endEntity = 3;
/** DANE-TA: a certificate authority that signed it, which is not seen here. */
const trustAnchor = 2;

const isTlsa = (one: DnsRecord): one is TlsaRecord => one.type === 'TLSA';

/** `certificate`: undefined if it is not known; then only the published records can be shown. */
export function* daneAspect(
  host: string,
  certificate: TlsCertificate | undefined,
  view: ZoneView,
): DnsLookup<Aspect> {
  const name = `_25._tcp.${host}`;
  const id = `dane.${host}`;
  const subject: AspectSubject = {
    id,
    title: `TLSA records of ${host}`,
    name,
    type: 'TLSA',
  };
  const published = yield* placeOf({ name, type: 'TLSA', fits: isTlsa }, view);
  if (published.kind === 'unknown') {
    return certificate === undefined ? nothing : unknownAspect(subject, published.why);
  }
  const { records } = published;
  const signed = published.secure;
  if (records.length === 0 && (certificate === undefined || !signed)) return nothing;
  if (!signed) {
    const note = `${dataTexts(records)} (without DNSSEC nobody uses them)`;
    return remark(fine(id, subject.title, note));
  }
  if (certificate === undefined) {
    return remark({
      id,
      kind: 'unknown',
      title: subject.title,
      found: dataTexts(records),
      wanted: 'to see the certificate',
      fix: 'name its file with --certificate, or let me ask the server: --ask-mx',
    });
  }
  const fits = (one: TlsaRecord): boolean =>
    one.usage === endEntity &&
    certificate.digests.some(
      ({ selector, matching, association }) =>
        one.selector === selector && one.matching === matching && one.association === association,
    );
  const good = records.some(fits) || records.some(({ usage }) => usage === trustAnchor);
  const key = certificate.digests.find(
    ({ selector, matching }) => selector === 1 && matching === 1,
  );
  const ours =
    key === undefined ? [] : [recordOf(published.name, { type: 'TLSA', usage: endEntity, ...key })];
  return comparedAspect(subject, published, {
    wanted: good ? records : ours,
    severity: records.length === 0 ? 'warn' : 'fail',
    right: 'senders that use DANE find the certificate that the server shows',
    wrong:
      records.length === 0
        ? 'the zone is signed, so senders could know the certificate for sure'
        : 'the server shows another certificate: senders that use DANE do not deliver',
  });
}
