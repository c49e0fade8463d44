/**
 * Ways in which somebody who may write as one address makes a message look as if another one wrote
 * it. Each is a header, without From of anybody else.
 */

/** `own`: an address of the submitter. `other`: one that the submitter may not write as. */
type Trick = readonly [name: string, header: (own: string, other: string) => readonly string[]];

const domainOf = (address: string): string => address.slice(address.indexOf('@') + 1);
const nameOf = (address: string): string => address.slice(0, address.indexOf('@'));
/** An encoded word with every octet escaped. */
const encoded = (text: string): string => {
  const octets = [...Buffer.from(text)].map((one) => `=${one.toString(16).padStart(2, '0')}`);
  return `=?utf-8?q?${octets.join('')}?=`;
};

/** Some 60,000 octets of other fields. */
const far: readonly string[] = Array.from(
  { length: 70 },
  (_, nth) => `X-Pad-${nth}: ${'x'.repeat(850)}`,
);

export const tricks: readonly Trick[] = [
  ['another author', (_, other) => [`From: The Boss <${other}>`]],
  ['another author, bare', (_, other) => [`From: ${other}`]],
  ['two fields, own first', (own, other) => [`From: ${own}`, `From: ${other}`]],
  ['two fields, other first', (own, other) => [`From: ${other}`, `From: ${own}`]],
  ['a blank before the colon', (own, other) => [`From : ${other}`, `From: ${own}`]],
  ['a blank before the colon, second', (own, other) => [`From: ${own}`, `From : ${other}`]],
  ['only with a blank', (_, other) => [`From : ${other}`]],
  ['several authors', (own, other) => [`From: ${own}, ${other}`, `Sender: ${own}`]],
  ['several authors, other first', (own, other) => [`From: ${other}, ${own}`, `Sender: ${own}`]],
  ['a group', (own, other) => [`From: Team: ${own}, Boss <${other}>;`, `Sender: ${own}`]],
  ['a display name', (own, other) => [`From: "${other}" <${own}>`]],
  ['a display name without quotes', (own, other) => [`From: ${other} <${own}>`]],
  ['the other in brackets', (own, other) => [`From: "${own}" <${other}>`]],
  ['two pairs of brackets', (own, other) => [`From: <${own}> <${other}>`]],
  ['an encoded display name', (own, other) => [`From: ${encoded(other)} <${own}>`]],
  ['an encoded address', (_, other) => [`From: ${encoded(other)}`]],
  ['encoded brackets', (own, other) => [`From: ${encoded(`Boss <${other}>`)} <${own}>`]],
  ['a comment', (own, other) => [`From: ${own} (${other})`]],
  ['own in a comment', (own, other) => [`From: (${own}) ${other}`]],
  ['nested comments', (own, other) => [`From: Boss (a (${own}) \\) b) <${other}>`]],
  ['a route', (own, other) => [`From: <@${domainOf(own)}:${other}>`]],
  ['a route to own', (own, other) => [`From: <@${domainOf(other)}:${own}>`]],
  ['a quoted name', (_, other) => [`From: "${nameOf(other)}"@${domainOf(other)}`]],
  ['an address as name', (own, other) => [`From: "${own}"@${domainOf(other)}`]],
  ['a quote behind a backslash', (own, other) => [`From: \\"<${other}>"<${own}>`]],
  ['percent', (own, other) => [`From: ${nameOf(own)}%${domainOf(own)}@${domainOf(other)}`]],
  ['blanks around the sign', (_, other) => [`From: ${other.replace('@', ' @ ')}`]],
  ['capitals', (_, other) => [`FROM: <${other.toUpperCase()}>`]],
  ['the root dot', (_, other) => [`From: <${other}.>`]],
  ['a domain below', (_, other) => [`From: <${nameOf(other)}@news.${domainOf(other)}>`]],
  ['folded', (_, other) => ['From:', ` Boss`, `\t<${other}>`]],
  ['folded, own above', (own, other) => [`From: ${own},`, ` ${other}`]],
  ['Sender', (own, other) => [`From: ${own}`, `Sender: ${other}`]],
  ['the other, and own Sender', (own, other) => [`From: ${other}`, `Sender: ${own}`]],
  ['Resent-From', (own, other) => [`Resent-From: ${other}`, `From: ${own}`]],
  ['resent by own', (own, other) => [`Resent-From: ${own}`, `From: ${other}`]],
  ['no From but Sender', (_, other) => [`Sender: ${other}`, `Resent-From: ${other}`]],
  ['8-bit name', (_, other) => [`From: B\xc3\xb6ss <${other}>`]],
  ['an ideographic dot', (_, other) => [`From: <${other.replace('.test', '\xe3\x80\x82test')}>`]],
  ['a zero width space', (_, other) => [`From: <${other.replace('@', '@\xe2\x80\x8b')}>`]],
  ['a wide character', (_, other) => [`From: <${other.replace('@t', '@\xef\xbd\x94')}>`]],
  ['an encoded domain', (_, other) => [`From: ${nameOf(other)}@${encoded(domainOf(other))}`]],
  ['a NUL', (own, other) => [`From: ${own}\0, ${other}`]],
  ['a bare CR', (own, other) => [`From: ${own}`, `X-Note: a\rFrom: ${other}`]],
  ['an at sign in a name', (own, other) => [`From: ${own}@${domainOf(other)}`]],
  ['no brackets closed', (own, other) => [`From: ${own} <${other}`]],
  ['no quote closed', (own, other) => [`From: "${own} <${other}>`]],
  ['a semicolon', (own, other) => [`From: ${own}; ${other}`]],
  ['many fields', (own, other) => [...Array<string>(24).fill(`From: ${own}`), `From: ${other}`]],
  ['many authors', (own, other) => [`From: ${`${own},\r\n `.repeat(60)}${other}`]],
  ['a long field', (own, other) => [`From: ${'n'.repeat(3_000)} <${own}>, <${other}>`]],
  ['far below', (own, other) => [`From: ${own}`, ...far, `From: ${other}`]],
  ['broken 8-bit', (own, other) => [`From: \xff<${own}\xfe> <${other}>`]],
];
