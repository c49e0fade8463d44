/**
 * Answers from records at hand, as an authoritative server of all of them would give: aliases
 * followed, wildcards (RFC 4592), names that exist only because something lies below them. For
 * `--zone` and tests.
 */
import type { DnsAnswer, DnsQuestion } from './question.ts';
import { type DnsRecord, textOfTxt } from './record.ts';

/** A name whose only record is this text stands for a server that does not answer. */
const silent = 'TIMEOUT';
const aliasesMax = 8;

/** A function that answers from `records`. What is not among them does not exist. */
export function zoneAnswers(records: readonly DnsRecord[]): (question: DnsQuestion) => DnsAnswer {
  const byName = new Map<string, DnsRecord[]>();
  const existing = new Set<string>();
  for (const record of records) {
    const name = record.name.toLowerCase();
    const here = byName.get(name);
    if (here === undefined) byName.set(name, [record]);
    else here.push(record);
    for (let above = name; above !== ''; above = parentOf(above)) existing.add(above);
  }
  return ({ name, type }) => {
    let wanted = name.toLowerCase();
    for (let aliases = 0; aliases <= aliasesMax; aliases++) {
      const here = byName.get(wanted) ?? wildcard(byName, existing, wanted);
      if (here === undefined) return none(existing.has(wanted));
      const [only] = here;
      if (here.length === 1 && only?.type === 'TXT' && textOfTxt(only) === silent) {
        return { kind: 'failure', reason: 'timeout', text: `no server answers for ${wanted}` };
      }
      const found = here.filter((record) => record.type === type);
      if (found.length > 0) return { kind: 'records', records: found, secure: false };
      const alias = here.find((record) => record.type === 'CNAME');
      if (alias?.type !== 'CNAME') return none(true);
      wanted = alias.target.toLowerCase();
    }
    return { kind: 'failure', reason: 'servfail', text: `aliases of ${name} go round in a circle` };
  };
}

function none(exists: boolean): DnsAnswer {
  return { kind: 'none', exists, secure: false };
}

function parentOf(name: string): string {
  const dot = name.indexOf('.');
  return dot < 0 ? '' : name.slice(dot + 1);
}

/** The records of `*.` at the closest encloser, with the name that was asked for. */
function wildcard(
  byName: ReadonlyMap<string, readonly DnsRecord[]>,
  existing: ReadonlySet<string>,
  name: string,
): readonly DnsRecord[] | undefined {
  if (existing.has(name)) return undefined;
  let above = parentOf(name);
  while (above !== '' && !existing.has(above)) above = parentOf(above);
  const found = byName.get(above === '' ? '*' : `*.${above}`);
  return found?.map((record) => ({ ...record, name }));
}
