/** What a judgement of a measure says; the rest of an item is known before. Pure. */
import type { ChecklistItem } from '../items/item.ts';

export type Judged = Pick<ChecklistItem, 'state' | 'found' | 'fix' | 'command'>;
export type KnownMeasure = Omit<ChecklistItem, keyof Judged | 'due'>;

/** How the operator types a command. */
export type Commands = {
  /** Sets a parameter of main.cf, and reloads Postfix. */
  postconf(setting: string): string;
};

export function inPlace(found: string): Judged {
  return { state: 'done', found, fix: '', command: '' };
}

export function notNeeded(found: string): Judged {
  return { state: 'not needed', found, fix: '', command: '' };
}

export function unknown(found: string, fix: string): Judged {
  return { state: 'unknown', found, fix, command: '' };
}
