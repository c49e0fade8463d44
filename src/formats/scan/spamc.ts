/**
 * The SPAMC protocol 1.5 of SpamAssassin's spamd: one request and one answer for each connection.
 * Scores of single rules are only in the table of the report, so the table is read. If a custom
 * report has no table, SYMBOLS gives the names without scores. Pure, never throws.
 */
import { fault, ok, type Result } from '../../lib/result.ts';
import type { RuleHit } from './rule.ts';

/**
 * REPORT: score and table. SYMBOLS: score and names. PROCESS: the marked message. TELL: learn a
 * message. PING: check that spamd answers.
 */
export type SpamcVerb = 'REPORT' | 'SYMBOLS' | 'PROCESS' | 'TELL' | 'PING';
export type SpamcLesson = 'spam' | 'ham' | 'forget';

export type SpamcReply = {
  readonly score: number | undefined;
  readonly required: number;
  /** What TELL changed; `local` is the database of learned words. */
  readonly told: string;
  readonly body: Buffer;
};

/** The head of a request, which comes before the message. */
export function spamcHead(
  verb: SpamcVerb,
  octets: number,
  more: { readonly user?: string; readonly lesson?: SpamcLesson } = {},
): string {
  const lines = [`${verb} SPAMC/1.5`];
  if (verb !== 'PING') lines.push(`Content-length: ${octets}`);
  if (more.user !== undefined && more.user !== '') lines.push(`User: ${more.user}`);
  if (more.lesson === 'forget') lines.push('Remove: local');
  else if (more.lesson !== undefined) {
    lines.push(`Message-class: ${more.lesson}`, 'Set: local');
  }
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** Parses a whole answer. */
export function parseSpamdReply(reply: Buffer): Result<SpamcReply, string> {
  const blank = reply.indexOf('\r\n\r\n');
  const [status = '', ...lines] = reply
    .toString('latin1', 0, blank < 0 ? reply.length : blank)
    .split('\r\n');
  const first = /^SPAMD\/\d+\.\d+ (\d{1,3}) (.{0,200})/.exec(status);
  if (first === null) return fault(status === '' ? 'no answer' : 'not an answer of spamd');
  if (first[1] !== '0') return fault(`${first[1]} ${first[2]}`);
  const fields = new Map(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()] as const;
    }),
  );
  const body = blank < 0 ? Buffer.alloc(0) : reply.subarray(blank + 4);
  const length = Number(fields.get('content-length') ?? body.length);
  // Some spamd versions count characters but send octets, so a longer body is accepted.
  if (!(length <= body.length)) return fault('cut short');
  const spam = /^\w+\s*;\s*(-?\d{1,9}(?:\.\d+)?)\s*\/\s*(-?\d{1,9}(?:\.\d+)?)/.exec(
    fields.get('spam') ?? '',
  );
  return ok({
    score: spam === null ? undefined : Number(spam[1]),
    required: spam === null ? 0 : Number(spam[2]),
    told: fields.get('didset') ?? fields.get('didremove') ?? '',
    body,
  });
}

/** The most rules that are read from a report. */
const rulesMax = 200;

/**
 * The rules in the table of a report; undefined if it has no table. Long names run into the column
 * of descriptions, never into the points.
 */
export function reportRules(body: Buffer): readonly RuleHit[] | undefined {
  const lines = body.toString('latin1').split(/\r?\n/);
  const rule = lines.findIndex((line) => /^-{3,} -{10,} -{10,}/.test(line));
  if (rule < 0) return undefined;
  const rules: RuleHit[] = [];
  for (const line of lines.slice(rule + 1)) {
    const row =
      /^\s{0,5}(-?\d{1,6}(?:\.\d+)?)\s+([A-Za-z_][A-Za-z0-9_]{0,99})(?:\s+(.{0,200})|$)/.exec(line);
    const last = rules.at(-1);
    if (row !== null) {
      if (rules.length >= rulesMax) break;
      const about = (row[3] ?? '').trim();
      rules.push({ name: own(row[2] ?? ''), points: Number(row[1]) + 0, about: own(about) });
    } else if (last !== undefined && /^\s{20,}\S/.test(line)) {
      // The description continues on this line.
      const about = own(`${last.about} ${line.trim()}`.slice(0, 300));
      rules[rules.length - 1] = { ...last, about };
    }
  }
  return rules;
}

/** The rules of SYMBOLS, without points. */
export function symbolRules(body: Buffer): readonly RuleHit[] {
  return body
    .toString('latin1')
    .split(/[\s,]+/)
    .filter((name) => /^[A-Za-z_][A-Za-z0-9_]{0,99}$/.test(name))
    .slice(0, rulesMax)
    .map((name) => ({ name: own(name), points: 0 }));
}

/**
 * Copies a text. In V8, a part of a long string keeps the whole string in memory. A report quotes
 * the message, and rules are kept for an hour, but message text must not be.
 */
function own(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}
