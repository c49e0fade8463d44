/**
 * Reads one word of an SPF record as it was meant, although it may have a plain slip: `ip4=` for
 * `ip4:`, `include.example.org`, `a:192.0.2.1`, `-all` glued to a name. What can mean several
 * things is not read. Pure.
 */
import { parseSpf, printSpfTerm, type SpfTerm } from './record.ts';
import { hostLengths, meantName, networkTerm } from './slip-argument.ts';

export type WordReading =
  /** `why`: what is wrong with the word; undefined if nothing is. */
  | { readonly kind: 'terms'; readonly terms: readonly SpfTerm[]; readonly why: string | undefined }
  /** `why`: one clause for people. */
  | { readonly kind: 'unread'; readonly why: string };

/** Longer words are not corrected; names have at most 253 octets. */
const wordMax = 400;

/** Reads a word that has no blank. */
export function readWord(word: string): WordReading {
  const strict = strictTerm(word);
  const doubt = strict === undefined ? faultOf(word) : ignoredSender(strict);
  if (strict !== undefined && doubt === undefined && !isOddName(strict)) {
    return { kind: 'terms', terms: [strict], why: undefined };
  }
  const pieces = word.length > wordMax ? [] : unglued(word);
  const terms = pieces.map(correctedTerm).filter((term) => term !== undefined);
  if (pieces.length > 0 && terms.length === pieces.length) {
    const printed = terms.map(printSpfTerm).join(' ');
    const why = pieces.length > 1 ? 'a blank is missing' : (doubt ?? 'this is not a name');
    const isSame = strict !== undefined && printSpfTerm(strict) === printed;
    if (!isSame) return { kind: 'terms', terms, why: `${why}; read as ${printed}` };
  }
  if (strict !== undefined && doubt === undefined && !/[,;|\\"'()<>&=]/.test(plainName(strict))) {
    return { kind: 'terms', terms: [strict], why: undefined };
  }
  return { kind: 'unread', why: hintOf(word) ?? doubt ?? faultOf(word) };
}

/** The term, if the word follows the grammar. */
function strictTerm(word: string): SpfTerm | undefined {
  if (word.includes(' ')) return undefined;
  const read = parseSpf(`v=spf1 ${word}`);
  return read.ok ? read.value[0] : undefined;
}

function faultOf(word: string): string {
  const read = parseSpf(`v=spf1 ${word}`);
  return read.ok ? 'nobody can tell what it means' : read.error.what;
}

/** Why receivers ignore the name of a sender; undefined if they do not. */
function ignoredSender(term: SpfTerm): string | undefined {
  if (term.kind !== 'unknown') return undefined;
  if (term.name.toLowerCase() === 'v') return 'the version stands only once, at the beginning';
  const kind = /^al{1,3}$/i.test(term.name) ? 'all' : kindOf(term.name);
  if (kind === undefined) {
    const isGlued = unglued(`${term.name}=`).length > 1;
    return isGlued ? `receivers ignore ${term.name}=` : undefined;
  }
  const meant = kind === 'redirect' ? 'redirect=' : `${kind === 'ip' ? 'ip4' : kind}:`;
  return `receivers ignore ${term.name}=, because it is written ${meant}`;
}

/** Whether a name follows the grammar, and can hardly be meant so. */
function isOddName(term: SpfTerm): boolean {
  const name = plainName(term);
  return (name !== '' && !/^[\w-]+(?:\.[\w-]+)*\.?$/.test(name)) || /[^.]-all$/i.test(name);
}

/** The name in a term, without macros. */
function plainName(term: SpfTerm): string {
  const name = 'domain' in term ? (term.domain ?? '') : '';
  return name.replace(/%\{[^}]{0,60}\}|%[%_-]/g, 'x');
}

/** Where another term begins in a word; not where a word is there twice. */
const seam =
  /(?<=[a-z\d.\]])(?=[+~?]?(?:include|exists|ip[46]):(?!(?:include|exists|ip[46])?:)|redirect=)/i;

