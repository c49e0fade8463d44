/**
 * Recognises texts that are nearly a record of SPF, DMARC, MTA-STS or TLS-RPT. Receivers ignore
 * such a text, but its owner meant it as a record. Finds what is wrong, and the record that was
 * meant if that is plain. A character is one octet (Latin-1). Pure.
 */

/** One kind of record. */
export type RecordKind = {
  /** How a record begins, `v=DMARC1`. */
  readonly version: string;
  /**
   * One matches the beginning of a text that is nearly a record; the match is replaced by the
   * version. White space is a single blank there.
   */
  readonly nearly: readonly RegExp[];
  /** Whether receivers take the text for such a record. */
  readonly is: (text: string) => boolean;
  /** Whether the text can be read as a whole. */
  readonly reads: (text: string) => boolean;
  /** What stands between the version, terms and tags. */
  readonly between: ' ' | ';';
};

export type NearRecord = {
  /** One clause. */
  readonly why: string;
  /** The record that was meant; undefined if that is not plain. */
  readonly meant: string | undefined;
};

type Slip = { readonly why: string; readonly fixed: (text: string) => string };

/** UTF-8 and Latin-1 forms of quotation marks, blanks, and characters without width. */
const marks = /"|\xe2\x80[\x98-\x9f]|[\x91-\x94]|^'|'$/g;
const blanks = /[\t-\r\xa0]|\xc2\xa0|\xe3\x80\x80|\xe2\x80[\x80-\x8a\xaf]/g;
const invisible = /\xe2\x80[\x8b-\x8f]|\xef\xbb\xbf|\xc2\xad/g;
/** The fields of a zone file before the text: name, TTL, class and type. */
const pastedHead = /^(?:[\w.@*-]+ )?(?:\d+ )?(?:IN )?TXT (?:\( ?)?/i;

const slips: readonly Slip[] = [
  {
    why: 'it was published with backslashes',
    fixed: (text) => text.replace(/\\(?=[;"', =:\\])/g, ''),
  },
  {
    why: 'it has characters that cannot be seen',
    fixed: (text) => text.replace(invisible, ''),
  },
  {
    why: 'it has a tab or another character where a blank must be',
    fixed: (text) => text.replace(blanks, ' '),
  },
  { why: '', fixed: (text) => text.replace(/ {2,}/g, ' ') },
  {
    why: 'a whole line of a zone file was published',
    fixed: (text) => text.replace(pastedHead, ''),
  },
  {
    why: 'it was published with its quotation marks',
    fixed: (text) => text.replace(/" ?"/g, '').replace(marks, ''),
  },
  { why: 'it begins with a blank', fixed: (text) => text.replace(/^ +/, '') },
];

/** Undefined if the text is such a record, or is not meant as one. */
export function nearRecord(
  { strings }: { readonly strings: readonly string[] },
  kind: RecordKind,
): NearRecord | undefined {
  const joined = strings.join('');
  if (kind.is(joined)) return undefined;
  const [first = ''] = strings;
  const isInWords = strings.length > 1 && first.trim().toLowerCase() === kind.version.toLowerCase();
  const reasons = isInWords
    ? ['its words were published as strings, which readers join without blanks']
    : [];
  let text = isInWords ? strings.join(' ') : joined;
  for (const { why, fixed } of slips) {
    if (kind.is(text)) break;
    const next = fixed(text);
    if (next !== text && why !== '') reasons.push(why);
    text = next;
  }
  if (!kind.is(text)) {
    const [head] = kind.nearly.flatMap((one) => one.exec(text)?.[0] ?? []);
    if (head === undefined) return undefined;
    reasons.push(headFault(head, text, kind));
    text = withVersion(text.slice(head.length), kind);
  }
  return { why: reasons.join('; '), meant: kind.reads(text) ? text : undefined };
}

function headFault(head: string, text: string, { version, between }: RecordKind): string {
  if (head === '') return `${version} is missing at its beginning`;
  const shown = text.slice(0, head.length + 1).replace(/[^ -~]/g, '?');
  return head.toLowerCase() === version.toLowerCase() && (between === ' ' || head === version)
    ? `after ${version} must come a ${between === ' ' ? 'blank' : 'semicolon'}`
    : `it begins with “${shown}”, not with ${version}`;
}

function withVersion(rest: string, { version, between }: RecordKind): string {
  const bare = rest.replace(/^[ ;,.:]+/, '');
  if (between === ' ') {
    const terms = bare === rest ? unglued(bare) : bare;
    return `${version} ${terms}`.trimEnd();
  }
  const tags = bare
    .split(/ ?; ?|[ ,]{1,4}(?=[a-z]{1,8} ?=)/i)
    .filter((tag) => tag !== '' && !/^v ?[=:]/i.test(tag));
  return [version, ...tags].join('; ');
}

/** Blanks before the terms of SPF that have a colon or a qualifier, in a text without blanks. */
function unglued(text: string): string {
  if (text.includes(' ')) return text;
  return text
    .replace(/[-+~?]?(?:include|ip4|ip6|exists):|(?:redirect|exp)=/gi, ' $&')
    .replace(/[-+~?]all$/i, ' $&')
    .trimStart();
}
