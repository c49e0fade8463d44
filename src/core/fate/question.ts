/**
 * Guesses what a person typed who looks for a message: an address, a queue id, a Message-ID, a
 * client, a script, an account or words of the subject. Pure.
 */
import { addressKey } from '../../formats/message/address.ts';

export const sought = [
  'recipient',
  'sender',
  'subject',
  'messageId',
  'queueId',
  'client',
  'script',
  'account',
] as const;
/** What is looked at. */
export type Sought = (typeof sought)[number];

/** One thing that is looked for. All guesses are tried, and a message that fits any is found. */
export type Guess = { readonly field: Sought; readonly value: string };

const soughtWords: Readonly<Record<Sought, string>> = {
  recipient: 'recipient',
  sender: 'sender',
  subject: 'subject',
  messageId: 'Message-ID',
  queueId: 'queue id',
  client: 'client address',
  script: 'script',
  account: 'account',
};

const namedAccount = /^(?:client|local|user|login):/;
const ipv4 = /^(?:\d{1,3}\.){3}\d{1,3}$/;
/** At least two colons: no other kind of value looks like that. */
const ipv6 = /^[0-9a-f:.]*:[0-9a-f:.]*:[0-9a-f:.]*$/i;
/** Postfix's ids: short ones are hexadecimal, long ones have a digit. */
const postfixId = /^(?:[0-9A-F]{6,15}|(?=\w*\d)[0-9A-Za-z]{9,20})$/;
const eximId = /^[0-9A-Za-z]{6}-[0-9A-Za-z]{6,11}-[0-9A-Za-z]{2,4}$/;

/** What the text may be, the likeliest first. Empty for an empty text. */
export function guesses(text: string): readonly Guess[] {
  const typed = text.trim();
  if (typed === '') return [];
  if (/^<[^<>\s]+>$/.test(typed)) return inBrackets(typed.slice(1, -1));
  if (typed.startsWith('script:')) return [{ field: 'account', value: typed }, script(typed)];
  if (namedAccount.test(typed)) return [{ field: 'account', value: typed }];
  if (typed.startsWith('/')) return [script(typed), { field: 'account', value: `script:${typed}` }];
  if (ipv4.test(typed) || ipv6.test(typed)) {
    return [
      { field: 'client', value: typed },
      { field: 'account', value: `client:${typed}` },
    ];
  }
  if (/^[^\s@]+@[^\s@]+$/.test(typed)) return address(typed);
  const subject: Guess = { field: 'subject', value: typed };
  if (postfixId.test(typed) || eximId.test(typed)) {
    return [{ field: 'queueId', value: typed }, subject];
  }
  if (/\s/.test(typed)) return [subject];
  return [{ field: 'account', value: typed }, subject];
}

/** `recipient, sender or account`. */
export function guessedWords(tried: readonly Guess[]): string {
  const names = [...new Set(tried.map(({ field }) => soughtWords[field]))];
  const last = names.pop() ?? '';
  return names.length === 0 ? last : `${names.join(', ')} or ${last}`;
}

function address(typed: string): readonly Guess[] {
  const value = addressKey(typed);
  return [
    { field: 'recipient', value },
    { field: 'sender', value },
    { field: 'account', value },
    { field: 'messageId', value: typed },
  ];
}

/** Message-IDs and addresses are both written in brackets; an address is the rarer one. */
function inBrackets(typed: string): readonly Guess[] {
  const value = addressKey(typed);
  return [
    { field: 'messageId', value: typed },
    { field: 'recipient', value },
    { field: 'sender', value },
  ];
}

function script(typed: string): Guess {
  return { field: 'script', value: typed.replace(/^script:/, '') };
}
