/**
 * Classifies replies of receiving servers. One pass over a reply finds the patterns of all rules in
 * it; of the rules that fit, the first decides. Pure.
 */
import { providerOfMx } from '../deliverability/providers.ts';
import { saidByCode } from './basic-code.ts';
import type { AnsweredReply, ClassifiedReply, ReplyClassifier } from './classified.ts';
import { PatternFinder } from './finder.ts';
import { foldInto, newFoldedText } from './folded-text.ts';
import { type ReplyFrame, readFrame } from './frame.ts';
import { type PatternPart, patternParts } from './pattern.ts';
import { type ReplyRule, waits } from './rule.ts';
import { replyShape } from './shape.ts';
import { speakersOf } from './speakers.ts';

/** `rules`: all of them, in the order in which they decide. */
export function openReplyClassifier(rules: readonly ReplyRule[]): ReplyClassifier {
  const judge = new ReplyJudge(rules);
  return { classify: (answer) => judge.classify(answer), shape: replyShape };
}

/** A rule, and what each reply looks up about the rule. */
type Ready = {
  readonly rule: ReplyRule;
  readonly from: ReadonlySet<string>;
  readonly enhanced: ReadonlySet<string>;
  readonly basics: readonly string[];
  readonly without: readonly number[];
};

class ReplyJudge {
  readonly #rules: readonly Ready[];
  readonly #finder: PatternFinder;
  /** Rule to which a pattern leads; below zero: the pattern forbids rules. */
  readonly #ruleOf: Int32Array;
  /** Rules without words, by enhanced code and by basic code. */
  readonly #byEnhanced = new Map<string, number[]>();
  readonly #wordless: number[] = [];
  readonly #folded = newFoldedText();
  /** Rules to look at, and forbidding patterns found; used again for each reply. */
  readonly #asked: Uint8Array;
  readonly #forbidding = new Set<number>();
  #candidates: number[] = [];

  constructor(rules: readonly ReplyRule[]) {
    const patterns: (readonly PatternPart[])[] = [];
    const ruleOf: number[] = [];
    const add = (text: string, rule: number): number => {
      ruleOf.push(rule);
      return patterns.push(patternParts(text)) - 1;
    };
    this.#rules = rules.map((rule, index) => {
      for (const text of rule.words) add(text, index);
      const without = rule.without.map((text) => add(text, -1));
      const enhanced = rule.codes.filter((code) => code.includes('.')).flatMap(enhancedCodes);
      const basics = rule.codes.filter((code) => !code.includes('.'));
      if (rule.words.length === 0) this.#addWordless(index, enhanced);
      return { rule, from: new Set(rule.from), enhanced: new Set(enhanced), basics, without };
    });
    this.#finder = new PatternFinder(patterns);
    this.#ruleOf = Int32Array.from(ruleOf);
    this.#asked = new Uint8Array(rules.length);
  }

  #addWordless(index: number, enhanced: readonly string[]): void {
    if (enhanced.length === 0) this.#wordless.push(index);
    for (const code of enhanced) {
      const known = this.#byEnhanced.get(code);
      if (known === undefined) this.#byEnhanced.set(code, [index]);
      else known.push(index);
    }
  }

  classify(answer: AnsweredReply): ClassifiedReply {
    const frame = readFrame(answer.reply, answer.mxHost);
    const host = frame.host === '' && frame.speaker === 'theirs' ? answer.mxHost : frame.host;
    const known = providerOfMx(host);
    const provider = known?.id ?? (host === '' || host === 'none' ? 'none' : 'other');
    const speakers = speakersOf(frame, provider);
    const text = known === undefined ? withoutName(frame) : frame.text;
    const rule = this.#decides(frame, text, speakers);
    const isOwnWords = frame.speaker === 'own' || frame.isEcho;
    if (rule === undefined) {
      return { ...unknownReply, ...saidByCode(frame), provider, isOwnWords };
    }
    return {
      provider,
      filter: rule.filter === provider ? '' : rule.filter,
      scope: rule.scope,
      severity: rule.severity,
      wait: waits[rule.wait],
      cure: rule.cure,
      link: rule.link,
      rule: rule.id,
      isOwnWords,
    };
  }

  #decides(frame: ReplyFrame, text: string, speakers: readonly string[]): ReplyRule | undefined {
    foldInto(this.#folded, text, frame.code);
    this.#forbidding.clear();
    this.#candidates = [];
    this.#finder.find(this.#folded, this.#found);
    for (const rule of this.#byEnhanced.get(frame.enhanced) ?? []) this.#ask(rule);
    for (const rule of this.#wordless) this.#ask(rule);
    const sorted = this.#candidates.sort((a, b) => a - b);
    for (const index of sorted) this.#asked[index] = 0;
    const found = sorted.find((index) => this.#fits(index, frame, speakers));
    return found === undefined ? undefined : this.#rules[found]?.rule;
  }

  readonly #found = (pattern: number): void => {
    const rule = this.#ruleOf[pattern] ?? -1;
    if (rule < 0) this.#forbidding.add(pattern);
    else this.#ask(rule);
  };

  #ask(rule: number): void {
    if (this.#asked[rule] === 1) return;
    this.#asked[rule] = 1;
    this.#candidates.push(rule);
  }

  #fits(index: number, frame: ReplyFrame, speakers: readonly string[]): boolean {
    const ready = this.#rules[index];
    if (ready === undefined) return false;
    const { rule, from, enhanced, basics, without } = ready;
    // No message was offered yet that its content could be held against.
    const isBefore = frame.step === 'greeting' || frame.step === 'helo';
    if (isBefore && from.size === 0 && rule.scope === 'content') return false;
    if (from.size > 0 && !speakers.some((speaker) => from.has(speaker))) return false;
    if (rule.steps.length > 0 && (frame.step === undefined || !rule.steps.includes(frame.step))) {
      return false;
    }
    if (rule.codes.length > 0) {
      const isCode =
        basics.some((code) => frame.code.startsWith(code)) || enhanced.has(frame.enhanced);
      if (!isCode) return false;
    }
    return !without.some((pattern) => this.#forbidding.has(pattern));
  }
}

/** `5.7.606-5.7.649` is every code from the first to the last. */
function enhancedCodes(text: string): readonly string[] {
  const [first = '', last] = text.split('-');
  if (last === undefined) return [first];
  const dot = first.lastIndexOf('.');
  const from = Number(first.slice(dot + 1));
  const to = Number(last.slice(last.lastIndexOf('.') + 1));
  const count = Math.max(0, to - from + 1);
  return Array.from({ length: count }, (_, more) => `${first.slice(0, dot)}.${from + more}`);
}

const unknownReply: Omit<ClassifiedReply, 'provider' | 'isOwnWords'> = {
  filter: '',
  scope: undefined,
  severity: undefined,
  wait: undefined,
  cure: '',
  link: '',
  rule: '',
};

/** Whoever runs a host chooses its name, which may hold the words of any rule. */
function withoutName({ host, speaker, text }: ReplyFrame): string {
  if (speaker === 'own' || host === '') return text;
  return text.includes(host) ? text.replaceAll(host, 'host') : text;
}
