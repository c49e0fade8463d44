/**
 * The header field by which Postern recognises a message that it handed to the mail server: which
 * message, and which try. Postern writes it above all other fields; other milters may put theirs
 * above it. It is removed before others read the message. Pure.
 */

export const handoverFieldName = 'X-Postern-Submission';

export type HandoverField = { readonly token: string; readonly attempt: string };

/** The whole field. For one token it always has the same length. */
export function handoverField(token: string, attempt: string): string {
  return `${handoverFieldName}: ${token} ${attempt}`;
}

/**
 * Reads a field; undefined if Postern did not write it. What follows is text of the user that
 * Postfix took for the rest of the field.
 */
export function parseHandoverField(value: string): HandoverField | undefined {
  const [, token, attempt] =
    /^\s*(\d{1,10}-\d{13}-[0-9a-f]{32}) ([0-9a-f]{16})\s*(?:$|\n)/.exec(value) ?? [];
  return token === undefined || attempt === undefined ? undefined : { token, attempt };
}

export function handoverToken(uid: number, id: string): string {
  return `${uid}-${id}`;
}

/** White space before the colon belongs to no name (Postfix, is_header). */
export function isHandoverField(name: string): boolean {
  if (name.length < handoverFieldName.length || !/^x-p/i.test(name)) return false;
  return name.trimEnd().toLowerCase() === handoverFieldName.toLowerCase();
}
