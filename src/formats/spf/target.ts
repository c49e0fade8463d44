/**
 * Finds the name that a term asks for, with macros replaced (RFC 7208 section 7), and the names of
 * the client, which %{p} and ptr need (section 5.5).
 */
import { ask, type DnsLookup } from '../dns/question.ts';
import { type ClientNames, hostsMax, type SpfCheck } from './check.ts';
import { expandMacros, type MacroPlace, parseMacros } from './macro.ts';
import { arpaWord, dottedParts, reverseName } from './network.ts';
import { nameOctetsMax, questionName } from './published.ts';

/** The name of a domain-spec in the record of `domain`; undefined if it is not a valid name. */
export function* targetName(
  check: SpfCheck,
  spec: string | undefined,
  domain: string,
): DnsLookup<string | undefined> {
  const text = spec === undefined ? domain : yield* expanded(check, spec, domain, 'domain');
  return questionName(cutToFit(text ?? ''));
}

/** A text with its macros replaced; undefined if it breaks the grammar. */
export function* expanded(
  check: SpfCheck,
  text: string,
  domain: string,
  place: MacroPlace,
): DnsLookup<string | undefined> {
  if (!text.includes('%')) return text;
  const read = parseMacros(text, place);
  if (!read.ok) return undefined;
  const wantsName = read.value.some((part) => typeof part !== 'string' && part.key === 'p');
  const { sender, local, helo, receiver, ip } = check;
  return expandMacros(read.value, {
    s: sender,
    l: local,
    o: check.domain,
    d: domain,
    i: dottedParts(ip).join('.').toUpperCase(),
    p: wantsName ? nearestName(yield* clientNames(check), domain) : '',
    v: arpaWord(ip),
    h: helo,
    c: ip.text,
    r: receiver,
    t: String(check.atSeconds),
  });
}

/** Removes labels on the left until the name fits (RFC 7208 section 7.3). */
function cutToFit(text: string): string {
  const bare = text.endsWith('.') ? text.slice(0, -1) : text;
  if (bare.length <= nameOctetsMax) return bare;
  const dot = bare.indexOf('.', bare.length - nameOctetsMax - 1);
  return dot < 0 ? bare : bare.slice(dot + 1);
}

/**
 * The value of %{p}: the domain itself, else a name below it, else any name (RFC 7208 section 7.3).
 */
function nearestName({ names }: ClientNames, domain: string): string {
  const wanted = domain.toLowerCase();
  return (
    names.find((name) => name === wanted) ??
    names.find((name) => name.endsWith(`.${wanted}`)) ??
    names[0] ??
    'unknown'
  );
}

/**
 * The client's names that resolve back to its address. They are asked for once in an evaluation.
 */
export function* clientNames(check: SpfCheck): DnsLookup<ClientNames> {
  check.names ??= yield* askClientNames(check);
  return check.names;
}

function* askClientNames({ ip }: SpfCheck): DnsLookup<ClientNames> {
  const reverse = reverseName(ip);
  const answer = yield* ask(reverse, 'PTR');
  if (answer.kind === 'failure') {
    return { names: [], none: false, why: `PTR ${reverse}: ${answer.text}` };
  }
  if (answer.kind === 'none') return { names: [], none: true, why: `${ip.text} has no PTR record` };
  const names = answer.records
    .map((record) => (record.type === 'PTR' ? record.target : ''))
    .filter((name) => name !== '')
    .slice(0, hostsMax);
  const type = ip.octets.length === 4 ? 'A' : 'AAAA';
  const answers = yield names.map((name) => ({ name, type }) as const);
  const validated = names.filter((_, nth) => {
    const found = answers[nth];
    // A name whose lookup fails is skipped (RFC 7208 section 5.5).
    return (
      found?.kind === 'records' &&
      found.records.some((record) => record.type === type && record.address === ip.text)
    );
  });
  const why =
    validated.length === 0
      ? `${ip.text} has no name that resolves back to it`
      : `${ip.text} is ${validated.join(', ')}`;
  return { names: validated, none: false, why };
}
