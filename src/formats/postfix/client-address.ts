/**
 * Writes the IP address of a client in one form, however the mail server wrote it: Postfix
 * `2001:db8::1`, Sendmail `IPv6:2001:DB8:0:0:0:0:0:1`, an IPv4 address inside an IPv6 address.
 * Pure, never throws.
 */

/** Nearly all addresses: nothing to change. */
const plain = /^\d[\d.]{0,14}$/;
/** The longest IPv6 address with a zone. */
const lengthMax = 64;

/** The address in its shortest form. Other text is returned cleaned, in lower case, and cut. */
export function clientAddress(text: string): string {
  if (plain.test(text)) return text;
  const bare = text
    .slice(0, lengthMax + 7)
    .trim()
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/^ipv6:/, '');
  if (/^[\d.]+$/.test(bare)) return bare.slice(0, lengthMax);
  const mapped = /^(?:::|(?:0{1,4}:){5})ffff:(\d{1,3}(?:\.\d{1,3}){3})$/.exec(bare);
  if (mapped?.[1] !== undefined) return mapped[1];
  if (bare.includes(':') && URL.canParse(`http://[${bare}]/`)) {
    return new URL(`http://[${bare}]/`).hostname.slice(1, -1);
  }
  return bare.replace(/[^\w.:%-]/g, '?').slice(0, lengthMax);
}
