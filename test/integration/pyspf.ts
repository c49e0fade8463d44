/**
 * The SPF library of Debian's python3-spf (pyspf) as a second opinion: its DNS replaced by zones at
 * hand.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { answeredBy } from '../../src/formats/dns/question.ts';
import type { DnsRecord } from '../../src/formats/dns/record.ts';
import { textOfTxt } from '../../src/formats/dns/record.ts';
import { zoneAnswers } from '../../src/formats/dns/zone-answers.ts';
import { evaluateSpf, type SpfAnswer, type SpfQuestion } from '../../src/formats/spf/evaluate.ts';
import { python } from './spf-suite.ts';

export type OpinionCase = {
  readonly records: readonly DnsRecord[];
  readonly question: Pick<SpfQuestion, 'ip' | 'sender' | 'helo'>;
  readonly voidsMax: number;
};
export type Opinion = {
  readonly result: string;
  readonly explanation: string;
  readonly why: string;
};

/** Why there is no second opinion here; false: there is. */
export function pyspfMissing(): string | false {
  const { status } = spawnSync(python, ['-c', 'import spf']);
  return status === 0 ? false : 'python3-spf is not installed';
}

/** One process judges all cases. A result of `raised` is one that it did not catch. */
export function askPyspf(cases: readonly OpinionCase[]): readonly Opinion[] {
  const input = cases.map(({ records, question, voidsMax }) => ({
    zone: records.map((record) => [record.name, record.type, dataOf(record)]),
    ...question,
    voidsMax,
  }));
  const options = { input: JSON.stringify(input), encoding: 'utf8', maxBuffer: 1 << 26 } as const;
  return JSON.parse(execFileSync(python, ['-c', program], options)) as readonly Opinion[];
}

function dataOf(record: DnsRecord): unknown {
  switch (record.type) {
    case 'A':
    case 'AAAA':
      return record.address;
    case 'MX':
      return [record.preference, record.exchange];
    case 'CNAME':
    case 'PTR':
      return record.target;
    case 'TXT':
      return textOfTxt(record);
    default:
      throw new Error(`pyspf asks for no ${record.type}`);
  }
}

/** Voids are counted by the term here (RFC 7208 section 4.6.4), by the question in pyspf. */
export const noVoidsMax = 1000;

export function ours({ records, question, voidsMax }: OpinionCase): SpfAnswer {
  const asking = evaluateSpf({ ...question, atSeconds: 0, voidsMax });
  return answeredBy(asking, zoneAnswers(records));
}

export const verdict = ({ result, explanation }: Pick<Opinion, 'result' | 'explanation'>): string =>
  `${result} ${explanation}`.trim();

const program = `
import json, sys
sys.dont_write_bytecode = True
import spf

zone = {}

def lookup(name, qtype, strict=True, timeout=None, level=0):
    here = zone.get(name.lower().rstrip('.'), [])
    if [data for kind, data in here if kind == 'TXT'] == ['TIMEOUT'] and len(here) == 1:
        raise spf.TempError('DNS timeout')
    for kind, data in here:
        if kind == 'TXT':
            data = (data.encode('latin-1'),)
        elif kind == 'MX':
            data = tuple(data)
        yield ((name, kind), data)

spf.DNSLookup = lookup
answers = []
for case in json.load(sys.stdin):
    zone = {}
    for name, kind, data in case['zone']:
        zone.setdefault(name, []).append((kind, data))
    spf.MAX_VOID_LOOKUPS = case['voidsMax']
    try:
        asked = spf.query(i=case['ip'], s=case['sender'], h=case['helo'])
        asked.set_default_explanation('')
        result, _, text = asked.check()
        said = text if result == 'fail' else ''
        answers.append({'result': result, 'explanation': said, 'why': text})
    except Exception as error:
        answers.append({'result': 'raised', 'explanation': '', 'why': repr(error)})
json.dump(answers, sys.stdout)
`;
