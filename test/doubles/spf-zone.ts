/** Zones in a line for each record, and the SPF result that they give a client. */
import { answeredBy, type DnsAnswer, type DnsQuestion } from '../../src/formats/dns/question.ts';
import { type DnsData, type DnsRecord, txtStrings } from '../../src/formats/dns/record.ts';
import { zoneAnswers } from '../../src/formats/dns/zone-answers.ts';
import { evaluateSpf, type SpfAnswer, type SpfQuestion } from '../../src/formats/spf/evaluate.ts';

/** `name TYPE value` a line; several TXT lines of one name are several records. */
export function zone(...lines: readonly string[]): readonly DnsRecord[] {
  return lines.map((line) => {
    const [name = '', type = '', ...rest] = line.split(' ');
    return { ...data(type, rest.join(' ')), name, ttlSeconds: 60 };
  });
}
function data(type: string, value: string): DnsData {
  if (type === 'TXT') return { type, strings: txtStrings(value) };
  if (type === 'MX')
    return { type, preference: Number.parseInt(value, 10), exchange: value.split(' ')[1] ?? '' };
  if (type === 'A' || type === 'AAAA') return { type, address: value };
  return { type: type === 'PTR' ? 'PTR' : 'CNAME', target: value };
}

/** What the last evaluation asked. */
export const asked: DnsQuestion[] = [];
export function evaluate(
  records: readonly DnsRecord[],
  question: Partial<SpfQuestion> = {},
  answer: (question: DnsQuestion) => DnsAnswer = zoneAnswers(records),
): SpfAnswer {
  asked.length = 0;
  return answeredBy(
    evaluateSpf({
      ip: '192.0.2.1',
      sender: 'joe@example.org',
      helo: 'mail.example.org',
      atSeconds: 9,
      ...question,
    }),
    (one) => {
      asked.push(one);
      return answer(one);
    },
  );
}
/** The record of example.org. */
export const spf = (terms: string): string => `example.org TXT v=spf1 ${terms}`;
