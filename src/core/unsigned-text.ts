/** Says why no key signed a message, and the command that allows it. Pure. */
import { shellWords } from '../lib/shell-words.ts';
import type { Account } from './account-name.ts';
import type { UnsignedWhy } from './signing/choose.ts';

export type UnsignedText = {
  readonly text: string;
  /** The command that lets later messages like this be signed; empty without one. */
  readonly allow: string;
};

/** `author`: the address that decided; empty if none did. */
export type Unsigned = { readonly why: UnsignedWhy; readonly author: string };

export function unsignedText(account: string, { why, author }: Unsigned): UnsignedText {
  const who = authorText(author);
  switch (why) {
    case 'foreign':
      return {
        text: `nothing on this server allows ${account} to write as ${who}`,
        allow: mayWriteAsCommand({ account, address: author }),
      };
    case 'unknown':
      return {
        text:
          `the mail server's tables could not be asked whether ${account} may write as ${who} ` +
          '(authors.not-asked in the log says why)',
        allow: mayWriteAsCommand({ account, address: author }),
      };
    case 'passed-on':
      return {
        text: `${account} passed it on: a mail server had received it before, so it is not its own`,
        allow: '',
      };
    case 'long-from':
      return { text: 'its From fields have more authors than Postern reads', allow: '' };
    case 'off':
      return { text: 'signing is off for the domain in From (signing.domains)', allow: '' };
    case 'no-from':
      return { text: 'its From names no author with a domain', allow: '' };
    default:
      return {
        text:
          'no key of this server signs for the domain in From ' +
          '(postern dkim new DOMAIN makes one)',
        allow: '',
      };
  }
}

/**
 * As it is shown with a message; nothing for a message that was signed, or where Postern has no
 * keys, so that another program signs, or nobody. `isDeclared`: whether it is allowed meanwhile.
 */
export function shownUnsigned(
  message: { readonly account: Account; readonly unsigned?: Unsigned } | undefined,
  of: {
    readonly hasKeys: () => boolean;
    readonly isDeclared: (account: Account, author: string) => boolean;
  },
): { readonly unsigned?: UnsignedText } {
  if (message?.unsigned === undefined) return {};
  const { account, unsigned } = message;
  if (unsigned.why !== 'foreign' && !of.hasKeys()) return {};
  const shown = unsignedText(account, unsigned);
  if (unsigned.author === '' || !of.isDeclared(account, unsigned.author))
    return { unsigned: shown };
  const who = authorText(unsigned.author);
  const text = `${account} was not allowed to write as ${who} then; it is now, for later mail`;
  return { unsigned: { text, allow: '' } };
}

/** `author`: an address key, or `@domain` for some address of the domain. */
export function authorText(author: string): string {
  return author.startsWith('@') ? `an address of ${author.slice(1)}` : author;
}

/** The command that declares it; empty without an address. */
export function mayWriteAsCommand({
  account,
  address,
}: {
  readonly account: string;
  readonly address: string;
}): string {
  return address === '' ? '' : shellWords('postern', 'accounts', 'may-write-as', account, address);
}