/** A word of several terms without blanks between them. */
function unglued(word: string): readonly string[] {
  const name = /^[-+~?]?([\w-]+)[:=]/.exec(word)?.[1] ?? '';
  const isOneWord = kindOf(name) !== undefined && !/[:=].*[:=]/.test(word);
  const pieces = isOneWord ? [word] : word.split(seam);
  return pieces.flatMap((piece) => {
    const [whole, head = '', all = ''] = /^(.*[\w.\])])([-~?+]all)\W*$/i.exec(piece) ?? [];
    return whole === undefined || /^[-~?+]*$/.test(head) ? [piece] : [head, all];
  });
}

const isSign = (char: string): boolean => '-+~?'.includes(char);

function correctedTerm(word: string): SpfTerm | undefined {
  const text = corrected(word);
  return text === undefined ? undefined : strictTerm(text);
}

/** The word as it was meant; undefined if that is not plain. */
function corrected(word: string): string | undefined {
  const all = allOf(word);
  if (all !== undefined) return all;
  const bare = word.replace(/^[^\w%+~?\u0080-\uffff-]+/, '');
  const signs = /^[-+~?]*/.exec(bare)?.[0] ?? '';
  const sign = signs[0] ?? '';
  // Two different qualifiers: nobody knows which one is meant.
  if ([...signs].some((one) => one !== sign)) return undefined;
  const rest = bare.slice(signs.length);
  const [kind, argument] = keyword(rest);
  // The sender that is refused stood behind the colon; not all hosts of the domain are meant.
  if (/^[-~]$/.test(sign) && /^(?:a|mx|ptr)[:=]+$/i.test(rest)) return undefined;
  // Perhaps the sign is a slip too; it would refuse a sender.
  if (sign === '-' && !/^(?:include|exists|ip[46]|a|mx|ptr)\b/i.test(rest)) return undefined;
  if (kind !== undefined) return termText(kind, argument, sign);
  const address = networkTerm(rest);
  return address === undefined ? undefined : `${sign}${address}`;
}

/** `all` with signs at the wrong place; the mildest one counts. */
function allOf(word: string): string | undefined {
  if (!/^[^a-z\d]*al{1,3}[^a-z\d]*$/i.test(word)) return undefined;
  const signs = [...word].filter(isSign);
  const sign = ['?', '~', '-', '+'].find((one) => signs.includes(one));
  const isBare = /^al{1,3}[.,;:]*$/i.test(word);
  return `${sign ?? (isBare ? '' : '~')}all`;
}

type Kind = 'ip' | 'include' | 'exists' | 'redirect' | 'exp' | 'a' | 'mx' | 'ptr';

/** The word of a term and what is behind it. */
function keyword(text: string): readonly [Kind | undefined, string] {
  const [before, name = '', behind = ''] = /^([\w-]+)[ \t]*[:=]+(.*)$/.exec(text) ?? [];
  const kind = before === undefined ? undefined : kindOf(name);
  if (kind !== undefined) return [kind, behind];
  const glued = /^(include|exists|redirect|ip[_-]?v?[46])[.;|>\\/-]?((?!s?[.:=]|[.:=]).+)$/i.exec(
    text,
  );
  if (glued !== null) return [kindOf(glued[1] ?? ''), glued[2] ?? ''];
  const hosts = /^(a|mx|ptr)(\W*|\/.*)$/i.exec(text);
  return hosts === null ? [undefined, ''] : [kindOf(hosts[1] ?? ''), hosts[2] ?? ''];
}

const kinds: ReadonlyMap<string, Kind> = new Map(
  (['include', 'exists', 'redirect', 'exp', 'a', 'mx', 'ptr'] as const).map((one) => [one, one]),
);
const others: ReadonlyMap<string, Kind> = new Map([
  ...(['inc', 'incl', 'includes', 'included'] as const).map((one) => [one, 'include'] as const),
  ...(['ip', 'ip4', 'ip6', 'ipv4', 'ipv6', 'ip-4', 'ip-6', 'ip_4', 'ip_6'] as const).map(
    (one) => [one, 'ip'] as const,
  ),
  ...(['ip4v', 'ip6v', 'ipv', 'p4', 'p6', 'i4', 'i6', 'lp4', 'lp6', '1p4', '1p6'] as const).map(
    (one) => [one, 'ip'] as const,
  ),
  ...(['ipp4', 'iip4', 'ip44', 'ip4r', 'ip5', 'pi4', 'pi6', 'ipv-4', 'ipv_4'] as const).map(
    (one) => [one, 'ip'] as const,
  ),
  ['prt', 'ptr'],
]);

