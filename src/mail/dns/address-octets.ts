/** IP addresses as text and as octets, for records of type A and AAAA. */

/** The four octets of an IPv4 address in dotted form; undefined: it is none. */
export function ipv4Octets(text: string): readonly number[] | undefined {
  if (!/^(?:0|[1-9]\d{0,2})(?:\.(?:0|[1-9]\d{0,2})){3}$/.test(text)) return undefined;
  const octets = text.split('.').map(Number);
  return octets.every((octet) => octet < 256) ? octets : undefined;
}

/** An IPv6 address in its shortest form (RFC 5952); undefined: it is none. */
export function ipv6Text(text: string): string | undefined {
  if (!/^[\da-f:.]{2,45}$/i.test(text) || !URL.canParse(`http://[${text}]/`)) return undefined;
  return new URL(`http://[${text}]/`).hostname.slice(1, -1);
}

/** The sixteen octets of an IPv6 address; undefined: it is none. */
export function ipv6Octets(text: string): readonly number[] | undefined {
  const short = ipv6Text(text);
  if (short === undefined) return undefined;
  const [left = '', right] = short.split('::');
  const groups = (half: string): string[] => (half === '' ? [] : half.split(':'));
  const [before, after] = [groups(left), groups(right ?? '')];
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0');
  return [...before, ...zeros, ...after].flatMap((group) => {
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 255];
  });
}

/** The address in its shortest form that these 4 or 16 octets are. */
export function addressOf(octets: readonly number[]): string | undefined {
  if (octets.length === 4) return octets.join('.');
  if (octets.length !== 16) return undefined;
  const groups = Array.from({ length: 8 }, (_, nth) =>
    (((octets[nth * 2] ?? 0) << 8) | (octets[nth * 2 + 1] ?? 0)).toString(16),
  );
  return ipv6Text(groups.join(':'));
}
