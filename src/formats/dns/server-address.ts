/** Reads and prints the address of a name server, with a port if it is not 53. */
import { ipv4Octets, ipv6Text } from './address-octets.ts';

export type DnsServer = { readonly address: string; readonly port: number };

const dnsPort = 53;

/** Parses `192.0.2.1`, `192.0.2.1:5353`, `2001:db8::1` or `[2001:db8::1]:5353`; else undefined. */
export function parseServer(text: string): DnsServer | undefined {
  const whole = addressOf(text);
  if (whole !== undefined) return { address: whole, port: dnsPort };
  const [, six = '', four = '', digits] =
    /^(?:\[([\da-f:.]+)\]|([\d.]+)):(\d{1,5})$/i.exec(text) ?? [];
  const [address, port] = [addressOf(six || four), Number(digits)];
  return address !== undefined && port > 0 && port < 65_536 ? { address, port } : undefined;
}

function addressOf(text: string): string | undefined {
  return ipv4Octets(text) === undefined ? ipv6Text(text) : text;
}

/** Prints an address as parseServer reads it, without the port if it is 53. */
export function serverText({ address, port }: DnsServer): string {
  if (port === dnsPort) return address;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
