/**
 * A TLS hello of a client, and the first record of the server's answer, to find out whether a
 * server takes an old version or a weak cipher that our own library no longer has (RFC 5246 section
 * 7.4.1; RFC 6101 for SSL 3). One octet a character. Pure.
 */

export type HelloAnswer =
  | { readonly kind: 'hello'; readonly version: number; readonly cipher: number }
  | { readonly kind: 'refused' };

/** `version`: 0x0300 SSL 3, 0x0301 TLS 1.0, 0x0302 TLS 1.1, 0x0303 TLS 1.2. */
export function clientHello(version: number, ciphers: readonly number[]): string {
  const suites = ciphers.map(word).join('');
  const extensions = version === 0x0300 ? '' : extensionsFor(version);
  const body =
    word(version) +
    // A server must not depend on the client's random number.
    '\x5a'.repeat(32) +
    octet(0) +
    word(suites.length) +
    suites +
    '\x01\x00' +
    (extensions === '' ? '' : word(extensions.length) + extensions);
  const message = `\x01\x00${word(body.length)}${body}`;
  return `\x16${word(version === 0x0300 ? 0x0300 : 0x0301)}${word(message.length)}${message}`;
}

function extensionsFor(version: number): string {
  const groups = [0x001d, 0x0017, 0x0018, 0x0019].map(word).join('');
  const schemes = [0x0401, 0x0501, 0x0601, 0x0403, 0x0503, 0x0804, 0x0201, 0x0203].map(word);
  const list = schemes.join('');
  return (
    extension(0x000a, word(groups.length) + groups) +
    extension(0x000b, '\x01\x00') +
    (version >= 0x0303 ? extension(0x000d, word(list.length) + list) : '') +
    extension(0xff01, '\x00')
  );
}

/** Undefined if the octets are no TLS record. */
export function parseHelloAnswer(octets: string): HelloAnswer | undefined {
  const at = (index: number): number => octets.charCodeAt(index);
  const version = (index: number): number => (at(index) << 8) | at(index + 1);
  if (octets.length < 7 || at(1) !== 3) return undefined;
  if (at(0) === 0x15) return { kind: 'refused' };
  if (at(0) !== 0x16 || at(5) !== 2) return undefined;
  const sessionLength = at(43);
  const cipherAt = 44 + sessionLength;
  if (octets.length < cipherAt + 2) return undefined;
  return { kind: 'hello', version: version(9), cipher: version(cipherAt) };
}

const octet = (value: number): string => String.fromCharCode(value);
const word = (value: number): string => octet(value >> 8) + octet(value & 0xff);
const extension = (type: number, data: string): string => word(type) + word(data.length) + data;
