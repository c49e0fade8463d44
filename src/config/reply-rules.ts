/**
 * Reads the operator's own rules for replies of receiving servers: a TOML file of [[rule]] tables.
 * A file with an error is refused as a whole; each error names the line.
 */
import { readFileSync, statSync } from 'node:fs';
import { parse, TomlError } from 'smol-toml';
import { z } from 'zod';
import { providerById } from '../core/deliverability/providers.ts';
import { replyScopes, replySeverities } from '../core/replies/classified.ts';
import { openReplyClassifier } from '../core/replies/classifier.ts';
import { replyPatternFault } from '../core/replies/pattern.ts';
import { type ReplyRule, replySteps, type WaitWord, waits } from '../core/replies/rule.ts';
import { OperatorError, sysexits } from '../lib/operator-error.ts';

/** Most of a file, so that its patterns fit into memory: bytes, rules, patterns of one rule. */
const bytesMax = 300_000;
const rulesMax = 500;
const patternsMax = 50;

const pattern = z.string().superRefine((text, at) => {
  const fault = replyPatternFault(text);
  if (fault !== undefined) at.addIssue({ code: 'custom', message: `the pattern ${fault}` });
});
const code = z
  .string()
  .regex(
    /^(?:[245]\d{0,2}|[245]\.\d{1,3}\.\d{1,3}(?:-[245]\.\d{1,3}\.\d{1,3})?)$/,
    'must be a code such as 5, 550, 5.7.1 or 5.7.606-5.7.649',
  )
  .refine(isRange, 'must go up, and only in its last number, such as 5.7.606-5.7.649');
/** Codes from the first to the last one differ in nothing but their last number. */
function isRange(text: string): boolean {
  const [first = '', last] = text.split('-');
  if (last === undefined) return true;
  const parts = (one: string): readonly string[] => /^(.*\.)(\d+)$/.exec(one) ?? [];
  const [, begin, from] = parts(first);
  const [, end, to] = parts(last);
  return begin === end && Number(from) <= Number(to);
}

const speaker = z
  .string()
  .refine(
    (id) => id === 'other' || id === 'own' || providerById(id) !== undefined,
    'must be the id of a provider, such as google, or other',
  );
const link = z.union([
  z.literal(''),
  z.url({ protocol: /^https?$/, error: 'must be an address that begins with https://' }),
]);
const texts = z.string().max(1_000);

const rule = z
  .strictObject({
    id: z
      .string()
      .regex(/^[\w./-]{1,60}$/, 'must have 1 to 60 characters: a-z, digits, . / - or _'),
    from: z.array(speaker).max(100).default([]),
    words: z.array(pattern).max(patternsMax).default([]),
    without: z.array(pattern).max(patternsMax).default([]),
    codes: z.array(code).max(patternsMax).default([]),
    steps: z.array(z.enum(replySteps)).max(replySteps.length).default([]),
    scope: z.enum(replyScopes),
    severity: z.enum(replySeverities),
    wait: z.enum(Object.keys(waits) as [WaitWord, ...WaitWord[]]),
    filter: z.string().max(60).default(''),
    cure: texts.min(1, 'must say what the operator does'),
    link: link.default(''),
    source: texts.default(''),
    verified: z.string().max(20).default(''),
    yes: texts.min(1, 'must be a reply that the rule fits'),
    no: texts.default(''),
  })
  .refine(
    ({ words, codes }) => words.length + codes.length > 0,
    'has neither words nor codes: it would fit every reply',
  );

const rulesFile = z.strictObject({ rule: z.array(rule).max(rulesMax).default([]) });

/** `file`: empty for none. Throws OperatorError `config` with a line for each error. */
export function readReplyRules(file: string): readonly ReplyRule[] {
  if (file === '') return [];
  let text: string;
  try {
    const stat = statSync(file);
    if (!stat.isFile()) throw wrong(`${file}, the file of providers.rules, is not a file`);
    if (stat.size > bytesMax) throw wrong(`${file} is longer than ${bytesMax} bytes`);
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    if (cause instanceof OperatorError) throw cause;
    throw wrong(`cannot read ${file}, the file of providers.rules`, cause);
  }
  return parseReplyRules(text, file);
}