function kindOf(name: string): Kind | undefined {
  const lower = name.toLowerCase();
  return (
    kinds.get(lower) ??
    others.get(lower) ??
    (['include', 'redirect', 'exists'] as const).find((one) => isOneSlip(lower, one))
  );
}

/** One character is missing, too many, wrong, or changed places with the next one. */
function isOneSlip(written: string, meant: string): boolean {
  if (Math.abs(written.length - meant.length) > 1) return false;
  // Perhaps a blank is missing behind the mechanism a.
  if (written === `a${meant}`) return false;
  let at = 0;
  while (at < meant.length && written[at] === meant[at]) at++;
  const [left, right] = [written.slice(at), meant.slice(at)];
  if (left.slice(1) === right || left === right.slice(1)) return true;
  if (left.slice(1) === right.slice(1)) return true;
  return left.slice(2) === right.slice(2) && left[0] === right[1] && left[1] === right[0];
}

function termText(kind: Kind, argument: string, sign: string): string | undefined {
  // The word was written twice: include:include:example.org.
  const again = /^([\w-]+):(.*)$/.exec(argument);
  const twice = again === null ? undefined : kindOf(again[1] ?? '');
  if (twice !== undefined && twice !== kind) return undefined;
  if (twice === kind && again !== null) return termText(kind, again[2] ?? '', sign);
  // The colon of ip6: stands before its number.
  const address = networkTerm(kind === 'ip' ? argument.replace(/^[46]:/, '') : argument);
  if (kind === 'redirect' || kind === 'exp') {
    const name = meantName(argument);
    return sign !== '' || address !== undefined || name === '' ? undefined : `${kind}=${name}`;
  }
  if (address !== undefined) return `${sign}${address}`;
  if (kind === 'a' || kind === 'mx') return hostsTerm(kind, argument, sign);
  const name = meantName(argument.replace(/(?<!\/)\/\d{1,3}$/, ''));
  if (kind === 'ptr') return `${sign}ptr${name === '' ? '' : `:${name}`}`;
  if (name === '' || /^[\d.]+$/.test(name)) return undefined;
  if (kind !== 'ip') return `${sign}${kind}:${name}`;
  if (!/^[a-z_][\w-]*(?:\.[\w-]+)+\.?$/i.test(name)) return undefined;
  // A host has no underscore in its name; the SPF records of services have.
  return name.includes('_') ? `${sign}include:${name}` : hostsTerm('a', argument, sign);
}

function hostsTerm(kind: 'a' | 'mx', argument: string, sign: string): string | undefined {
  const lengths = /(?<![:/])(?:\/+\d{1,3}){1,2}\/*$/.exec(argument)?.[0] ?? '';
  const written = argument.slice(0, argument.length - lengths.length);
  const name = meantName(written);
  if (name === '' && /\w/.test(written)) return undefined;
  if (/^[\d.]+$/.test(name)) return undefined;
  const shown = hostLengths(lengths.replace(/\/+$/, ''));
  return `${sign}${kind}${name === '' ? '' : `:${name}`}${shown}`;
}

const domainLike = /^[-+~?]?[\w-]+(?:\.[\w-]+)+\.?$/;

function hintOf(word: string): string | undefined {
  if (domainLike.test(word)) {
    return `no mechanism stands before it: perhaps a:${word} or include:${word} is meant`;
  }
  const [kind, argument] = keyword(word.replace(/^\W+/, ''));
  if (kind !== undefined && !/\w/.test(argument)) return 'nobody can tell which name was meant';
  return kind === 'ip' ? 'nobody can tell which address was meant' : undefined;
}

/** Whether a word begins a term of its own, so that it does not continue the word before it. */
export function beginsTerm(word: string): boolean {
  if (allOf(word) !== undefined) return true;
  const rest = word.replace(/^[^\w%]+/, '');
  if (/^(?:v=spf|(?:a|mx|ptr|include|exists|ip4|ip6|redirect)(?:[^\w.-]|$))/i.test(rest))
    return true;
  return /^[\w-]+[:=]/.test(rest) && keyword(rest)[0] !== undefined;
}
