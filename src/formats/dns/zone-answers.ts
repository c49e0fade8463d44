/**
 * Answers questions from given records, as a server that is authoritative for all of them. It
 * follows aliases (CNAME, DNAME), and knows wildcards (RFC 4592) and names that exist only because
 * there are names below. For `--zone` and tests.
 */
import type { DnsAnswer, DnsQuestion } from './question.ts';
import { type DnsRecord, textOfTxt } from './record.ts';

/** A name whose only record has this text behaves like a server that does not answer. */
const silent = 'TIMEOUT';
const aliasesMax = 8;

/** Makes a function that answers from `records`. Other names do not exist. */
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
      const moved = belowAlias(byName, wanted);
      if (moved?.type === 'CNAME' && type === 'CNAME') {
        return { kind: 'records', records: [moved], secure: false };
      }
      if (moved?.type === 'CNAME') {
        wanted = moved.target;
        continue;
      }
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
    return { kind: 'failure', reason: 'servfail', text: `aliases of ${name} form a loop` };
  };
}

/** The alias that a DNAME above a name makes of this name (RFC 6672 section 2.2). */
function belowAlias(
  byName: ReadonlyMap<string, readonly DnsRecord[]>,
  name: string,
): DnsRecord | undefined {
  for (let above = parentOf(name); above !== ''; above = parentOf(above)) {
    const redirect = byName.get(above)?.find((record) => record.type === 'DNAME');
    if (redirect?.type !== 'DNAME') continue;
    const own = name.slice(0, -above.length);
    const { ttlSeconds } = redirect;
    return { type: 'CNAME', name, target: `${own}${redirect.target.toLowerCase()}`, ttlSeconds };
  }
  return undefined;
}

function none(exists: boolean): DnsAnswer {
  return { kind: 'none', exists, secure: false };
}

function parentOf(name: string): string {
  const dot = name.indexOf('.');
  return dot < 0 ? '' : name.slice(dot + 1);
}

/** The records of `*.` at the closest existing name above, with the name that was asked for. */
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
