/**
 * The patterns of rules: words, and stars between them. No pattern can make a comparison slow,
 * so operators may write their own.
 */
import { foldedPattern } from './folded-text.ts';

/** Longest pattern, and most parts of one. */
const patternMax = 300;
const partsMax = 20;
/** Fewer characters than this in all parts fit nearly every reply. */
const charactersMin = 3;

/** A text that must be found; whether a word must begin or end there. */
export type PatternPart = {
  readonly text: string;
  readonly beginsWord: boolean;
  readonly endsWord: boolean;
};

/** The parts between the stars, in the characters that replies are written in. */
export function patternParts(pattern: string): readonly PatternPart[] {
  return pattern
    .split('*')
    .map((part) => part.trim())
    .map((part) => ({
      text: foldedPattern(part.replace(/^~|~$/g, '')),
      beginsWord: part.startsWith('~'),
      endsWord: part.endsWith('~'),
    }))
    .filter(({ text }) => text.trim() !== '');
}

/** Why a pattern cannot be used; undefined if it can. */
export function replyPatternFault(pattern: string): string | undefined {
  if (pattern.length > patternMax) return `is longer than ${patternMax} characters`;
  const parts = patternParts(pattern);
  if (parts.length > partsMax) return `has more than ${partsMax} parts between stars`;
  const characters = parts.map(({ text }) => text.replaceAll(' ', '')).join('').length;
  if (characters < charactersMin) return `has fewer than ${charactersMin} characters`;
  if (parts.some(({ text }) => /[a-z0-9]@/.test(text))) {
    return 'names the part of an address before the @, which is left out before comparing';
  }
  return undefined;
}