/** As readReplyRules, from text; `name` is the file's name in messages. */
export function parseReplyRules(text: string, name: string): readonly ReplyRule[] {
  let toml: unknown;
  try {
    toml = parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    throw wrong(`${name}, line ${error.line}: ${error.message.split('\n')[0] ?? ''}`);
  }
  const read = rulesFile.safeParse(toml);
  if (!read.success) {
    const faults = read.error.issues.map((issue) => faultText(text, name, toml, issue));
    throw wrong(faults.join('\n'));
  }
  const faults = read.data.rule.flatMap((one, index) =>
    exampleFaults(one).map(([key, why]) => `${placeOf(text, name, index, key)}: ${why}`),
  );
  const twice = read.data.rule.flatMap(({ id }, index) =>
    read.data.rule.findIndex((other) => other.id === id) === index
      ? []
      : [`${placeOf(text, name, index, 'id')}: another rule has the id ${id}`],
  );
  if (faults.length + twice.length > 0) throw wrong([...faults, ...twice].join('\n'));
  return read.data.rule;
}

/** A rule must fit its own example, and not the other one. */
function exampleFaults(one: ReplyRule): readonly (readonly [string, string])[] {
  return [
    ...(fits(one, one.yes)
      ? []
      : [['yes', `the rule ${one.id} does not fit its example: ${whyNot(one)}`] as const]),
    ...(one.no !== '' && fits(one, one.no)
      ? [['no', `the rule ${one.id} fits the example that it must not fit`] as const]
      : []),
  ];
}

/** Host and step do not count, so that an example is the words alone. */
function fits(one: ReplyRule, reply: string): boolean {
  const alone = openReplyClassifier([{ ...one, from: [], steps: [] }]);
  return alone.classify({ reply, mxHost: 'mx.example.net', status: 'bounced' }).rule !== '';
}

function whyNot(one: ReplyRule): string {
  if (one.codes.length > 0 && !fits({ ...one, words: [], without: [] }, one.yes)) {
    return 'its code is not in codes';
  }
  if (fits({ ...one, without: [] }, one.yes)) return 'a pattern of without is in it';
  const isExpression = one.words.some((word) => /^\^|\$$|\.[*+]|\\/.test(word));
  const hint = isExpression ? '; a pattern is plain words and *, no expression' : '';
  return `none of words is in it${hint}`;
}

function faultText(text: string, name: string, toml: unknown, issue: z.core.$ZodIssue): string {
  const [top, index, key] = issue.path;
  if (issue.path.length < 2) {
    const keys = issue.code === 'unrecognized_keys' ? issue.keys : [String(top)];
    const at = text.split('\n').findIndex((line) => isSetting(line, keys[0] ?? ''));
    const where = at < 0 ? name : `${name}, line ${at + 1}`;
    if (issue.code === 'too_big') return `${where}: more than ${rulesMax} rules`;
    return `${where}: ${keys.join(', ')}: each rule begins with a line [[rule]]`;
  }
  const unknown = issue.code === 'unrecognized_keys' ? issue.keys : [];
  const where = placeOf(text, name, Number(index), String(key ?? unknown[0] ?? ''));
  if (unknown.length > 0) return `${where}: unknown setting ${unknown.join(', ')}`;
  const value = issue.path.reduce<unknown>(
    (inner, step) => (inner as Readonly<Record<PropertyKey, unknown>> | undefined)?.[step],
    toml,
  );
  const missing = value === undefined ? 'is missing; it ' : '';
  return `${where}: ${key === undefined ? 'the rule' : String(key)}: ${missing}${wanted(issue)}`;
}

function wanted(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_value') return `must be one of ${issue.values.join(', ')}`;
  if (issue.code !== 'invalid_type') return issue.message;
  return issue.expected === 'array' ? 'must be a list: ["one", "two"]' : 'must be a text in quotes';
}

/** `FILE, line N`: where the key of the rule is, or where the rule begins. */
function placeOf(text: string, name: string, index: number, key: string): string {
  const lines = text.split('\n');
  const begins = lines.flatMap((line, at) => (/^\s*\[\[\s*rule\s*\]\]/.test(line) ? [at] : []));
  const begin = begins[index];
  if (begin === undefined) return name;
  const end = begins[index + 1] ?? lines.length;
  const at = lines.findIndex(
    (line, number) => number > begin && number < end && isSetting(line, key),
  );
  return `${name}, line ${(at < 0 ? begin : at) + 1}`;
}

/** Whether a line sets this key, or begins a table of this name. */
function isSetting(line: string, key: string): boolean {
  return key !== '' && line.replace(/^[\s[]+/, '').split(/[\s=\]]/)[0] === key;
}

function wrong(text: string, cause?: unknown): OperatorError {
  return new OperatorError('config', text, {
    ...(cause === undefined ? {} : { cause }),
    exit: sysexits.config,
    hint: 'docs/replies.md says what a rule has; `postern config check` checks the file',
  });
}
