/** Converts IP addresses between text and octets, for records of type A and AAAA. */

/** The four octets of an IPv4 address in dotted form; undefined for other text. */
export function ipv4Octets(text: string): readonly number[] | undefined {
  if (!/^(?:0|[1-9]\d{0,2})(?:\.(?:0|[1-9]\d{0,2})){3}$/.test(text)) return undefined;
  const octets = text.split('.').map(Number);
  return octets.every((octet) => octet < 256) ? octets : undefined;
}

/** An IPv6 address in its shortest form (RFC 5952); undefined for other text. */
export function ipv6Text(text: string): string | undefined {
  const octets = ipv6Octets(text);
  return octets === undefined ? undefined : addressOf(octets);
}

/** `ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255`. */
const ipv6CharactersMax = 45;

/** The sixteen octets of an IPv6 address (RFC 4291 section 2.2); undefined for other text. */
export function ipv6Octets(text: string): readonly number[] | undefined {
  if (text.length > ipv6CharactersMax) return undefined;
  const [left = '', right, another] = text.split('::');
  const before = groupOctets(left, right === undefined);
  const after = groupOctets(right ?? '', true);
  if (before === undefined || after === undefined || another !== undefined) return undefined;
  const missing = 16 - before.length - after.length;
  // `::` replaces at least one group.
  if (right === undefined ? missing !== 0 : missing < 2) return undefined;
  for (let nth = 0; nth < missing; nth++) before.push(0);
  return [...before, ...after];
}

/** The octets on one side of `::`. The last group of an address may be an IPv4 address. */
function groupOctets(half: string, isEnd: boolean): number[] | undefined {
  const octets: number[] = [];
  if (half === '') return octets;
  const groups = half.split(':');
  for (const [nth, group] of groups.entries()) {
    if (/^[\da-f]{1,4}$/i.test(group)) {
      const value = Number.parseInt(group, 16);
      octets.push(value >> 8, value & 255);
      continue;
    }
    const ipv4 = isEnd && nth === groups.length - 1 ? ipv4Octets(group) : undefined;
    if (ipv4 === undefined) return undefined;
    octets.push(...ipv4);
  }
  return octets;
}

/** The address of 4 or 16 octets, in its shortest form. */
export function addressOf(octets: readonly number[]): string | undefined {
  if (octets.length === 4) return octets.join('.');
  if (octets.length !== 16) return undefined;
  const groups: string[] = [];
  for (let at = 0; at < 16; at += 2) {
    groups.push((((octets[at] ?? 0) << 8) | (octets[at + 1] ?? 0)).toString(16));
  }
  const { from, length } = longestZeros(groups);
  if (length < 2) return groups.join(':');
  return `${groups.slice(0, from).join(':')}::${groups.slice(from + length).join(':')}`;
}

/** Finds the longest run of zero groups; the first one if there are several. */
function longestZeros(groups: readonly string[]): { from: number; length: number } {
  let longest = { from: 0, length: 0 };
  let length = 0;
  for (const [at, group] of groups.entries()) {
    length = group === '0' ? length + 1 : 0;
    if (length > longest.length) longest = { from: at + 1 - length, length };
  }
  return longest;
}
