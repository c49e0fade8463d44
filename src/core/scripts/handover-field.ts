/**
 * The field by which a message is known again that was handed to the mail server: which message,
 * and which try of it. It stands first and is taken out before anybody else reads it. Pure.
 */

export const handoverFieldName = 'X-Postern-Submission';

export type HandoverField = { readonly token: string; readonly attempt: string };

/** The whole field, always of one length for one token. */
export function handoverField(token: string, attempt: string): string {
  return `${handoverFieldName}: ${token} ${attempt}`;
}

/** Undefined: it is not one of ours. */
export function parseHandoverField(value: string): HandoverField | undefined {
  const [, token, attempt] =
    /^\s*(\d{1,10}-\d{13}-[0-9a-f]{32}) ([0-9a-f]{16})\s*$/.exec(value) ?? [];
  return token === undefined || attempt === undefined ? undefined : { token, attempt };
}

export function handoverToken(uid: number, id: string): string {
  return `${uid}-${id}`;
}

export function isHandoverField(name: string): boolean {
  return (
    name.length === handoverFieldName.length &&
    name.toLowerCase() === handoverFieldName.toLowerCase()
  );
}
